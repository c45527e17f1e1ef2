"""The review rules: each reads the figures of one institution and tells what looks wrong. Pure.

A flag is a question to whoever filled the form in, never a verdict. `expected` is what the figure
would be if the rule's suspicion holds; their distance in tCO2 ranks the flags.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Final

from backend.register.statistics.policy import Figure

_YEAR_ON_YEAR: Final = Decimal("0.10")
_NEAR: Final = (Decimal("0.7"), Decimal("1.43"))
_SLIPS: Final = (10, 100, 1000, 10_000)
_FEWEST_MONTHS: Final = 4
_COPIES: Final = 3
_MONTHS: Final = 12
# Yuan for one unit, wide enough for every tariff of the province; outside is a slip or a guess.
# Judged in these units only: a unit nobody expects is the business of the slip rule.
PRICES: Final[Mapping[tuple[str, str], tuple[Decimal, Decimal]]] = {
    ("electricity", "kWh"): (Decimal("0.30"), Decimal("1.60")),
    ("electricity", "万kWh"): (Decimal(3000), Decimal(16000)),
    ("natural_gas", "m3"): (Decimal("1.5"), Decimal(8)),
    ("natural_gas", "万m3"): (Decimal(15000), Decimal(80000)),
    ("petrol", "L"): (Decimal(5), Decimal(12)),
    ("diesel", "L"): (Decimal("4.5"), Decimal(11)),
    ("heat", "GJ"): (Decimal(20), Decimal(150)),
}


@dataclass(frozen=True, slots=True)
class Year:
    """What the rules read of one institution.

    Attributes:
        figures: of the year under review.
        before: of the year before; empty where there is none.
    """

    figures: Sequence[Figure]
    before: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a rule doubts: a figure of an item, of one month or (0) of the year.

    Attributes:
        value: as filled in, in `unit`.
        expected: as the rule would expect it, in the same unit.
    """

    item: str
    month: int
    rule: str
    value: Decimal
    expected: Decimal
    unit: str


Rule = Callable[[Year], Iterator[Doubt]]


def _by_item(figures: Sequence[Figure]) -> dict[tuple[str, str], dict[int, Figure]]:
    found: dict[tuple[str, str], dict[int, Figure]] = {}
    for figure in figures:
        found.setdefault((figure.item, figure.unit), {})[figure.month] = figure
    return found


def _total(months: Mapping[int, Figure]) -> Decimal:
    return sum((figure.quantity for figure in months.values()), Decimal(0))


def year_on_year(year: Year) -> Iterator[Doubt]:
    """The year differs by more than 10 % from the year before, both being complete."""
    before = _by_item(year.before)
    for (item, unit), months in _by_item(year.figures).items():
        earlier = before.get((item, unit), {})
        if len(months) < _MONTHS or len(earlier) < _MONTHS:
            continue
        now, then = _total(months), _total(earlier)
        if then and abs(now - then) > then * _YEAR_ON_YEAR:
            yield Doubt(item, 0, "year_on_year", now, then, unit)


def unit_price(year: Year) -> Iterator[Doubt]:
    """The cost of a unit lies outside every tariff."""
    for (item, unit), months in _by_item(year.figures).items():
        band = PRICES.get((item, unit))
        for month, figure in months.items():
            if band is None or not figure.cost or not figure.quantity:
                continue
            price = figure.cost / figure.quantity
            if not band[0] <= price <= band[1]:
                expected = figure.cost / ((band[0] + band[1]) / 2)
                yield Doubt(item, month, "unit_price", figure.quantity, expected, unit)


def cost_without_quantity(year: Year) -> Iterator[Doubt]:
    """Something was paid for nothing."""
    for (item, unit), months in _by_item(year.figures).items():
        band = PRICES.get((item, unit))
        for month, figure in months.items():
            if figure.cost and not figure.quantity:
                price = (band[0] + band[1]) / 2 if band else Decimal(1)
                yield Doubt(
                    item, month, "cost_without_quantity", Decimal(0), figure.cost / price, unit
                )


def quantity_without_cost(year: Year) -> Iterator[Doubt]:
    """Costs are told for other months of the item, but not for this one."""
    for (item, unit), months in _by_item(year.figures).items():
        if not any(figure.cost for figure in months.values()):
            continue
        for month, figure in months.items():
            if figure.quantity and not figure.cost:
                yield Doubt(
                    item, month, "quantity_without_cost", figure.quantity, figure.quantity, unit
                )


def missing_month(year: Year) -> Iterator[Doubt]:
    """Most months are there, this one is not."""
    for (item, unit), months in _by_item(year.figures).items():
        if len(months) < _FEWEST_MONTHS:
            continue
        usual = Decimal(median(figure.quantity for figure in months.values()))
        for month in sorted(set(range(min(months), max(months) + 1)) - set(months)):
            yield Doubt(item, month, "missing_month", Decimal(0), usual, unit)


def copied_months(year: Year) -> Iterator[Doubt]:
    """Three or more months in a row are equal to the last digit."""
    for (item, unit), months in _by_item(year.figures).items():
        run: list[int] = []
        for month in (*sorted(months), 0):
            same = (
                month
                and run
                and month == run[-1] + 1
                and months[month].quantity == months[run[-1]].quantity
            )
            if not same:
                if len(run) >= _COPIES and months[run[0]].quantity:
                    quantity = months[run[0]].quantity
                    yield Doubt(item, run[1], "copied_months", quantity, quantity, unit)
                run = []
            run.append(month)


def slipped_decimal(year: Year) -> Iterator[Doubt]:
    """A month is ten, a hundred or more times what the others are: a unit or a decimal place."""
    for (item, unit), months in _by_item(year.figures).items():
        if len(months) < _FEWEST_MONTHS:
            continue
        for month, figure in months.items():
            others = [other.quantity for m, other in months.items() if m != month]
            usual = Decimal(median(others))
            if not usual or not figure.quantity:
                continue
            ratio = figure.quantity / usual
            for times in _SLIPS:
                near = any(_NEAR[0] <= each <= _NEAR[1] for each in (ratio / times, ratio * times))
                if near:
                    yield Doubt(item, month, "slipped_decimal", figure.quantity, usual, unit)
                    break


RULES: Final[tuple[Rule, ...]] = (
    year_on_year,
    unit_price,
    cost_without_quantity,
    quantity_without_cost,
    missing_month,
    copied_months,
    slipped_decimal,
)
