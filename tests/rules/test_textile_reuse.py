"""Grams are only for clothes proven to be worn again; clothes in a bin earn points alone."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from credit_rules import Facts, FactsRefused, Rulebook, RulebookError, Used, assess, load_rulebook
from credit_rules.loading import SHIPPED

DAY = date(2026, 3, 4)
REUSE = "recycling.textile_reuse"
FILE = f"{REUSE}.v1.toml"
Replace = Callable[[Path, str, str], None]


def reuse(mass: str, tier: str = "T3", destination: str = "worn_again", **more: object) -> Facts:
    inputs = {"destination": destination, "mass": mass}
    return Facts(REUSE, DAY, tier, inputs, **more)  # type: ignore[arg-type] # tests spell them right


@pytest.fixture
def reuse_folder(shipped_folder: Path) -> Path:
    shutil.copy(SHIPPED / FILE, shipped_folder)
    return shipped_folder


def test_worn_again_earns_grams_and_a_bin_none(shipped: Rulebook) -> None:
    worn = assess(shipped, reuse("1"))
    binned = assess(
        shipped, Facts("recycling.drop_off", DAY, "T3", {"material": "textile", "mass": "1"})
    )
    assert (worn.reduction_mg, binned.reduction_mg) == (3_600_000, 0)


@pytest.mark.parametrize("tier", ["T0", "T1", "T2"])
def test_without_weighing_and_receipt_nothing_is_credited(shipped: Rulebook, tier: str) -> None:
    with pytest.raises(FactsRefused) as refused:
        assess(shipped, reuse("1", tier))
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("tier", "tier_not_accepted")
    assert shipped.methodology(REUSE, DAY).evidence.requires == ("reuse_receipt",)


@pytest.mark.parametrize("destination", ["fibre", "unknown"])
def test_clothes_not_worn_again_are_sent_to_the_bin_rule(
    shipped: Rulebook, destination: str
) -> None:
    with pytest.raises(FactsRefused, match="请改为登记“分类投放”"):
        assess(shipped, reuse("1", destination=destination))


def test_a_year_counts_five_kilograms_at_most(shipped: Rulebook) -> None:
    used: dict[str, Used] = {}
    total = 0
    for _ in range(4):
        result = assess(shipped, reuse("2.5", used=used))
        used = {key: used.get(key, Used()).plus(row) for key, row in result.usage.items()}
        total += result.reduction_mg
    assert total == 5 * 3_600_000


def test_a_day_of_reuse_and_drop_offs_shares_thirty_points(shipped: Rulebook) -> None:
    first = assess(shipped, reuse("4"))
    assert first.points_mpt == 30_000
    shared = {"recycling.drop_off:day": first.usage["recycling.drop_off:day"]}
    inputs = {"material": "paper", "mass": "5"}
    facts = Facts("recycling.drop_off", DAY, "T3", inputs, shared)
    assert assess(shipped, facts).points_mpt == 0


def test_the_factor_is_refused_where_no_receipt_is_required(
    reuse_folder: Path, replace: Replace
) -> None:
    load_rulebook(reuse_folder)
    replace(reuse_folder / FILE, 'requires = ["reuse_receipt"]\n', "")
    with pytest.raises(RulebookError) as error:
        load_rulebook(reuse_folder)
    assert {(p.file, "reuse_receipt" in p.remedy) for p in error.value.problems} == {(FILE, True)}
