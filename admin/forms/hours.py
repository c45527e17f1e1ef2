"""Opening hours as people write them, one line for each group of days."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields

_DAYS = "一二三四五六日"
_NAMED = {
    **dict.fromkeys(("每天", "每日", "天天"), range(1, 8)),
    **dict.fromkeys(("工作日", "平日"), range(1, 6)),
    **dict.fromkeys(("周末", "双休日"), range(6, 8)),
}
_DAY = re.compile(rf"(?:周|星期)([{_DAYS}天])")
_RANGE = re.compile(rf"(?:周|星期)([{_DAYS}天])(?:至|到|-|–|—|~)(?:周|星期)?([{_DAYS}天])")
_SPAN = re.compile(r"(\d{1,2}:\d{2})(?:至|到|-|–|—|~)(?:次日)?(\d{1,2}:\d{2})", re.ASCII)
_SEPARATOR = re.compile(r"[、,，;；]")
# Days end where the first time of day begins, with a blank between them or without.
_TIMES = re.compile(r"\d|全天|上午|下午|早上|晚上")
_NEXT_DAYS = re.compile(
    r"(?:(?<=[\d点时分半])|(?<=全天))[、,，;；](?=周|星期|每|工作日|平日|双休日)"
)
_HALF = re.compile(r"(\d{1,2})[点时]半", re.ASCII)
_MINUTES = re.compile(r"(\d{1,2})[点时](\d{1,2})分?", re.ASCII)
_HOUR = re.compile(r"(\d{1,2})[点时]整?", re.ASCII)
_HALF_DAY = re.compile(r"(上午|早上|下午|晚上)")
_NOON = 12
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
    try:
        for group in _NEXT_DAYS.split(_plain(line)):
            yield from _of_group(group)
    except ValueError:
        raise ValidationError(f"hours|第 {number} 行看不懂，请照这个样子写：{EXAMPLE}") from None


def _of_group(text: str) -> Iterator[Interval]:
    """The intervals of days that have the same hours."""
    if (times := _TIMES.search(text)) is None:
        raise ValueError(text)
    days_text = text[: times.start()].rstrip(":")
    days = [day for part in _SEPARATOR.split(days_text) for day in _days(part)]
    spans = [_span(part) for part in _SEPARATOR.split(text[times.start() :])]
    for day in dict.fromkeys(days):
        for start, end in spans:
            yield {"day": day, "from": start, "to": end}


def _plain(line: str) -> str:
    """The line without blanks, its times of day written by the clock."""
    text = "".join(line.replace("：", ":").split())
    text = _HALF.sub(r"\1:30", text)
    text = _MINUTES.sub(lambda found: f"{found[1]}:{found[2].zfill(2)}", text)
    return _HOUR.sub(r"\1:00", text)


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
    if text in ("全天", "24小时"):
        return "00:00", "24:00"
    halves = _HALF_DAY.findall(text)
    if (span := _SPAN.fullmatch(_HALF_DAY.sub("", text))) is None:
        raise ValueError(text)
    first = halves[0] if halves else ""
    last = halves[-1] if halves else ""
    return _by_clock(span[1], first), _by_clock(span[2], last)


def _by_clock(time: str, half: str) -> str:
    """A time of day of 24 hours; 下午1:30 is 13:30."""
    hour, _, minute = time.partition(":")
    late = half in ("下午", "晚上") and int(hour) < _NOON
    return f"{int(hour) + _NOON if late else int(hour):02d}:{minute}"
