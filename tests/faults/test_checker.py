"""The checker of recorded histories sees what it is there for: a canary of each kind dies."""

from pathlib import Path

import pytest

from tests.faults.history import (
    FAIL,
    INVOKE,
    OK,
    UNKNOWN,
    Award,
    Event,
    operations,
    problems,
    read,
    record,
)

FIRST, SECOND = Award(1, 295_000, 16_000), Award(2, 100, 0)
HISTORY = [
    Event(0.0, INVOKE, "a", 7),
    Event(0.1, OK, "a", 7, 201, FIRST),
    Event(0.2, INVOKE, "b", 7),
    Event(0.3, UNKNOWN, "b", 7),
    Event(0.4, INVOKE, "b", 7),
    Event(0.5, OK, "b", 7, 200, SECOND),
    Event(0.6, INVOKE, "c", 8),
    Event(0.7, FAIL, "c", 8, 422),
]
LEDGER = {"a": [FIRST], "b": [SECOND]}
HELD = {7: (295_100, 16_000)}


def test_a_history_survives_being_written(tmp_path: Path) -> None:
    path = tmp_path / "history"
    with path.open("w", encoding="utf-8") as file:
        for event in HISTORY:
            record(event, file)
    assert list(read([path])) == HISTORY


def test_what_agrees_has_no_problem() -> None:
    assert problems(operations(HISTORY), LEDGER, HELD) == []


@pytest.mark.parametrize(
    "history, ledger, held, problem",
    [
        (HISTORY, {"a": [FIRST]}, HELD, "b: acknowledged, not in the ledger"),
        (HISTORY, LEDGER | {"a": [FIRST, FIRST]}, HELD, "a: credited 2 times"),
        (HISTORY, LEDGER | {"d": [FIRST]}, HELD, "d: in the ledger, never invoked"),
        (HISTORY, LEDGER | {"c": [SECOND]}, HELD, "c: refused, and in the ledger"),
        (HISTORY[:5], LEDGER, HELD, "b: still unknown"),
        (HISTORY[1:], LEDGER, HELD, "a: answered, never invoked"),
        (HISTORY, LEDGER, {7: (295_100, 16_001)}, "member 7: told (295100, 16000), holds"),
        (HISTORY, LEDGER, HELD | {9: (1, 0)}, "member 9: told (0, 0), holds (1, 0)"),
        (
            [*HISTORY, Event(0.8, OK, "a", 7, 200, SECOND)],
            LEDGER,
            HELD,
            "a: told",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_disagrees_is_named(
    history: list[Event],
    ledger: dict[str, list[Award]],
    held: dict[int, tuple[int, int]],
    problem: str,
) -> None:
    assert any(found.startswith(problem) for found in problems(operations(history), ledger, held))
