"""Every command of the Makefile is told by `make help` and explained in CONTRIBUTING.md."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACT = ("run", "install", "test", "bench", "drill", "fmt", "docs", "shell", "migration", "help")
# Serves `make run` alone.
UNTOLD = {"install-run"}


def _targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) - UNTOLD


def test_help_lists_every_target() -> None:
    said = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    listed = set(re.findall(r"^  make ([a-z-]+) +\S", said, re.MULTILINE))
    assert listed == _targets(), "give each target a `## explanation`"


def test_what_others_rely_on_is_there() -> None:
    assert set(CONTRACT) <= _targets()


def test_every_target_is_phony() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    assert _targets() | UNTOLD == set(phony[1].split())


def test_every_target_is_explained_to_contributors() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`make ([a-z-]+)", contributing))
    assert _targets() <= told, "add a line to the table in CONTRIBUTING.md"


def test_hooks_call_commands_of_the_makefile() -> None:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    called = re.findall(r"entry: (.*)", hooks)
    assert called
    assert {command.removeprefix("make ") for command in called} <= _targets() | {"quick"}
    assert "http" not in hooks
