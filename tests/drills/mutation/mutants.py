"""All mutants of `credit_rules`: listed, named, drawn by seed, and put in the place of a module."""

import ast
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

from tests.drills.mutation.operators import SourceChange, changes

ROOT = Path(__file__).parents[3]
SOURCE = ROOT / "credit_rules"


class Mutant(NamedTuple):
    """One change of one module.

    Args:
        module: dotted name of the module.
        number: which of the changes of the module.
        where: the class and function the change is in.
        line: line of the change in the source.
        operator: the operator that makes it.
        before: the expression or statement around it, as written.
        after: the same after the change.
    """

    module: str
    number: int
    where: str
    line: int
    operator: str
    before: str
    after: str

    def __str__(self) -> str:
        place = f"{self.module}:{self.line} {self.where} ({self.operator})"
        return f"{place}\n    - {self.before}\n    + {self.after}"


def all_mutants() -> list[Mutant]:
    """Every mutant of every module, in a stable order."""
    found: list[Mutant] = []
    for path in sorted(SOURCE.rglob("*.py")):
        found += _mutants_of(path)
    return found


def _mutants_of(path: Path) -> Iterator[Mutant]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    scopes = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    for number, change in enumerate(changes(tree)):
        shown = _shown(change)
        line = getattr(shown, "lineno", 1)
        around = [s.name for s in scopes if s.lineno <= line <= (s.end_lineno or 0)]
        before = ast.unparse(shown)
        change.place.put(change.replacement)
        after = ast.unparse(_shown(change)) if shown is not change.node else ""
        after = after or ast.unparse(change.replacement)
        change.place.put(change.node)
        yield Mutant(
            _module_name(path), number, ".".join(around), line, change.operator, before, after
        )


def _shown(change: SourceChange) -> ast.AST:
    """What to show of a change: the node, or its parent where the node says too little."""
    small = isinstance(change.node, ast.operator | ast.cmpop | ast.boolop | ast.Constant)
    return (
        change.place.parent
        if small and not isinstance(change.place.parent, ast.Module)
        else change.node
    )


def _module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


class MutantFinder(MetaPathFinder):
    """Puts the mutant in the place of its module, before the module is imported."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant = mutant

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specification of the mutated module; None for all others."""
        if fullname != self.mutant.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = _MutantLoader(fullname, spec.origin, self.mutant.number)
        return spec


class _MutantLoader(SourceFileLoader):
    def __init__(self, name: str, path: str, number: int) -> None:
        super().__init__(name, path)
        self.number = number

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        tree = ast.parse(Path(path).read_text(encoding="utf-8"))
        for number, change in enumerate(changes(tree)):
            if number == self.number:
                change.place.put(change.replacement)
                break
        return compile(ast.fix_missing_locations(tree), path, "exec")


def install(mutant: Mutant) -> None:
    """Have every later import of the module give the mutant."""
    assert mutant.module not in sys.modules
    sys.meta_path.insert(0, MutantFinder(mutant))
