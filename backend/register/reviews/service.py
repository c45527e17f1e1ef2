"""Reviews a year: every rule over every institution, ranked by the tCO2 that may be wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from sqlalchemy import Connection

from backend.errors import InvalidInputError
from backend.register.reviews.policy import RULES, Doubt, Year
from backend.register.statistics.policy import Figure, Method, converted
from backend.register.statistics.queries import figures_of_year
from backend.register.statistics.service import method_of
from credit_rules.energy import Basis, EnergyTables


@dataclass(frozen=True, slots=True)
class Flag:
    """A doubt about a figure of an institution, with what it may hide.

    Attributes:
        tco2_error: tonnes of CO2 between the value and what the rule expects; zero or more.
    """

    credit_code: str
    year: int
    doubt: Doubt
    tco2_error: Fraction


def review_year(db: Connection, tables: EnergyTables, *, year: int, now: datetime) -> list[Flag]:
    """The flags of a year, the largest possible error first.

    Args:
        db: any transaction.
        tables: what quantities convert by.
        year: the year of use.
        now: the present instant; factors published by then count.
    """
    method = method_of(db, year=year, now=now, basis=Basis.CALORIFIC)
    figures = figures_of_year(db, year=year)
    before = figures_of_year(db, year=year - 1)
    tonnes = _Tonnes(tables, method)
    flags = [
        Flag(code, year, doubt, tonnes.between(doubt))
        for code, found in figures.items()
        for doubt in doubts(found, before.get(code, ()))
    ]
    return sorted(
        flags,
        key=lambda f: (-f.tco2_error, f.credit_code, f.doubt.item, f.doubt.month, f.doubt.rule),
    )


def doubts(figures: Sequence[Figure], before: Sequence[Figure]) -> list[Doubt]:
    """What the rules doubt of one institution's year."""
    year = Year(figures, before)
    return [doubt for rule in RULES for doubt in rule(year)]


class _Tonnes:
    """Tonnes of CO2 of one unit of an item, each looked up once: conversion is linear."""

    def __init__(self, tables: EnergyTables, method: Method) -> None:
        self._tables, self._method = tables, method
        self._known: dict[tuple[str, str], Fraction] = {}

    def between(self, doubt: Doubt) -> Fraction:
        """What lies between the value and what is expected."""
        distance = abs(Fraction(doubt.value) - Fraction(doubt.expected))
        return distance * self._of_one(doubt.item, doubt.unit)

    def _of_one(self, item: str, unit: str) -> Fraction:
        key = (item, unit)
        if key not in self._known:
            self._known[key] = self._converted(item, unit)
        return self._known[key]

    def _converted(self, item: str, unit: str) -> Fraction:
        try:
            one = [Figure(item, 0, Decimal(1), unit)]
            found = converted(self._tables, one, self._method)
        except InvalidInputError:
            return Fraction(0)  # a part that stands for nothing by itself: resold or green power
        return abs(found.tco2) if found is not None else Fraction(0)


def by_rule(flags: Sequence[Flag]) -> Mapping[str, int]:
    """How many flags each rule raised."""
    counted: dict[str, int] = {}
    for flag in flags:
        counted[flag.doubt.rule] = counted.get(flag.doubt.rule, 0) + 1
    return counted
