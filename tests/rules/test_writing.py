"""A plan written out for tier and choices gives what the whole plan gives, for every action."""

import ast
import re
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
from credit_rules.counters import COUNTER_LIMIT, LANES, NANO_PER_MILLI, NOTHING
from credit_rules.methodology import Award, Plan
from credit_rules.writing import write
from credit_rules.written import Written
from tests.rules.approval import approve

FILES = Path(__file__).parent / "files"
MIXED, SHARED, SHAPES = FILES / "mixed", FILES / "shared", FILES / "shapes"
DRAWN = 60
USES = 20  # more than it takes for a plan to be written out
DAY = date(2026, 3, 4)


def drawn(methodology: Methodology, random: Random) -> Iterator[tuple[Facts, list[int]]]:
    """Facts with counters around their limits, and tier and inputs as plans take them."""
    for _ in range(DRAWN):
        on = methodology.effective_from + timedelta(days=random.randrange(300))
        tier = random.choice(methodology.tiers).name
        numbers = [methodology.tier_index[tier]]
        inputs: dict[str, str | int | Decimal] = {}
        for reader in methodology.readers:
            low, high = reader.range()
            numbers.append(low + int((high - low) * random.random() ** 3))
            inputs[reader.spec.name] = reader.shown(numbers[-1])
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
        yield Facts(methodology.id, on, tier, inputs, used), numbers


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
    for facts, numbers in drawn(methodology, random):
        plan = methodology.in_force(facts.on)
        assert plan is not None
        used = tuple(facts.used.get(row.key, NOTHING) for row in plan.rows)
        slots = plan.whole(numbers, used)
        written = write(methodology, plan, numbers).award()(numbers, facts.used)
        if not all(slots[condition.slot] for condition in plan.required):
            assert written is None
            for _ in range(USES):
                with pytest.raises(FactsRefused) as refused:
                    assess(methodology, facts)
                assert [problem.code for problem in refused.value.problems] == ["not_eligible"]
            continue
        expected = rounded(plan.reduction, slots), rounded(plan.points, slots), claims(plan, slots)
        assert written == (*expected, used)
        result = assess(methodology, facts)
        assert (result.reduction_mg, result.points_mpt, dict(result.usage)) == expected
        assert result.ranked == methodology.evidence.table.tiers[slots[0]].ranked
        credited += 1
    return credited


@pytest.mark.parametrize("methodology", load_rulebook().all_versions(), ids=lambda m: m.id)
def test_every_shipped_methodology(methodology: Methodology) -> None:
    assert same(methodology, Random(methodology.id)) > 5  # noqa: S311 - reproducible, no secret


def test_every_block_and_scope(mixed: Rulebook) -> None:
    for methodology in (*mixed.all_versions(), *load_rulebook(SHARED).all_versions()):
        assert same(methodology, Random(7)) > 5  # noqa: S311 - reproducible, no secret


def functions(methodology: Methodology, plan: Plan) -> Iterator[str]:
    """What is written for every tier and choice."""
    readers = methodology.readers
    choices = [range(len(r.index)) if r.index else range(1) for r in readers]
    for (tier, index), numbers in product(methodology.tier_index.items(), product(*choices)):
        written = write(methodology, plan, [index, *numbers])
        named = [r.shown(n) for r, n in zip(readers, numbers, strict=True) if r.index]
        yield f"{plan.start} {' '.join([tier, *named])}"
        yield from written.award_lines()
        yield from written.turn_lines()[1:4]


def test_what_tier_and_choices_decide_is_not_left_to_be_done() -> None:
    for folder in (MIXED, SHARED, SHAPES):
        for methodology in load_rulebook(folder).all_versions():
            said = [line for plan in methodology.plans for line in functions(methodology, plan)]
            approve("written", methodology.id, said)


def test_any_of_several_conditions_on_quantities(tmp_path: Path) -> None:
    (path,) = SHAPES.glob("*.toml")
    text = path.read_text(encoding="utf-8")
    assert text.count("all = [") == 1
    (tmp_path / path.name).write_text(text.replace("all = [", "any = ["), encoding="utf-8")
    (methodology,) = load_rulebook(tmp_path).all_versions()
    assert same(methodology, Random(5)) == DRAWN  # noqa: S311 - reproducible, no secret
    (every,) = load_rulebook(SHAPES).all_versions()
    assert same(every, Random(5)) < DRAWN  # noqa: S311 - as above


def test_several_rows_that_always_grow() -> None:
    added = (("0", "0", "0", "5"), (), ("7", "0", "i1", "0"), ("0", "i1", "0", "0"))
    written = Written(("a", "b", "c", "d"), None, (), (), added, "0", "i1", (1,))
    for number, rest in ((0, {}), (3, {"d": Used(points_npt=3)})):
        found = written.award()([0, number], {})
        grown = {"a": Used(count_nano=5), "c": Used(7, 0, number, 0), **rest}
        assert found == (0, number, grown, (NOTHING,) * 4)


PLAIN = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Assign, ast.AugAssign, ast.If,
    ast.Return, ast.Tuple, ast.Dict, ast.Set, ast.Name, ast.Load, ast.Store, ast.Constant,
    ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.Subscript,
    ast.operator, ast.boolop, ast.unaryop, ast.cmpop,
)  # fmt: skip
CALLED = re.compile(r"new|len|B[0-9]+|used\.get|L[0-9]+\.get")
NAMED = re.compile(r"[abceiuslKLGBr][0-9]+(_[0-3])?|KB|N|U|new|len|given|used|row|usage")


def foreign(source: str) -> list[str]:
    """What is in a written function besides whole numbers, its own names and plain arithmetic."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            found += [] if CALLED.fullmatch(ast.unparse(node.func)) else [ast.unparse(node)]
        elif isinstance(node, ast.Attribute):
            found += [] if node.attr == "get" else [node.attr]
        elif isinstance(node, ast.Name):
            found += [] if NAMED.fullmatch(node.id) else [node.id]
        elif isinstance(node, ast.Constant):
            found += [] if type(node.value) is int or node.value is None else [str(node.value)]
        elif not isinstance(node, PLAIN):
            found.append(type(node).__name__)
    return found


def test_nothing_but_whole_numbers_and_own_names_is_written() -> None:
    rulebooks = (load_rulebook(), *map(load_rulebook, (MIXED, SHARED, SHAPES)))
    for methodology in (m for rulebook in rulebooks for m in rulebook.all_versions()):
        for plan in methodology.plans:
            numbers = [next(iter(methodology.tier_index.values())), *(0 for _ in methodology.reads)]
            written = write(methodology, plan, numbers)
            for lines in (written.award_lines(), written.turn_lines()):
                assert foreign("\n".join(lines)) == []
    for source in ("import os", "x.y", "i1 = f()", "i1 = 'a'", "i1 = 0.5", "i1 = __name__"):
        assert foreign(source)


def test_a_plan_is_written_out_once_it_was_used_often_enough() -> None:
    methodology = load_rulebook(MIXED).all_versions()[0]
    (facts, _) = next(drawn(methodology, Random(3)))  # noqa: S311 - reproducible, no secret
    plan = methodology.in_force(facts.on)
    assert plan is not None
    assert not plan.written, "worked examples do not pay for writing"
    found = {repr(assess(methodology, facts)[:-1]) for _ in range(USES)}
    assert len(plan.written) == len(found) == 1


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
