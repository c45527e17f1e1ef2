"""Working days, weekends and holidays: by the published calendar, else by weekdays for the present.

What the clock decides is never chosen: an input of a methodology may be decided by the month, by
the kind of day or by the time of day of the action.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from credit_rules.canonical import canonical_bytes, digest
from credit_rules.errors import Problem
from credit_rules.reading import Reader

DAY_KINDS: Final = (
    "working_day",
    "weekend",
    "holiday",
    "provisional_working_day",
    "provisional_weekend",
)
"""Kinds of day; the provisional ones are of years whose calendar is not published yet."""
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """The holidays and make-up working days of one year, with the notice that sets them."""

    title: str
    holidays: frozenset[date]
    workdays: frozenset[date]


@dataclass(frozen=True, slots=True)
class HolidayCalendar:
    """The published years."""

    years: Mapping[int, CalendarYear]

    def kind(self, on: date) -> str:
        """The kind of a day, one of `DAY_KINDS`."""
        weekend, year = on.weekday() >= _SATURDAY, self.years.get(on.year)
        if year is None:
            return "provisional_weekend" if weekend else "provisional_working_day"
        if on in year.holidays:
            return "holiday"
        return "weekend" if weekend and on not in year.workdays else "working_day"

    @property
    def published(self) -> dict[str, str]:
        """The digest of every year, by the name under which ``lock.json`` keeps it."""
        return {
            f"calendar/{number}": digest(
                canonical_bytes([sorted(year.holidays), sorted(year.workdays)])
            )
            for number, year in self.years.items()
        }


def read_calendar(
    file: str, data: Mapping[str, object], problems: list[Problem]
) -> HolidayCalendar:
    """Read ``calendar.toml``.

    Args:
        file: name of the file, for messages.
        data: the parsed TOML.
        problems: where errors are added.
    """
    at = Reader(file, data, "", problems)
    if at.integer("schema") != 1:
        at.fail("schema", "只支持 schema = 1。", "请改为 1。")
    years: dict[int, CalendarYear] = {}
    for row in at.tables("years"):
        number, title = row.integer("year"), row.text("title")
        row.text("obtained")
        found = CalendarYear(title, _days(row, "holidays"), _days(row, "workdays"))
        row.done()
        if number in years:
            row.fail("year", f"{number} 年写了两次。", "请只保留一处。")
        if any(day.year != number for day in found.holidays | found.workdays):
            row.fail("holidays", f"有的日期不在 {number} 年。", "请把它写到所在的年份。")
        if found.holidays & found.workdays:
            row.fail("workdays", "同一天既放假又上班。", "请照通知改正。")
        years[number] = found
    at.done()
    return HolidayCalendar(years)


def _days(at: Reader, key: str) -> frozenset[date]:
    """Single days and spans from first to last day."""
    found: set[date] = set()
    value = at.raw(key)
    for item in value if isinstance(value, list) else [value]:
        ends = item if isinstance(item, list) and len(item) == 2 else [item, item]
        first, last = (_day(end) for end in ends)
        if first is None or last is None or first > last:
            at.fail(key, "这里必须是日期，或“[首日, 末日]”。", "例如 [2026-05-01, 2026-05-05]。")
            continue
        found.update(first + timedelta(days=n) for n in range((last - first).days + 1))
    return frozenset(found)


def _day(value: object) -> date | None:
    return value if isinstance(value, date) and not isinstance(value, datetime) else None
