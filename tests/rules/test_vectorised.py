"""The column-wise twin gives what the scalar engine gives, fed one action after another."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from credit_rules import Facts, Rulebook, Used, assess, load_rulebook, period_start
from credit_rules.plan import Clamp, Operation, Pick, Product, Sum
from credit_rules.vectorised import (
    Boosts,
    Columns,
    ColumnsRefused,
    NotVectorisable,
    settle,
    settle_in_turn,
)
from credit_rules.vectorised.counting import period_starts
from credit_rules.vectorised.operations import Slots, computed, reads
from credit_rules.vectorised.settling import Recorded
from tests.builders.batches import FIRST, Drawn, OneByOne, drawn, rows_of

SHARED = Path(__file__).parent / "files" / "shared"
SEED = 20_260_304
FEW, SOME, MANY = Drawn(members=40), Drawn(members=600, boosted=True), Drawn(members=9_000)


@pytest.fixture(scope="module")
def shared() -> Rulebook:
    return load_rulebook(SHARED)


def batch(rulebook: Rulebook, rows: int = 400, how: Drawn = SOME, seed: int = 1) -> Columns:
    return drawn(rulebook, rows, how, np.random.default_rng(seed))


def equal(columns: Columns) -> None:
    found, expected = rows_of(settle(columns)), OneByOne(columns).rows()
    assert rows_of(settle_in_turn(columns)) == found
    wrong = [row for row in range(len(columns)) if found[row] != expected[row]]
    assert not wrong, [(row, found[row], expected[row]) for row in wrong[:3]]


@pytest.mark.parametrize("how, seed", [(FEW, 1), (SOME, 2), (SOME, 3), (MANY, 4)])
def test_a_hundred_thousand_actions_of_every_shipped_methodology(
    shipped: Rulebook, how: Drawn, seed: int
) -> None:
    equal(batch(shipped, 25_000, how, SEED + seed))


@pytest.mark.parametrize("how", [FEW, SOME, replace(MANY, days=400)])
def test_counters_of_places_weeks_and_years_and_every_exclusion(
    shared: Rulebook, how: Drawn
) -> None:
    equal(batch(shared, 3_000, how, SEED))


@pytest.mark.parametrize("how", [FEW, replace(SOME, days=200)])
def test_dated_parameters_and_every_block(mixed: Rulebook, how: Drawn) -> None:
    equal(batch(mixed, 3_000, how, SEED))


@pytest.mark.drill
def test_ten_million_actions_of_every_shipped_methodology(shipped: Rulebook) -> None:
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    sys.stdout.write(f"seed {seed}\n")
    for part in range(100):
        how = (FEW, SOME, MANY, replace(SOME, members=20_000, days=40))[part % 4]
        equal(batch(shipped, 100_000, how, seed + part))


def test_the_batch_means_something(shipped: Rulebook) -> None:
    """Every methodology is credited and refused somewhere, and most caps are met."""
    columns = batch(shipped, 25_000, SOME, SEED)
    awards = settle(columns)
    credited = awards.status == 0
    assert set(columns.methodology[credited & (awards.points_mpt > 0)].tolist()) == set(
        range(len(columns.methodologies))
    )
    assert (awards.points_mpt[credited] == 0).mean() > 0.02
    assert {1, 2} <= set(awards.status.tolist())
    assert (awards.bonus_mpt > 0).any()
    unranked = {m.tier_index["T0"] for m in columns.methodologies if "T0" in m.tier_index}
    assert not awards.ranked[np.isin(columns.tier, sorted(unranked))].any()


def test_nothing_in_nothing_out(shipped: Rulebook) -> None:
    assert not len(settle(batch(shipped, 0)).points_mpt)
    assert not len(settle_in_turn(batch(shipped, 0)).points_mpt)
    equal(batch(shipped, 1))


def test_without_occasions_nothing_is_excluded(shared: Rulebook) -> None:
    columns = replace(batch(shared), occasions=None)
    assert 2 not in settle(columns).status
    equal(columns)


def test_ids_too_far_apart_to_be_sorted_as_one_number(shared: Rulebook) -> None:
    columns = batch(shared)
    far = columns.member.copy()
    far[::2] += 2**61
    equal(replace(columns, member=far))


def test_counters_go_on_from_where_they_were(shared: Rulebook) -> None:
    columns = batch(shared, 2_000, FEW)
    one = OneByOne(columns)
    expected = one.rows()
    half = len(columns) // 2
    first, second = cut(columns, slice(0, half)), cut(columns, slice(half, None))
    before = OneByOne(first)
    before.rows()
    found = rows_of(settle(replace(second, occasions=None), opening=before.used))
    again = OneByOne(replace(second, occasions=None))
    again.used = dict(before.used)
    assert found == again.rows()
    in_turn = settle_in_turn(replace(second, occasions=None), opening=before.used)
    assert rows_of(in_turn) == found
    assert rows_of(settle(first)) == expected[:half]


def cut(columns: Columns, part: slice) -> Columns:
    return replace(
        columns,
        methodology=columns.methodology[part],
        day=columns.day[part],
        member=columns.member[part],
        tier=columns.tier[part],
        inputs=tuple(column[part] for column in columns.inputs),
        place=None if columns.place is None else columns.place[part],
        occasions={name: c[part] for name, c in (columns.occasions or {}).items()},
        boosts=None,
    )


def test_recorded_counters_stand_for_themselves(shipped: Rulebook) -> None:
    """Each row by itself, in any order, from the counters stored with it."""
    methodology = shipped.methodology("recycling.drop_off", date(2026, 3, 4))
    day = date(2026, 3, 4)
    rows = np.arange(60, dtype=np.int64)
    columns = Columns(
        (methodology,), rows * 0, rows * 0 + day.toordinal(), rows * 0, rows * 0 + 2,
        (rows % 14, rows * 50 + 1),
    )  # fmt: skip
    grams, points = rows * 10**11, rows * 5 * 10**8
    awards = settle(
        columns,
        recorded={
            ("recycling.drop_off:day", "reduction_ng"): grams,
            ("recycling.drop_off:day", "points_npt"): points,
        },
    )
    for row in rows.tolist():
        used = {"recycling.drop_off:day": Used(int(grams[row]), int(points[row]))}
        inputs = {
            name: reader.shown(int(column[row]))
            for name, reader, column in zip(
                methodology.inputs, methodology.readers, columns.inputs, strict=True
            )
        }
        result = assess(methodology, Facts(methodology.id, day, "T2", dict(inputs), used))
        assert awards.reduction_mg[row] == result.reduction_mg
        assert awards.points_mpt[row] == result.points_mpt


def test_recorded_counters_of_a_bonus(shipped: Rulebook) -> None:
    methodology = shipped.methodology("recycling.drop_off", date(2026, 3, 4))
    rows = np.arange(3, dtype=np.int64)
    columns = Columns(
        (methodology,), rows * 0, rows * 0 + FIRST, rows, rows * 0 + 2, (rows * 0, rows * 0 + 200),
        boosts=Boosts(rows * 0 + 200, rows * 0, (10**9,)),
    )  # fmt: skip
    used: Recorded = {("recycling.drop_off.bonus:day", "points_npt"): rows * 25 * 10**9}
    wrong: Recorded = {("recycling.drop_off:day", "points_npt"): rows - 1}
    assert settle(columns, recorded=used).bonus_mpt.tolist() == [19_000, 19_000, 10_000]
    with pytest.raises(ColumnsRefused, match=r"recorded\.recycling"):
        settle(columns, recorded=wrong)


def test_period_starts_are_those_of_the_engine() -> None:
    days = np.arange(date(2024, 1, 1).toordinal(), date(2028, 1, 5).toordinal(), dtype=np.int64)
    for period in ("day", "week", "month", "year"):
        starts = period_starts(period, days)
        assert starts.tolist() == [
            period_start(period, date.fromordinal(day)).toordinal() for day in days.tolist()
        ]


# -- refusals --------------------------------------------------------------------------------------


def spoiled(columns: Columns, name: str, value: int, row: int = 17) -> Columns:
    """The columns with one entry changed; `inputs[0]` and `boosts.campaign` are names too."""
    if name == "inputs[0]":
        column = columns.inputs[0].copy()
        column[row] = value
        return replace(columns, inputs=(column, *columns.inputs[1:]))
    if name.startswith("boosts.") and columns.boosts is not None:
        field = name.removeprefix("boosts.")
        column = getattr(columns.boosts, field).copy()
        column[row] = value
        return replace(columns, boosts=replace(columns.boosts, **{field: column}))
    column = getattr(columns, name).copy()
    column[row] = value
    return replace(columns, **{name: column})


@pytest.mark.parametrize(
    "name, value",
    [
        ("methodology", 999),
        ("methodology", -1),
        ("day", FIRST - 4000),
        ("tier", 9),
        ("inputs[0]", -1),
        ("inputs[0]", 10**9),
        ("boosts.hundredths", 100),
        ("boosts.hundredths", 5000),
    ],
)
def test_a_bad_entry_is_refused_by_column_and_row(shipped: Rulebook, name: str, value: int) -> None:
    with pytest.raises(ColumnsRefused) as refused:
        settle(spoiled(batch(shipped), name, value))
    assert (refused.value.column, refused.value.row) == (name, 17)
    assert str(refused.value).endswith("。")


def test_a_campaign_nobody_knows_is_refused(shipped: Rulebook) -> None:
    columns = batch(shipped)
    assert columns.boosts is not None
    row = int(np.flatnonzero(columns.boosts.hundredths)[0])
    with pytest.raises(ColumnsRefused, match="没有这个活动"):
        settle(spoiled(columns, "boosts.campaign", 5, row))


def test_a_bonus_where_none_is_allowed_is_refused(mixed: Rulebook) -> None:
    columns = batch(mixed, how=FEW)
    ones = np.full(len(columns), 150, dtype=np.int64)
    with pytest.raises(ColumnsRefused, match="不参加活动加成"):
        settle(replace(columns, boosts=Boosts(ones, ones * 0, (10,))))


def test_columns_of_other_lengths_or_types_are_refused(shipped: Rulebook) -> None:
    columns = batch(shipped)
    with pytest.raises(ColumnsRefused, match="等长"):
        settle(replace(columns, tier=columns.tier[:-1]))
    with pytest.raises(ColumnsRefused, match="int64"):
        settle(replace(columns, tier=columns.tier.astype(np.int32)))
    with pytest.raises(ColumnsRefused, match="更多输入"):
        settle(replace(columns, inputs=columns.inputs[:1]))


def test_a_place_that_is_missing_is_refused(shared: Rulebook) -> None:
    columns = batch(shared)
    for way in (settle, settle_in_turn):
        with pytest.raises(ColumnsRefused, match="点位"):
            way(replace(columns, place=None))
    weighed = [m.id for m in columns.methodologies].index("point.weighing")
    row = int(np.flatnonzero(columns.methodology == weighed)[3])
    for way in (settle, settle_in_turn):
        with pytest.raises(ColumnsRefused) as refused:
            way(spoiled(columns, "place", -1, row))
        assert refused.value.row == row


def test_a_counter_beyond_62_bits_is_refused_and_one_just_below_is_exact(
    shared: Rulebook,
) -> None:
    columns = replace(batch(shared, 50, FEW), boosts=None, occasions=None)
    weighing = [m.id for m in columns.methodologies].index("point.weighing")
    row = int(np.flatnonzero((columns.methodology == weighing) & (columns.tier > 0))[0])
    assert columns.place is not None
    on = date.fromordinal(int(columns.day[row]))
    where = ("point.weighing:place:day", int(columns.place[row]), on)
    for way in (settle, settle_in_turn):
        with pytest.raises(ColumnsRefused, match="累计量"):
            way(columns, opening={where: Used(reduction_ng=2**62 - 1)})
        with pytest.raises(ColumnsRefused, match="累计量"):
            way(columns, opening={where: Used(reduction_ng=-(10**18))})
    fresh = OneByOne(columns)
    fresh.rows()
    claimed = fresh.used[where].reduction_ng
    full = {where: Used(reduction_ng=2**62 - claimed)}
    one = OneByOne(columns)
    one.used = dict(full)
    assert rows_of(settle(columns, opening=full)) == one.rows()
    assert rows_of(settle_in_turn(columns, opening=full)) == rows_of(settle(columns, opening=full))
    for way in (settle, settle_in_turn):
        with pytest.raises(ColumnsRefused, match="累计量"):
            way(columns, opening={where: Used(reduction_ng=2**62 - claimed + 1)})


def test_a_condition_on_what_is_counted_is_refused(tmp_path: Path) -> None:
    text = (SHARED / "point.sharing.v1.toml").read_text(encoding="utf-8")
    text = text.replace('methodology = "point.weighing"', 'methodology = "point.sharing"')
    text = text.replace(
        '[[steps]]\nblock = "cap"',
        '[[steps]]\nblock = "eligible"\nmessage = "已计满。"\n'
        'all = [{ value = "earned", max = "90 point" }]\n\n[[steps]]\nblock = "cap"',
    )
    (tmp_path / "point.sharing.v1.toml").write_text(text, encoding="utf-8")
    rules = load_rulebook(tmp_path)
    columns = batch(rules, how=FEW)
    with pytest.raises(NotVectorisable, match="取决于累计量"):
        settle(columns)
    assert rows_of(settle_in_turn(columns)) == OneByOne(columns).rows()


def test_counters_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    """One methodology limits by `a` before `b`, another the other way round."""
    text = (SHARED / "point.sharing.v1.toml").read_text(encoding="utf-8")
    head = text[: text.index("[bonus]")].replace(
        'on = "earned"\namount = "12 point"', 'on = "y"\namount = "12 point"'
    )
    last = head.index('[[steps]]\nblock = "cap"')
    for name, first, second in (("one", "a", "b"), ("two", "b", "a")):
        limits = limit("x", "earned", first) + limit("y", "x", second)
        examples = (
            example(f"{first}:week") + example(f"{second}:week") + example(f"point.{name}:week")
        )
        body = head[:last] + limits + head[last:] + examples
        body = body.replace("point.sharing", f"point.{name}")
        (tmp_path / f"point.{name}.v1.toml").write_text(body, encoding="utf-8")
    columns = batch(load_rulebook(tmp_path), how=FEW)
    with pytest.raises(NotVectorisable, match="互相依赖"):
        settle(columns)
    assert rows_of(settle_in_turn(columns)) == OneByOne(columns).rows()


def limit(out: str, of: str, counter: str) -> str:
    return (
        f'[[steps]]\nblock = "cap"\nout = "{out}"\nlabel = "上限"\non = "{of}"\n'
        f'amount = "90 point"\nperiod = "week"\ncounter = "{counter}"\nsource = "policy"\n\n'
    )


def example(key: str) -> str:
    return (
        f'[[examples]]\nname = "{key} 已满"\ntier = "T2"\n'
        'given = { times = "1", who = "self" }\n'
        f'used = {{ "{key}" = {{ points = "90 point" }} }}\n'
        "expect = { reduction_mg = 0, points_mpt = 0 }\n\n"
    )


COLUMN = np.array([3, 2**40], dtype=np.int64)


@pytest.mark.parametrize(
    "operation, slots, expected",
    [
        (Product(3, (0, 1)), [COLUMN, 5], [15, 5 * 2**40]),
        (Product(3, (0, 1)), [COLUMN, 0], [0, 0]),
        (Product(3, (0, 1)), [6, 7], [42, 42]),
        (Pick(3, (0,), (2,), (8, 9)), [1], [9, 9]),
        (Sum(3, ((0, 2), (1, -1))), [COLUMN, 1], [5, 2**41 - 1]),
        (Clamp(3, 0, 10, 31, 99), [COLUMN], [31, 99]),
        (Clamp(3, 0, 10, 31, 99), [5], [50, 50]),
    ],
)
def test_an_operation_takes_columns_and_constants(
    operation: Operation, slots: Slots, expected: list[int]
) -> None:
    assert np.broadcast_to(computed(operation, slots), (2,)).tolist() == expected


@pytest.mark.parametrize(
    "operation",
    [Product(3, (0, 0)), Sum(3, ((0, 2**22 + 1),)), Clamp(3, 0, 2**22 + 1, 0, 1)],
)
def test_an_operation_never_wraps_around(operation: Operation) -> None:
    with pytest.raises(ColumnsRefused, match="62"):
        computed(operation, [COLUMN])


def test_an_operation_without_column_form_is_refused() -> None:
    class Strange:
        out = 3

    strange: Operation = Strange()  # type: ignore[assignment] # a kind that does not exist yet
    with pytest.raises(NotVectorisable, match="Strange"):
        reads(strange)
    with pytest.raises(NotVectorisable, match="Strange"):
        computed(strange, [])
    with pytest.raises(NotVectorisable, match="尚未算出"):
        computed(Product(1, (0,)), [None])


def test_the_engine_itself_needs_no_library() -> None:
    code = "import sys, credit_rules; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
