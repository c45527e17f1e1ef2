"""`credit_rules` is pure and exact: no float, and only the loader touches files."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import credit_rules

FOLDER = Path(credit_rules.__file__).parent
MODULES = sorted(FOLDER.rglob("*.py"))
FORBIDDEN = {
    "time", "random", "secrets", "socket", "os", "io", "logging", "threading", "asyncio",
    "subprocess", "urllib", "http", "sqlite3", "uuid", "tempfile",
}  # fmt: skip
FILES_ARE_READ_IN = {"loading.py"}
TOML_IS_PARSED_IN = "parsing.py"


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def offences(name: str, source: str) -> list[str]:
    tree = ast.parse(source)
    allowed = {*sys.stdlib_module_names, "credit_rules"} - FORBIDDEN
    found = [f"imports {module}" for module in imports(tree) if module not in allowed]
    if name not in FILES_ARE_READ_IN:
        found += [f"imports {m}" for m in imports(tree) if m == "pathlib"]
    if name != TOML_IS_PARSED_IN:
        found += [f"imports {m}" for m in imports(tree) if m == "tomllib"]
    refused = {"float", "open", "eval", "exec"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            found.append(f"float {node.value}")
        if isinstance(node, ast.Name) and node.id in refused:
            found.append(f"uses {node.id}")
        if isinstance(node, ast.Attribute) and node.attr in {"today", "now", "utcnow"}:
            found.append(f"asks {node.attr}")
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            found += _suspicious_division(node)
    return found


def _suspicious_division(node: ast.BinOp) -> list[str]:
    """Dividing two whole-number literals gives a float."""
    sides = (node.left, node.right)
    if all(isinstance(s, ast.Constant) and isinstance(s.value, int) for s in sides):
        return ["divides integers"]
    return []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_module_is_pure(path: Path) -> None:
    assert not offences(path.name, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "x = 0.5",
        "import time",
        "from random import random",
        "import requests",
        "import numpy",
        "from pathlib import Path",
        "x = float('1')",
        "x = date.today()",
        "x = 1 / 3",
        "open('x')",
        "exec('x')",
    ],
)
def test_the_check_catches_each_offence(source: str) -> None:
    assert offences("x.py", source)
