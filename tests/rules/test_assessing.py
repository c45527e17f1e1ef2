"""Assessing: what is read of counters, what a trace keeps, what readers remember."""

from datetime import date
from decimal import Decimal

import pytest

from credit_rules import Boost, Facts, FactsRefused, Rulebook, Used, assess, load_rulebook
from credit_rules.counters import COUNTER_LIMIT

DAY = date(2026, 3, 4)


def drop_off(used: dict[str, Used], **more: object) -> Facts:
    inputs: dict[str, str | int | Decimal] = {"material": "paper", "mass": "2.5"}
    return Facts("recycling.drop_off", DAY, "T2", inputs, used, **more)  # type: ignore[arg-type] # by name


def test_a_trace_keeps_the_counters_it_was_assessed_with(shipped: Rulebook) -> None:
    used = {"recycling.drop_off:day": Used(points_npt=28 * 10**9)}
    result = assess(shipped, drop_off(used))
    expected = assess(shipped, drop_off(dict(used))).trace.digest()
    used["recycling.drop_off:day"] = Used()
    assert result.trace.digest() == expected
    assert "此前累计 28 分" in "".join(result.trace.sentences())


@pytest.mark.parametrize(
    "key, row",
    [
        ("recycling.drop_off:day", Used(points_npt=-1)),
        ("recycling.drop_off:day", Used(reduction_ng=COUNTER_LIMIT + 1)),
        ("recycling.drop_off:day", Used(reduction_ng=COUNTER_LIMIT)),
        ("recycling.drop_off:day", Used(activity_nano=COUNTER_LIMIT - 10)),
        ("recycling.drop_off.self_declared:day", Used(points_npt=-1)),
    ],
)
def test_a_counter_out_of_its_range_is_refused(shipped: Rulebook, key: str, row: Used) -> None:
    with pytest.raises(FactsRefused) as refused:
        assess(shipped, drop_off({key: row}))
    assert [(p.field, p.code) for p in refused.value.problems] == [(f"used.{key}", "counter_range")]


def test_a_counter_within_its_range_is_not(shipped: Rulebook) -> None:
    high = Used(reduction_ng=COUNTER_LIMIT - 737_500_000_000)
    result = assess(shipped, drop_off({"recycling.drop_off:day": high}))
    assert (result.reduction_mg, result.points_mpt) == (0, 21_000)
    unread = Used(count_nano=-5)
    key = "recycling.drop_off.self_declared:day"
    assert assess(shipped, drop_off({key: unread})).points_mpt == 21_000


def test_a_counter_of_the_bonus_out_of_its_range_is_refused(shipped: Rulebook) -> None:
    boost = Boost("地球日", Decimal(2), 10**9)
    for amount in (-1, COUNTER_LIMIT):
        used = {"recycling.drop_off.bonus:day": Used(points_npt=amount)}
        with pytest.raises(FactsRefused) as refused:
            assess(shipped, drop_off(used, boost=boost))
        assert [problem.code for problem in refused.value.problems] == ["counter_range"]


def test_a_reader_keeps_only_so_many_texts() -> None:
    (reader,) = load_rulebook().methodology("commute.metro", DAY).readers
    for zeros in range(20):
        for tenths in range(10, 600):
            text = f"{'0' * (zeros % 4)}{tenths // 10}.{tenths % 10}{'0' * (zeros // 4)}"
            assert reader.read(text) == tenths
    assert len(reader.known) == 8192
    assert reader.read("1.0000000000") == 10
