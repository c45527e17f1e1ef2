"""The column-wise twin gives what the scalar engine gives, fed one action after another."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from credit_rules import Facts, Rulebook, Used, assess, load_rulebook, period_start
from credit_rules.vectorised import (
    Boosts,
    Columns,
    ColumnsRefused,
    settle,
    settle_in_turn,
)
from credit_rules.vectorised.counting import period_starts
from credit_rules.vectorised.settling import Recorded
from tests.builders.batches import FIRST, Drawn, OneByOne, drawn, rows_of

SHARED = Path(__file__).parent / "files" / "shared"
MIXED = SHARED.parent / "mixed"
SEED = 20_260_304
FEW = Drawn(members=40, trips=12, reach=1)
SOME = Drawn(members=600, boosted=True)
MANY = Drawn(members=9_000, trips=4, reach=1)


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


def test_factors_of_another_day_than_that_of_the_action(mixed: Rulebook) -> None:
    columns = batch(mixed, 600, replace(FEW, days=200))
    another = replace(columns, as_of=columns.day[::-1].copy())
    assert rows_of(settle_in_turn(another)) == rows_of(settle(another)) != rows_of(settle(columns))
    unplaced = replace(another, place=None)
    assert rows_of(settle_in_turn(unplaced)) == rows_of(settle(unplaced))


def test_a_methodology_may_exclude_itself(tmp_path: Path) -> None:
    once = '\n[[excludes]]\nmethodology = "travel.car_free"\nperiod = "day"\n'
    name = "travel.car_free.v1.toml"
    text = (MIXED / name).read_text(encoding="utf-8")
    (tmp_path / name).write_text(text + once, encoding="utf-8")
    columns = batch(load_rulebook(tmp_path), 200, FEW)
    assert 2 in settle(columns).status
    equal(columns)


@pytest.mark.drill
@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(25))
def test_ten_million_actions_of_every_shipped_methodology(shipped: Rulebook, part: int) -> None:
    """Other actions in every run; the seed is printed. About half a minute a part."""
    seed = int(np.random.SeedSequence().generate_state(1)[0])
    sys.stdout.write(f"part {part}, seed {seed}\n")
    for number, how in enumerate((FEW, SOME, MANY, replace(SOME, members=20_000, days=40))):
        equal(batch(shipped, 100_000, how, seed + number))


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
    with pytest.raises(ColumnsRefused) as refused:
        settle(columns, recorded=wrong)
    column = "recorded.recycling.drop_off:day.points_npt"
    assert str(refused.value) == f"列“{column}”第 0 行：累计量超出可记录的范围。"


def test_period_starts_are_those_of_the_engine() -> None:
    days = np.arange(date(2024, 1, 1).toordinal(), date(2028, 1, 5).toordinal(), dtype=np.int64)
    for period in ("day", "week", "month", "year"):
        starts = period_starts(period, days)
        assert starts.tolist() == [
            period_start(period, date.fromordinal(day)).toordinal() for day in days.tolist()
        ]


def test_the_engine_itself_needs_no_library() -> None:
    code = "import sys, credit_rules; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
