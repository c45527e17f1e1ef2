"""A class name means one thing in the repository."""

import ast
import subprocess
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOUSES = ("credit_rules/", "backend/", "miniprogram_api/", "admin/", "benchmarks/")

# A name that stands twice is a question every reader asks again: each needs its reason.
TWICE: dict[str, str] = {}


def _classes() -> dict[str, list[str]]:
    """Where each class of the product is defined, by name."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    found: dict[str, list[str]] = defaultdict(list)
    for name in listed:
        if name.startswith(HOUSES) and (ROOT / name).exists():
            for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found[node.name].append(name)
    return found


def test_a_class_name_means_one_thing() -> None:
    twice = {name: where for name, where in _classes().items() if len(where) > 1}
    assert {name: where for name, where in twice.items() if name not in TWICE} == {}


def test_no_exception_outlives_its_reason() -> None:
    assert [name for name in TWICE if len(_classes()[name]) < 2] == []
