"""Dates of the numbers of one methodology: from the first day on, without gap or overlap."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

from credit_rules.model import Dated
from credit_rules.reading import Reader


def check_dates(at: Reader, values: list[Dated], start: date, until: date | None) -> None:
    """Check the dated values of a parameter.

    Args:
        at: the table of the parameter, for messages.
        values: the values in the order written.
        start: first day of the methodology.
        until: its last day, or None.
    """
    if not values:
        return
    if values[0].start > start:
        at.fail(
            "values[0].from",
            f"第一个数值晚于方法学的生效日期 {start}。",
            "请补上更早的数值，或推迟生效。",
        )
    for index, (earlier, later) in enumerate(pairwise(values), start=1):
        key = f"values[{index}].from"
        if later.start <= earlier.start:
            at.fail(key, "日期没有从早到晚排列，或重复。", "请按日期排列，每个日期一行。")
        elif earlier.until and earlier.until >= later.start:
            at.fail(key, f"与上一行重叠：上一行到 {earlier.until} 为止。", "请改正日期。")
        elif earlier.until and (later.start - earlier.until).days > 1:
            at.fail(key, f"与上一行之间有空档：上一行到 {earlier.until} 为止。", "请补上空档。")
    last = values[-1].until
    if last is not None and (until is None or last < until):
        at.fail(
            f"values[{len(values) - 1}].until",
            "最后一个数值早于方法学失效。",
            "请补上以后的数值，或删除 until。",
        )
