"""Files stay short enough to read at once, functions short enough to see at once."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE_LINES = 400
FUNCTION_LINES = 40
REFUSED_NAMES = {"utils", "helpers", "common", "manager", "misc"}


def _sources() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listed.splitlines():
        if (ROOT / name).exists():
            yield ROOT / name


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of code without the docstring, which may be as long as it must."""
    body = function.body
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        body = body[1:]
    if not body:
        return 0
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


def test_files_are_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _sources()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES
    }
    assert not long


def test_functions_are_short() -> None:
    long = {}
    for path in _sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = _body_lines(node)
                if lines > FUNCTION_LINES:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = lines
    assert not long


def test_no_module_is_a_drawer() -> None:
    drawers = [p for p in _sources() if REFUSED_NAMES & {p.stem, *p.relative_to(ROOT).parts}]
    assert not drawers


def test_only_the_edges_commit() -> None:
    edges = (
        "backend/web/",
        "backend/worker.py",
        "backend/bootstrap.py",
        "backend/cli/",
        "backend/demo/",
        "backend/outbox/relay.py",
        "backend/db/migrate.py",
        "backend/backup/",
        "backend/runtime/",
        "tests/",
        "benchmarks/",
    )
    committing = []
    for path in _sources():
        name = str(path.relative_to(ROOT))
        text = path.read_text(encoding="utf-8")
        if not name.startswith(edges) and (".commit()" in text or "engine.begin()" in text):
            committing.append(name)
    assert not committing
