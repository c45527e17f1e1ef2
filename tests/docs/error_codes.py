"""Collects from the code every error code that a client or an operator can meet."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from backend.errors import DomainError
from backend.web import messages, problems, strict_json

ROOT = Path(__file__).parents[2]
PACKAGES = ("backend", "miniprogram_api", "admin")
RULES = "credit_rules"
_CODE = re.compile(r"[a-z][a-z_]+")
# What stands beside a code wherever an error of a field is made.
_SENTENCE_NAMES = {"sentence", "message"}
_CHINESE = re.compile("[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A code, its status (None: told by commands only) and when it comes, where the code says."""

    code: str
    status: int | None
    when: str


@cache
def codes_of_answers() -> tuple[Found, ...]:
    """Every code of a whole answer, by name."""
    found: dict[tuple[str, int | None], str] = {}
    for each in (*_of_the_domain(), *_of_problems(), *_of_http(), *_of_the_rules()):
        found[each.code, each.status] = found.get((each.code, each.status)) or each.when
    return tuple(
        Found(code, status, when)
        for (code, status), when in sorted(found.items(), key=lambda pair: pair[0][0])
    )


@cache
def codes_of_fields() -> frozenset[str]:
    """Every code that a single field can be refused with."""
    found = {code for _, code, _ in messages._TRANSLATIONS} | set(strict_json._SENTENCES)
    trees = dict(_trees())
    everywhere: dict[str, int | None] = {}
    for tree in trees.values():
        everywhere |= _takers(n for n in ast.walk(tree) if isinstance(n, ast.ClassDef))
    for tree in trees.values():
        functions = _takers(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef))
        takers = everywhere | functions
        for node in ast.walk(tree):
            found |= _said(node, takers)
    return frozenset(found)


def _modules(package: str) -> Iterator[str]:
    for found in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
        if not re.search(r"\.(wsgi|__main__|migrations)(\.|$)", found.name):
            yield found.name


def _subclasses(kind: type) -> Iterator[type]:
    subclasses: list[type] = kind.__subclasses__()
    for sub in subclasses:
        yield sub
        yield from _subclasses(sub)


def _of_the_domain() -> Iterator[Found]:
    for package in PACKAGES:
        for name in _modules(package):
            importlib.import_module(name)
    for kind in sorted(_subclasses(DomainError), key=lambda kind: kind.__module__):
        if "code" in vars(kind) and kind.__module__.startswith(PACKAGES):
            assert issubclass(kind, DomainError)
            yield Found(kind.code, problems.status_of(kind), _first_line(kind))


def _of_the_rules() -> Iterator[Found]:
    for name in _modules(RULES):
        importlib.import_module(name)
    for kind in _subclasses(Exception):
        if kind.__module__.startswith(RULES) and "code" in vars(kind):
            code: object = vars(kind)["code"]
            if isinstance(code, str):
                yield Found(code, None, _first_line(kind))


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").split("\n", 1)[0]


def _of_problems() -> Iterator[Found]:
    """What is answered without an exception: `Problem(409, "still_running", …)`."""
    for path, tree in _trees():
        if path.is_relative_to(ROOT / RULES):
            continue
        calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
        for node in calls:
            if isinstance(node.func, ast.Name) and node.func.id == "ProblemDetails":
                status, code = node.args[:2]
                if isinstance(status, ast.Constant) and isinstance(code, ast.Constant):
                    yield Found(str(code.value), int(str(status.value)), "")


def _of_http() -> Iterator[Found]:
    for status, (_title, code, _sentence) in problems.HTTP_PROBLEMS.items():
        yield Found(code, status, "")


@cache
def _trees() -> tuple[tuple[Path, ast.Module], ...]:
    return tuple(
        (path, ast.parse(path.read_text(encoding="utf-8")))
        for package in (*PACKAGES, RULES)
        for path in sorted((ROOT / package).rglob("*.py"))
        if "static" not in path.parts
    )


def _takers(nodes: Iterator[ast.ClassDef] | Iterator[ast.FunctionDef]) -> dict[str, int | None]:
    """What takes a code beside a sentence: its name, and the position of the code."""
    found: dict[str, int | None] = {}
    for node in nodes:
        names = _parameters(node)
        if "code" in names:
            position = names.index("code")
            if _SENTENCE_NAMES & {*names[max(0, position - 1) : position + 2]}:
                found[node.name] = position
    return found


def _parameters(node: ast.ClassDef | ast.FunctionDef) -> list[str]:
    if isinstance(node, ast.FunctionDef):
        said = [*node.args.args, *node.args.kwonlyargs]
        return [a.arg for a in said if a.arg not in {"self", "cls"}]
    return [
        part.target.id
        for part in node.body
        if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
    ]


def _said(node: ast.AST, takers: Mapping[str, int | None]) -> set[str]:
    """The codes in one call, or in a text of the form `code|sentence`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        code, bar, sentence = node.value.partition("|")
        return {code} if bar and _CODE.fullmatch(code) and _CHINESE.search(sentence) else set()
    if not isinstance(node, ast.Call):
        return set()
    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
    position = takers.get(name)
    values = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
    if name in takers and position is not None:
        values += node.args[position : position + 1]
    return {
        part.value
        for value in (values if name in takers else [])
        for part in ast.walk(value)
        if isinstance(part, ast.Constant)
        and isinstance(part.value, str)
        and _CODE.fullmatch(part.value)
    }
