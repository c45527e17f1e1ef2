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


def _progress(*said: str) -> subprocess.CompletedProcess[str]:
    """What an installation shows while pip says some lines."""
    lines = " ".join(f"'{line}'" for line in said)
    makefile = f"include Makefile\ntry:\n\t@printf '%s\\n' {lines} | $(call progress,base)\n"
    return subprocess.run(
        ["make", "-f", "-", "try"],
        cwd=ROOT,
        input=makefile,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_installation_shows_how_far_it_is() -> None:
    shown = _progress(*(f"Collecting part{n}" for n in range(1, 12)), "Installing collected parts:")
    assert shown.returncode == 0
    assert re.findall(r"下载 (\d+)/", shown.stdout) == ["1", "10"]
    assert "写入 .venv" in shown.stdout


def test_an_installation_that_failed_says_so_and_stops() -> None:
    shown = _progress("Collecting part", "pip failed")
    assert shown.returncode != 0
    assert "再运行一次 make" in shown.stderr
