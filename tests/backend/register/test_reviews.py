"""Every review rule: one year that fails it, and a plain year that raises no flag."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import Connection

from backend.register.reviews.labels import RULES as NAMES
from backend.register.reviews.policy import RULES
from backend.register.reviews.service import doubts, review_year
from backend.register.statistics.policy import Figure
from backend.register.statistics.service import open_year, put_figures
from credit_rules.energy import EnergyTables
from tests.backend.register.conftest import Register
from tests.conftest import NOW

# Cool in winter, hot in summer: as offices use electricity.
USE = [5200, 4900, 4300, 3900, 4100, 5300, 6400, 6600, 5200, 4000, 4200, 5000]


def plain(
    use: Sequence[int] = USE, *, item: str = "electricity", unit: str = "kWh", price: str = "0.74"
) -> list[Figure]:
    return [
        Figure(
            item,
            month,
            Decimal(kwh),
            unit,
            (Decimal(kwh) * Decimal(price)).quantize(Decimal("0.01")),
        )
        for month, kwh in enumerate(use, 1)
    ]


def changed(month: int, quantity: str | None, cost: str | None = "same") -> list[Figure]:
    year = plain()
    old = year[month - 1]
    if quantity is None:
        return [figure for figure in year if figure.month != month]
    new_cost = old.cost if cost == "same" else None if cost is None else Decimal(cost)
    year[month - 1] = Figure(old.item, month, Decimal(quantity), old.unit, new_cost)
    return year


def rules(figures: Sequence[Figure], before: Sequence[Figure] = ()) -> set[tuple[str, int]]:
    return {(doubt.rule, doubt.month) for doubt in doubts(figures, before)}


def test_a_plain_year_raises_no_flag() -> None:
    assert rules(plain(), plain([kwh * 104 // 100 for kwh in USE])) == set()


@pytest.mark.parametrize(
    "figures, flag",
    [
        (changed(3, "43000"), ("slipped_decimal", 3)),
        (changed(3, "4.3"), ("slipped_decimal", 3)),
        (changed(3, "4300000"), ("slipped_decimal", 3)),
        (changed(5, None), ("missing_month", 5)),
        (changed(4, "3900", None), ("quantity_without_cost", 4)),
        (changed(4, "0"), ("cost_without_quantity", 4)),
        (changed(4, "3900", "39000"), ("unit_price", 4)),
        (changed(4, "3900", "39"), ("unit_price", 4)),
        (plain([*USE[:4], 4300, 4300, 4300, *USE[7:]]), ("copied_months", 6)),
    ],
)
def test_each_rule_finds_its_fault(figures: list[Figure], flag: tuple[str, int]) -> None:
    assert flag in rules(figures)


def test_a_year_that_differs_by_more_than_a_tenth_is_asked_about() -> None:
    assert ("year_on_year", 0) in rules(plain(), plain([kwh * 80 // 100 for kwh in USE]))


def test_a_year_that_is_not_complete_is_not_compared() -> None:
    assert rules(plain(USE[:6]), plain()) == set()


def test_every_rule_has_its_words() -> None:
    assert {rule.__name__ for rule in RULES} == set(NAMES)


def test_flags_are_ranked_by_what_they_may_hide(
    db: Connection, tables: EnergyTables, register: Register
) -> None:
    for institution, figures in zip(
        register.institutions, (changed(3, "43000"), changed(3, "430")), strict=True
    ):
        opened = open_year(db, institution_id=institution, year=2025, officer=register.officer)
        put_figures(db, tables, statement_id=opened.id, figures=figures, officer=register.officer)
    flags = [f for f in review_year(db, tables, year=2025, now=NOW) if f.doubt.month == 3]
    slips = [flag for flag in flags if flag.doubt.rule == "slipped_decimal"]
    assert [flag.doubt.value for flag in slips] == [Decimal(43000), Decimal(430)]
    # (43,000 - the median of the others, 5,000) kWh x 0.4974 kg, Zhejiang 2023
    assert slips[0].tco2_error == Fraction(38_000) * Fraction("0.4974") / 1000
    assert slips[0].tco2_error > slips[1].tco2_error
