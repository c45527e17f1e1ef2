"""No test fails because the machine was busy: what must happen is waited for patiently.

`PATIENCE_SECONDS` is the one bound of such waits; a span below a second is a pause, which nothing
depends on.
"""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
_WAITS = {"Barrier", "wait", "wait_for", "join", "communicate", "until", "set_default_timeout"}
_LONGEST_PAUSE = 1.0


def impatient(source: str) -> Iterator[str]:
    """Calls that give up after a number of seconds of their own."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) in _WAITS:
            timeouts = (each.value for each in node.keywords if each.arg in ("timeout", "seconds"))
            # The first number a barrier is given is how many meet there.
            given = node.args[1:] if _name(node.func) == "Barrier" else node.args
            if any(_is_a_bound(each) for each in (*given, *timeouts)):
                yield ast.unparse(node)
        if isinstance(node, ast.Call) and _name(node.func) == "settings":
            said = {each.arg: ast.unparse(each.value) for each in node.keywords}
            # What is left out is that of the patient profile; what is said takes its place.
            checks = said.get("suppress_health_check", "too_slow")
            if said.get("deadline", "None") != "None" or (
                "too_slow" not in checks and checks != "list(HealthCheck)"
            ):
                yield ast.unparse(node)


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_a_bound(value: ast.expr) -> bool:
    number = value.value if isinstance(value, ast.Constant) else None
    return type(number) in (int, float) and number > _LONGEST_PAUSE  # type: ignore[operator]


def test_no_test_gives_up_early() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "tests/*.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    sources = {name: (ROOT / name).read_text("utf-8") for name in listed if (ROOT / name).exists()}
    found = {name: calls for name, text in sources.items() if (calls := list(impatient(text)))}
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "barrier = threading.Barrier(8, timeout=30)",
        "process.wait(timeout=10)",
        "barrier.wait(20)",
        "until(is_there, 'it is there', 40.0)",
        "process.communicate(words, timeout=60)",
        "settings(max_examples=9, deadline=200)",
        "settings(suppress_health_check=[HealthCheck.function_scoped_fixture])",
    ],
)
def test_an_early_end_is_caught(source: str) -> None:
    assert list(impatient(source))


def test_patience_and_pauses_pass() -> None:
    assert not list(impatient("process.wait(timeout=PATIENCE_SECONDS)"))
    assert not list(impatient("thread.join(timeout=0.5)\nevent.wait(1)"))
    assert not list(impatient("settings(max_examples=9)"))
    assert PATIENCE_SECONDS >= 240
