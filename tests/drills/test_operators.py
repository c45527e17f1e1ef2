"""The operators of mutation change what they say, once each, and leave the source as it was."""

import ast

import pytest

from tests.drills.mutation.mutants import Explained, Mutant, all_mutants, equivalent, explained
from tests.drills.mutation.operators import OPERATORS, changes


def mutated(source: str, operator: str) -> set[str]:
    """The texts that an operator makes of a source."""
    module = ast.parse(source)
    found = set()
    for change in changes(module):
        if change.operator == operator:
            change.place.put(change.replacement)
            found.add(ast.unparse(module))
            change.place.put(change.node)
    assert ast.unparse(module) == ast.unparse(ast.parse(source))
    return found


@pytest.mark.parametrize(
    "operator, source, expected",
    [
        ("comparison", "x = a < b in c", {"x = a <= b in c", "x = a < b not in c"}),
        ("arithmetic", "x = a + b * c", {"x = a - b * c", "x = a + b // c"}),
        ("arithmetic", "a += b", {"a -= b"}),
        ("boolean", "x = a and (not b)", {"x = a or not b", "x = a and b"}),
        ("boolean", "x = True", {"x = False"}),
        ("condition", "x = a if b else c", {"x = a if False else c", "x = a if True else c"}),
        ("condition", "while a:\n    b()", {"while False:\n    b()"}),
        (
            "condition",
            "x = [a for a in b if c]",
            {f"x = [a for a in b if {v}]" for v in (True, False)},
        ),
        ("number", "x = 7", {"x = 8"}),
        ("text", "x = f'{a} kg'", {"x = f'{a} kgXX'"}),
        ("value", "def f():\n    return a", {"def f():\n    return None"}),
        ("statement", "raise a", {"pass"}),
        ("argument", "f(a, b=1)", {"f(a)"}),
    ],
)
def test_an_operator_makes_its_changes(operator: str, source: str, expected: set[str]) -> None:
    assert mutated(source, operator) == expected


def test_what_declares_is_left_alone() -> None:
    source = '"""Text."""\nimport a\nKind = str | int\n\n@b(c=True)\nclass D(E, f=1):\n    x: int'
    assert not list(changes(ast.parse(source)))


def test_every_operator_finds_something_and_every_explained_mutant_is_there() -> None:
    mutants = all_mutants()
    assert {mutant.operator for mutant in mutants} == set(OPERATORS)
    assert len(set(mutants)) == len(mutants) > 5_000
    assert equivalent(mutants, explained()) < set(mutants)


MUTANT = Mutant("credit_rules.a", 7, "f", 3, "number", "x = 1", "x = 2")
ENTRY = Explained("credit_rules.a", "f", "number", "x = 1", "x = 2", "x is read nowhere")


@pytest.mark.parametrize(
    "mutants, entries",
    [
        ([], [ENTRY]),
        ([MUTANT._replace(module="credit_rules.b")], [ENTRY]),
        ([MUTANT._replace(where="g")], [ENTRY]),
        ([MUTANT._replace(operator="value")], [ENTRY]),
        ([MUTANT._replace(before="x = 2")], [ENTRY]),
        ([MUTANT._replace(after="x = 3")], [ENTRY]),
        ([MUTANT, MUTANT._replace(number=8, line=5)], [ENTRY]),
        ([MUTANT], [ENTRY._replace(places=2)]),
        ([MUTANT], [ENTRY, ENTRY._replace(why="for another reason")]),
        ([MUTANT], [ENTRY._replace(why=" ")]),
    ],
)
def test_an_explanation_that_does_not_fit_the_source_is_refused(
    mutants: list[Mutant], entries: list[Explained]
) -> None:
    with pytest.raises(LookupError, match="x = 1"):
        equivalent(mutants, entries)


def test_an_explanation_names_its_mutant_wherever_the_line_has_gone() -> None:
    moved = MUTANT._replace(number=9, line=400)
    assert equivalent([moved, MUTANT._replace(where="g")], [ENTRY]) == {moved}
    twice = [MUTANT, moved]
    assert equivalent(twice, [ENTRY._replace(places=2)]) == set(twice)
