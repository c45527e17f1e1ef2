"""Opening hours as people write them, one line for each group of days."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields

_DAYS = "一二三四五六日"
_NAMED = {"每天": range(1, 8), "工作日": range(1, 6), "周末": range(6, 8)}
_DAY = re.compile(rf"(?:周|星期)([{_DAYS}天])")
_RANGE = re.compile(rf"(?:周|星期)([{_DAYS}天])(?:至|到|-|–|—|~)(?:周|星期)?([{_DAYS}天])")
_SPAN = re.compile(r"(\d{1,2}:\d{2})(?:至|到|-|–|—|~)(?:次日)?(\d{1,2}:\d{2})", re.ASCII)
_SEPARATOR = re.compile(r"[、,，;；]")
EXAMPLE = "周一至周五 08:00–18:00"

Interval = dict[str, Any]


class HoursText(fields.Field[tuple[Interval, ...]]):
    """Lines such as `周一至周五 08:00–12:00、13:30–18:00` as the intervals of `Place.hours`."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_kwargs: Any
    ) -> tuple[Interval, ...]:
        del attr, data
        lines = [line.strip() for line in str(value).splitlines()]
        return tuple(
            interval
            for number, line in enumerate(lines, start=1)
            if line
            for interval in _intervals(line, number)
        )


def _intervals(line: str, number: int) -> Iterator[Interval]:
    """The intervals of one line.

    Raises:
        ValidationError: the line is not days, a blank, and spans of time.
    """
    days_text, _blank, spans_text = line.replace("：", ":").partition(" ")
    try:
        days = [day for part in _SEPARATOR.split(days_text) for day in _days(part)]
        spans = [_span(part) for part in _SEPARATOR.split(spans_text.replace(" ", ""))]
    except ValueError:
        raise ValidationError(f"hours|第 {number} 行看不懂，请照这个样子写：{EXAMPLE}") from None
    for day in dict.fromkeys(days):
        for start, end in spans:
            yield {"day": day, "from": start, "to": end}


def _days(text: str) -> list[int]:
    if text in _NAMED:
        return list(_NAMED[text])
    if single := _DAY.fullmatch(text):
        return [_number(single[1])]
    if pair := _RANGE.fullmatch(text):
        first, last = _number(pair[1]), _number(pair[2])
        if first <= last:
            return list(range(first, last + 1))
    raise ValueError(text)


def _number(name: str) -> int:
    """ISO weekday: 1 for Monday."""
    return _DAYS.index("日" if name == "天" else name) + 1


def _span(text: str) -> tuple[str, str]:
    if text == "全天":
        return "00:00", "24:00"
    if (span := _SPAN.fullmatch(text)) is None:
        raise ValueError(text)
    return span[1].zfill(5), span[2].zfill(5)
