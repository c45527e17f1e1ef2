from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from admin.forms.hours import HoursText
from backend.places.policy import ALWAYS_OPEN, hours_lines


def _read(text: str) -> tuple[dict[str, Any], ...]:
    return HoursText().deserialize(text)


@pytest.mark.parametrize(
    "text, count, first",
    [
        ("每天 全天", 7, {"day": 1, "from": "00:00", "to": "24:00"}),
        ("工作日 8:00-18:00", 5, {"day": 1, "from": "08:00", "to": "18:00"}),
        ("周末 09：00~12：00", 2, {"day": 6, "from": "09:00", "to": "12:00"}),
        ("星期天 22:00至次日06:00", 1, {"day": 7, "from": "22:00", "to": "06:00"}),
        ("周一、周三 08:00–12:00、13:00–17:00", 4, {"day": 1, "from": "08:00", "to": "12:00"}),
        ("\n周二到周四 08:00—09:00\n\n周六 全天\n", 4, {"day": 2, "from": "08:00", "to": "09:00"}),
        ("周一至周五8:00-17:00", 5, {"day": 1, "from": "08:00", "to": "17:00"}),
        ("周一至五：8点半至17点", 5, {"day": 1, "from": "08:30", "to": "17:00"}),
        ("周一 至 周五 8 : 00 - 17 : 00", 5, {"day": 1, "from": "08:00", "to": "17:00"}),
        ("周三上午9:00-11:30，下午1:30-5:00", 2, {"day": 3, "from": "09:00", "to": "11:30"}),
        ("周三下午1:30-5:00", 1, {"day": 3, "from": "13:30", "to": "17:00"}),
        ("周日上午9点至下午3点15分", 1, {"day": 7, "from": "09:00", "to": "15:15"}),
        ("工作日8:00-17:00，周六9:00-12:00", 6, {"day": 1, "from": "08:00", "to": "17:00"}),
        ("星期天、周一8:00-9:00；周二全天", 3, {"day": 7, "from": "08:00", "to": "09:00"}),
        ("每日24小时", 7, {"day": 1, "from": "00:00", "to": "24:00"}),
        ("周一、周一至周二 全天", 2, {"day": 1, "from": "00:00", "to": "24:00"}),
    ],
)
def test_what_people_write(text: str, count: int, first: dict[str, Any]) -> None:
    read = _read(text)
    assert len(read) == count
    assert read[0] == first


@pytest.mark.parametrize(
    "text",
    [
        "全天",
        "周一",
        "周一 ",
        "周八 全天",
        "周五至周一 全天",
        "周一 八点",
        "周一 08:00",
        "Mon 全天",
    ],
)
def test_what_nobody_can_read_names_its_line(text: str) -> None:
    with pytest.raises(ValidationError, match="第 2 行"):
        _read(f"周日 全天\n{text}")


TIMES = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
SPANS = st.lists(st.tuples(TIMES, TIMES), unique=True, max_size=3)


@given(st.lists(SPANS, min_size=7, max_size=7))
def test_what_is_shown_reads_back_the_same(week: Sequence[Sequence[tuple[str, str]]]) -> None:
    hours = [
        {"day": day, "from": start, "to": end}
        for day, spans in enumerate(week, start=1)
        for start, end in sorted(spans)
    ]
    read = _read("\n".join(hours_lines(hours)))
    assert sorted(read, key=repr) == sorted(hours, key=repr)


def test_always_open_reads_back_the_same() -> None:
    assert _read("\n".join(hours_lines(ALWAYS_OPEN))) == ALWAYS_OPEN
