"""The operators of mutation: each a small change that a good suite of tests must notice.

| operator | change |
|---|---|
| comparison | `<` and `<=`, `>` and `>=`, `==` and `!=`, `in` and `is` with their `not` swapped |
| arithmetic | `+` and `-`, `*` and `//`, bits likewise; `/` and `**` to `*`, `%` to `//` |
| boolean | `and` and `or`, `True` and `False` swapped; `not x` to `x` |
| condition | what `if`, `while`, a ternary or a comprehension tests is taken for true; for false |
| number | `n` to `n + 1` |
| text | `"x"` to `"xXX"`, the fixed parts of f-strings too |
| value | `return x`, `yield x` and `a = x` with None in place of `x` |
| statement | a call, `raise`, `a += x`, `continue` or `break` left out |
| argument | a keyword argument of a call left out |

Not mutated: docstrings, annotations, imports and aliases of types, which do nothing; decorators
and the arguments of base classes (`frozen`, `slots`), which the type checker holds.
"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_SWAPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.MatMult: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
_LEFT_OUT = ast.Raise | ast.AugAssign | ast.Continue | ast.Break
_ALIAS = re.compile(r"[A-Z][a-z]\w*")


class SourcePlace(NamedTuple):
    """Where a node hangs: a field of its parent, and its number where the field is a list."""

    parent: ast.AST
    field: str
    number: int | None

    def put(self, node: ast.AST) -> None:
        """Hang another node there."""
        if self.number is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.number] = node


class SourceChange(NamedTuple):
    """A change of one node: the operator that makes it, the node, what replaces it, and where."""

    operator: str
    node: ast.AST
    replacement: ast.AST
    place: SourcePlace


def changes(module: ast.Module) -> Iterator[SourceChange]:
    """Every change the operators make in a module, in the order of its text."""
    for place, node in _behaviour(module):
        for operator, mutate in OPERATORS.items():
            for replacement in mutate(node, place):
                yield SourceChange(operator, node, replacement, place)


def _behaviour(node: ast.AST) -> Iterator[tuple[SourcePlace, ast.AST]]:
    """The nodes below that say what happens, not what is declared."""
    for name, value in ast.iter_fields(node):
        declares = isinstance(node, ast.ClassDef) and name in {"bases", "keywords"}
        if declares or name in {"annotation", "returns", "decorator_list"}:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.AST) and not _is_declaration(child):
                yield SourcePlace(node, name, index if isinstance(value, list) else None), child
                yield from _behaviour(child)


def _is_declaration(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        name = node.targets[0]
        return isinstance(name, ast.Name) and _ALIAS.fullmatch(name.id) is not None
    return isinstance(node, ast.Import | ast.ImportFrom)


def _comparison(node: ast.AST, _place: SourcePlace) -> Iterator[ast.AST]:
    if isinstance(node, ast.cmpop):
        yield _SWAPPED[type(node)]()


def _arithmetic(node: ast.AST, _place: SourcePlace) -> Iterator[ast.AST]:
    if isinstance(node, ast.operator):
        yield _SWAPPED[type(node)]()


def _boolean(node: ast.AST, _place: SourcePlace) -> Iterator[ast.AST]:
    if isinstance(node, ast.boolop):
        yield _SWAPPED[type(node)]()
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)


def _condition(_node: ast.AST, place: SourcePlace) -> Iterator[ast.AST]:
    if place.field == "test" or (
        isinstance(place.parent, ast.comprehension) and place.field == "ifs"
    ):
        yield ast.Constant(value=False)
        if not isinstance(place.parent, ast.While):
            yield ast.Constant(value=True)


def _number(node: ast.AST, _place: SourcePlace) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield ast.Constant(node.value + 1)


def _text(node: ast.AST, _place: SourcePlace) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield ast.Constant(node.value + "XX")


def _value(node: ast.AST, place: SourcePlace) -> Iterator[ast.AST]:
    parents = ast.Return | ast.Yield | ast.Assign | ast.AnnAssign
    nothing = isinstance(node, ast.Constant) and node.value is None
    if isinstance(place.parent, parents) and place.field == "value" and not nothing:
        yield ast.Constant(value=None)


def _statement(node: ast.AST, _place: SourcePlace) -> Iterator[ast.AST]:
    called = isinstance(node, ast.Expr) and not isinstance(node.value, ast.Yield | ast.YieldFrom)
    if called or isinstance(node, _LEFT_OUT):
        yield ast.Pass()


def _argument(node: ast.AST, _place: SourcePlace) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call):
        for index, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                kept = [*node.keywords[:index], *node.keywords[index + 1 :]]
                yield ast.Call(node.func, node.args, kept)


OPERATORS: dict[str, Callable[[ast.AST, SourcePlace], Iterator[ast.AST]]] = {
    "comparison": _comparison,
    "arithmetic": _arithmetic,
    "boolean": _boolean,
    "condition": _condition,
    "number": _number,
    "text": _text,
    "value": _value,
    "statement": _statement,
    "argument": _argument,
}
