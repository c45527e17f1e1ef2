"""What the twin refuses: bad columns by name and row, rules without a column form, 62 bits."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from credit_rules import Rulebook, Used, load_rulebook
from credit_rules.counters import Lane
from credit_rules.plan import Clamp, Operation, Pick, Product, Sum
from credit_rules.vectorised import (
    Boosts,
    Columns,
    ColumnsRefused,
    NotVectorisable,
    settle,
    settle_in_turn,
)
from credit_rules.vectorised.operations import Slots, computed, reads
from tests.builders.batches import FIRST, Drawn, OneByOne, drawn, rows_of
from tests.rules.approval import approve

SHARED = Path(__file__).parent / "files" / "shared"
FEW, SOME = Drawn(members=40), Drawn(members=600, boosted=True)


@pytest.fixture(scope="module")
def shared() -> Rulebook:
    return load_rulebook(SHARED)


def batch(rulebook: Rulebook, rows: int = 400, how: Drawn = SOME) -> Columns:
    return drawn(rulebook, rows, how, np.random.default_rng(1))


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
    approve("columns", f"{name} {value}", [str(refused.value)])


@pytest.mark.parametrize("name, value", [("methodology", 999), ("day", FIRST - 4000), ("tier", 9)])
def test_what_is_settled_by_members_is_refused_by_the_row_as_it_came(
    shipped: Rulebook, name: str, value: int
) -> None:
    with pytest.raises(ColumnsRefused) as refused:
        settle_in_turn(spoiled(batch(shipped, how=FEW), name, value))
    assert (refused.value.column, refused.value.row) == (name, 17)


@pytest.mark.parametrize("campaign", [-1, 2, 5])
def test_a_campaign_nobody_knows_is_refused_where_it_would_pay(
    shipped: Rulebook, campaign: int
) -> None:
    columns = batch(shipped)
    assert columns.boosts is not None
    row = int(np.flatnonzero(columns.boosts.hundredths)[0])
    plain = int(np.flatnonzero(columns.boosts.hundredths == 0)[0])
    for way in (settle, settle_in_turn):
        with pytest.raises(ColumnsRefused) as refused:
            way(spoiled(columns, "boosts.campaign", campaign, row))
        assert str(refused.value) == f"列“boosts.campaign”第 {row} 行：没有这个活动。"
        unnamed = way(spoiled(columns, "boosts.campaign", campaign, plain))
        assert rows_of(unnamed) == rows_of(settle(columns))


@pytest.mark.parametrize(
    "budget, fits", [(0, True), (2**62, True), (2**62 + 1, False), (2**63, False), (-1, False)]
)
def test_a_budget_no_campaign_can_have_is_refused(
    shipped: Rulebook, budget: int, fits: bool
) -> None:
    columns = batch(shipped)
    assert columns.boosts is not None
    columns = replace(columns, boosts=replace(columns.boosts, budgets_mpt=(10**9, budget)))
    for way in (settle, settle_in_turn):
        if fits:
            assert (way(columns).bonus_mpt >= 0).all()
            continue
        with pytest.raises(ColumnsRefused) as refused:
            way(columns)
        sentence = "列“boosts.budgets_mpt”整列：活动剩余预算超出范围，请核对活动预算。"
        assert str(refused.value) == sentence


def test_a_bonus_where_none_is_allowed_is_refused(mixed: Rulebook) -> None:
    columns = batch(mixed, how=FEW)
    ones = np.full(len(columns), 150, dtype=np.int64)
    with pytest.raises(ColumnsRefused) as refused:
        settle(replace(columns, boosts=Boosts(ones, ones * 0, (10,))))
    approve("columns", "no bonus", [str(refused.value)])


def test_columns_of_other_lengths_or_types_are_refused(shipped: Rulebook) -> None:
    columns = batch(shipped)
    sentence = "列“tier”整列：须是与其他列等长的 int64 一维数组，请重新生成。"
    with pytest.raises(ColumnsRefused) as refused:
        settle(replace(columns, tier=columns.tier[:-1]))
    assert str(refused.value) == sentence
    with pytest.raises(ColumnsRefused) as refused:
        settle(replace(columns, tier=columns.tier.astype(np.int32)))
    assert str(refused.value) == sentence
    with pytest.raises(ColumnsRefused) as refused:
        settle(replace(columns, inputs=columns.inputs[:1]))
    approve("columns", "more inputs", [str(refused.value)])


def test_a_place_that_is_missing_is_refused(shared: Rulebook) -> None:
    columns = batch(shared)
    for way in (settle, settle_in_turn):
        with pytest.raises(ColumnsRefused) as refused:
            way(replace(columns, place=None))
        assert str(refused.value) == "列“place”整列：有按点位累计的上限，请补上点位列。"
    weighed = [m.id for m in columns.methodologies].index("point.weighing")
    row = int(np.flatnonzero(columns.methodology == weighed)[3])
    for way in (settle, settle_in_turn):
        with pytest.raises(ColumnsRefused) as refused:
            way(spoiled(columns, "place", -1, row))
        assert str(refused.value) == f"列“place”第 {row} 行：这一行没有点位，请补上。"


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
        with pytest.raises(ColumnsRefused) as refused:
            way(columns, opening={where: Used(reduction_ng=2**62 - 1)})
        assert str(refused.value) == "列“inputs”整列：累计量超出 62 位整数，请核对计数器。"
        with pytest.raises(ColumnsRefused) as refused:
            way(columns, opening={where: Used(reduction_ng=-(10**18))})
        assert str(refused.value) == "列“opening”整列：期初累计量不能小于零，请核对计数器。"
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


@pytest.mark.parametrize("amount", [2**62 + 1, 2**63 - 1, 2**63, 2**64 + 5, 10**30, -1, -(2**64)])
@pytest.mark.parametrize("lane", Used._fields)
def test_counters_that_no_counter_can_hold_are_refused_before_the_first_row(
    shared: Rulebook, lane: str, amount: int
) -> None:
    columns = replace(batch(shared, 50, FEW), boosts=None, occasions=None)
    weighing = [m.id for m in columns.methodologies].index("point.weighing")
    row = int(np.flatnonzero((columns.methodology == weighing) & (columns.tier > 0))[0])
    on = date.fromordinal(int(columns.day[row]))
    where = ("point.weighing:day", int(columns.member[row]), on)
    why = "不能小于零" if amount < 0 else "超出 62 位整数"
    for way in (settle, settle_in_turn):
        with pytest.raises(ColumnsRefused) as refused:
            way(columns, opening={where: Used(**{lane: amount})})
        assert str(refused.value) == f"列“opening”整列：期初累计量{why}，请核对计数器。"


def test_a_counter_that_is_full_and_grows_no_more_is_none_of_them(shared: Rulebook) -> None:
    columns = replace(batch(shared, 50, FEW), boosts=None, occasions=None)
    weighing = [m.id for m in columns.methodologies].index("point.weighing")
    row = int(np.flatnonzero((columns.methodology == weighing) & (columns.tier > 0))[0])
    on = date.fromordinal(int(columns.day[row]))
    full = {("point.weighing:day", int(columns.member[row]), on): Used(count_nano=2**62)}
    for way in (settle, settle_in_turn):
        assert rows_of(way(columns, opening=full)) == rows_of(way(columns))


RECORDED: tuple[str, Lane] = ("recycling.drop_off:day", "reduction_ng")


@pytest.mark.parametrize(
    "used",
    [
        np.zeros(3, dtype=np.int64),
        np.zeros((400, 2), dtype=np.int64),
        np.full(400, 2**63, dtype=np.uint64),
        np.array([2**70] * 400, dtype=object),
        np.full(400, np.nan),
    ],
    ids=["short", "two columns", "unsigned", "past 64 bits", "no integers"],
)
def test_recorded_counters_that_are_no_column_are_refused(
    shipped: Rulebook, used: NDArray[np.int64]
) -> None:
    with pytest.raises(ColumnsRefused) as refused:
        settle(batch(shipped, how=FEW), recorded={RECORDED: used})
    assert refused.value.column == "recorded.recycling.drop_off:day.reduction_ng"
    assert "须是与其他列等长的 int64 一维数组" in str(refused.value)


@pytest.mark.parametrize("amount, refused", [(2**61, False), (2**61 + 1, True), (-1, True)])
def test_recorded_counters_out_of_range_are_refused_by_the_row_as_it_came(
    shipped: Rulebook, amount: int, refused: bool
) -> None:
    columns = replace(batch(shipped, how=FEW), occasions=None)
    drop_off = [m.id for m in columns.methodologies].index("recycling.drop_off")
    row = int(np.flatnonzero(columns.methodology == drop_off)[5])
    used = np.zeros(len(columns), dtype=np.int64)
    used[row] = amount
    if not refused:
        assert settle(columns, recorded={RECORDED: used}).reduction_mg[row] == 0
        return
    with pytest.raises(ColumnsRefused) as caught:
        settle(columns, recorded={RECORDED: used})
    assert caught.value.row == row
    assert "累计量超出可记录的范围" in str(caught.value)


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
    with pytest.raises(NotVectorisable) as refused:
        settle(columns)
    approve("columns", "a condition on what is counted", [str(refused.value)])
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
    with pytest.raises(NotVectorisable) as refused:
        settle(columns)
    approve("columns", "counters that wait for each other", [str(refused.value)])
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
    with pytest.raises(ColumnsRefused) as refused:
        computed(operation, [COLUMN])
    sentence = "列“inputs”整列：最坏情况超出 62 位整数，请核对输入与累计量。"
    assert str(refused.value) == sentence


def test_an_operation_without_column_form_is_refused() -> None:
    class Strange:
        out = 3

    strange: Operation = Strange()  # type: ignore[assignment] # a kind that does not exist yet
    for attempt in (lambda: reads(strange), lambda: computed(strange, [])):
        with pytest.raises(NotVectorisable) as refused:
            attempt()
        assert str(refused.value) == "积木运算“Strange”没有按列计算的写法，请逐条核算。"
    with pytest.raises(NotVectorisable) as refused:
        computed(Product(1, (0,)), [None])
    assert str(refused.value) == "第 0 个中间值尚未算出，请逐条核算。"
