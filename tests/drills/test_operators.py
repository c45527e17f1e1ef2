"""The operators of mutation change what they say, once each, and leave the source as it was."""

import ast

import pytest

from tests.drills.mutation.mutants import all_mutants
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


def test_every_operator_finds_something() -> None:
    mutants = all_mutants()
    assert {mutant.operator for mutant in mutants} == set(OPERATORS)
    assert len(set(mutants)) == len(mutants) > 5_000
