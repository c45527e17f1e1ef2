"""How well the tests of `credit_rules` hold it: every line and branch, and seeded mutants."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE, SEED = 300, 20260101
pytestmark = pytest.mark.drill


def run(*arguments: str) -> str:
    """Runs a module of Python from the repository's root; its output, both streams."""
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.timeout(900)
def test_every_line_and_branch_is_tested(tmp_path: Path) -> None:
    data = f"--data-file={tmp_path / 'coverage'}"
    # Tracing slows what is timed; the default suite holds that test.
    timed = "tests/rules/footprint/test_estimating.py::test_five_thousand_estimates_a_second"
    run(
        "coverage",
        "run",
        data,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "tests/rules",
        f"--deselect={timed}",
    )
    run("coverage", "report", data, "--fail-under=100", "--show-missing")


@pytest.mark.timeout(3 * 3600)
def test_mutants_are_killed(tmp_path: Path) -> None:
    out = tmp_path / "mutants.json"
    said = run("tests.drills.mutation", f"--sample={SAMPLE}", f"--seed={SEED}", f"--out={out}")
    verdicts = [each["said"] for each in json.loads(out.read_text(encoding="utf-8"))]
    assert len(verdicts) == SAMPLE
    assert verdicts.count("survived") <= SAMPLE * 5 // 100, said
