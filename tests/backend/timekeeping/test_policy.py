from datetime import UTC, datetime, timedelta

import pytest

from backend.timekeeping.policy import LARGEST_GAP, HoldReason, Reading, reason_to_hold

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GOOD = Reading(NOW, NOW)


@pytest.mark.parametrize("sign", [1, -1])
def test_clocks_may_differ_by_no_more_than_26_hours(sign: int) -> None:
    gap = sign * LARGEST_GAP
    assert timedelta(hours=26) == LARGEST_GAP
    assert reason_to_hold(Reading(NOW + gap, NOW), None) is None
    beyond = Reading(NOW + gap + sign * SECOND, NOW)
    assert reason_to_hold(beyond, None) is HoldReason.CLOCKS_DIFFER


@pytest.mark.parametrize("days", [400, -400])
def test_both_clocks_may_not_jump_together(days: int) -> None:
    jumped = NOW + timedelta(days=days)
    assert reason_to_hold(Reading(jumped, jumped), GOOD) is HoldReason.GAP
    assert reason_to_hold(Reading(NOW + LARGEST_GAP, NOW + LARGEST_GAP), GOOD) is None
    assert reason_to_hold(Reading(jumped, jumped), None) is None


def test_a_clock_that_drifts_away_beside_the_other_is_a_gap() -> None:
    later = NOW + timedelta(hours=20)
    assert reason_to_hold(Reading(later + timedelta(hours=10), later), GOOD) is HoldReason.GAP
