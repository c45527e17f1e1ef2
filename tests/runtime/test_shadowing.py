"""A file named like a module in the working directory is never run."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.cli.up import _command
from backend.runtime.children import ISOLATED

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "backend").rglob("*.py"), *(ROOT / "admin").rglob("*.py")]


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """A folder of files named like modules that every process imports; each tells if it is run."""
    for name in ("json", "logging", "socket", "click", "flask", "backend", "admin", "granian"):
        trap = f"open({str(tmp_path / 'run')!r}, 'a').write('{name} ')\n"
        (tmp_path / f"{name}.py").write_text(trap, encoding="utf-8")
    return tmp_path


def test_processes_under_supervision_run_nothing_from_the_working_directory(traps: Path) -> None:
    argv = _command("list", {}, None, "rules", "list", "--json")._argv
    found = subprocess.run(argv, cwd=traps, capture_output=True, check=False)
    assert found.returncode == 0, found.stderr
    assert not (traps / "run").exists()


def test_the_console_script_runs_nothing_from_the_working_directory(traps: Path) -> None:
    script = Path(sys.executable).with_name("tanpuhui")
    found = subprocess.run([script, "openapi"], cwd=traps, capture_output=True, check=False)
    assert found.returncode == 0, found.stderr
    assert not (traps / "run").exists()


def _started(tree: ast.AST) -> Iterator[ast.List | ast.Tuple]:
    """Every list of arguments that begins with our own interpreter."""
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple) and node.elts:
            first = node.elts[0]
            if isinstance(first, ast.Attribute) and first.attr == "executable":
                yield node


def test_every_python_we_start_is_isolated() -> None:
    assert ISOLATED == ("-P",)
    found = [
        (path, ast.unparse(arguments.elts[1]))
        for path in SOURCES
        for arguments in _started(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert len(found) >= 2
    assert [where for where, second in found if second != "*ISOLATED"] == []


def test_the_image_starts_only_isolated_pythons() -> None:
    for name in ("Dockerfile", "compose.yaml"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if "urlopen" in line or "-m backend" in line:
                assert "-P" in line, line
