"""A plan narrowed to tier and choices gives what the whole plan gives, for every action."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from random import Random

import pytest

from credit_rules import (
    Boost,
    Facts,
    FactsRefused,
    Methodology,
    Rulebook,
    Used,
    assess,
    load_rulebook,
)
from credit_rules.counters import COUNTER_LIMIT, LANES, NANO_PER_MILLI
from credit_rules.methodology import Award, Plan
from credit_rules.narrowing import narrow
from tests.rules.approval import approve

FILES = Path(__file__).parent / "files"
MIXED, SHARED, SHAPES = FILES / "mixed", FILES / "shared", FILES / "shapes"
DRAWN = 60
DAY = date(2026, 3, 4)


def drawn(methodology: Methodology, random: Random) -> Iterator[tuple[Facts, list[int]]]:
    """Facts with counters around their limits, and what the whole plan starts from."""
    for _ in range(DRAWN):
        on = methodology.effective_from + timedelta(days=random.randrange(300))
        tier = random.choice(methodology.tiers).name
        start = [methodology.tier_index[tier]]
        inputs: dict[str, str | int | Decimal] = {}
        for reader in methodology.readers:
            low, high = reader.range()
            start.append(low + int((high - low) * random.random() ** 3))
            inputs[reader.spec.name] = reader.shown(start[-1])
        plan = methodology.in_force(on)
        assert plan is not None
        used: dict[str, Used] = {}
        for row in plan.rows:
            limits = [cap.limit_nano for cap in methodology.caps if cap.key == row.key]
            around = random.choice(limits)
            amounts = (0, 1, max(0, around - 1), around, 3 * around)
            lanes = Used(*(random.choice(amounts) for _ in LANES))
            if random.random() < 0.8:
                used[row.key] = lanes
            start += used.get(row.key, Used())
        yield Facts(methodology.id, on, tier, inputs, used), start


def rounded(award: Award | None, slots: list[int]) -> int:
    if award is None:
        return 0
    before, after = award.nano(slots)
    return after // NANO_PER_MILLI - before // NANO_PER_MILLI


def claims(plan: Plan, slots: list[int]) -> dict[str, Used]:
    found = {}
    for row in plan.rows:
        amounts = [0] * len(LANES)
        for lane, _, claimed in row.lanes:
            amounts[lane] = slots[claimed]
        if any(amounts):
            found[row.key] = Used(*amounts)
    return found


def same(methodology: Methodology, random: Random) -> int:
    """Compare, and count what was credited."""
    credited = 0
    for facts, start in drawn(methodology, random):
        plan = methodology.in_force(facts.on)
        assert plan is not None
        slots = plan.whole(start)
        if not all(slots[condition.slot] for condition in plan.required):
            with pytest.raises(FactsRefused) as refused:
                assess(methodology, facts)
            assert [problem.code for problem in refused.value.problems] == ["not_eligible"]
            continue
        result = assess(methodology, facts)
        assert result.reduction_mg == rounded(plan.reduction, slots)
        assert result.points_mpt == rounded(plan.points, slots)
        assert dict(result.usage) == claims(plan, slots)
        assert result.ranked == methodology.evidence.table.tiers[slots[0]].ranked
        credited += 1
    return credited


@pytest.mark.parametrize("methodology", load_rulebook().all_versions(), ids=lambda m: m.id)
def test_every_shipped_methodology(methodology: Methodology) -> None:
    assert same(methodology, Random(methodology.id)) > 5  # noqa: S311 - reproducible, no secret


def test_every_block_and_scope(mixed: Rulebook) -> None:
    for methodology in (*mixed.all_versions(), *load_rulebook(SHARED).all_versions()):
        assert same(methodology, Random(7)) > 5  # noqa: S311 - reproducible, no secret


def left(methodology: Methodology, plan: Plan) -> Iterator[str]:
    """What is left to do of a plan once tier and choices are known."""
    readers = methodology.readers
    choices = [range(len(r.index)) if r.index else range(1) for r in readers]
    for (tier, index), numbers in product(methodology.tier_index.items(), product(*choices)):
        found = narrow(methodology, plan, -1, [index, *numbers])
        named = [r.shown(n) for r, n in zip(readers, numbers, strict=True) if r.index]
        counters = "、".join(key for key, _, _ in found.claims)
        yield (
            f"{plan.start} {' '.join([tier, *named])}: {len(found.runs)} operations,"
            f" {len(found.fresh)} slots, {len(found.required)} conditions, counts {counters}"
        )


def test_what_tier_and_choices_decide_is_not_left_to_be_done() -> None:
    for folder in (MIXED, SHARED, SHAPES):
        for methodology in load_rulebook(folder).all_versions():
            said = [line for plan in methodology.plans for line in left(methodology, plan)]
            approve("narrowed", methodology.id, said)


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
        ("recycling.drop_off.self_declared:day", Used(count_nano=-1)),
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
    unread = Used(points_npt=-5)
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
