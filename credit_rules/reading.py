"""Strict reading of TOML tables: every key is known and typed, and all errors are collected.

A reader goes on after an error with a harmless placeholder, so that one run names every problem
of a file; whoever reads must discard the result when problems were found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal

from credit_rules.errors import Problem, nearest
from credit_rules.units import Unit, parse_quantity, parse_unit

_DECIMAL = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,12})?", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_TEXT = 2000


class Reader:
    """Reads one table of a file.

    Args:
        file: name of the file, for messages.
        data: the parsed table.
        path: path of the table within the file.
        problems: where errors are added.
    """

    def __init__(
        self, file: str, data: Mapping[str, object], path: str, problems: list[Problem]
    ) -> None:
        self.file, self.path, self.problems = file, path, problems
        self._data = data
        self._asked: set[str] = set()

    def where(self, key: str) -> str:
        """Full path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def fail(self, key: str, fault: str, remedy: str) -> None:
        """Add an error."""
        self.problems.append(Problem(self.file, self.where(key), fault, remedy))

    def has(self, key: str) -> bool:
        """Whether an optional key is present."""
        self._asked.add(key)
        return key in self._data

    def raw(self, key: str, *, required: bool = True) -> object:
        """The value of a key as parsed, or None with an error where it is required."""
        self._asked.add(key)
        if key not in self._data:
            if required:
                self.fail(key, "缺少这个键。", "请补上。")
            return None
        return self._data[key]

    def keys(self) -> tuple[str, ...]:
        """The keys of a table whose names are free."""
        self._asked.update(self._data)
        return tuple(self._data)

    def done(self) -> None:
        """Name every key that nobody asked for."""
        for key in self._data:
            if key not in self._asked:
                self.fail(key, "不认识这个键。", nearest(key, self._asked))

    def text(self, key: str, default: str | None = None) -> str:
        """A non-empty text without control characters."""
        value = self.raw(key, required=default is None)
        if value is None:
            return default or ""
        if not isinstance(value, str) or not value.strip():
            self.fail(key, "这里必须是非空文字。", "请写成带引号的文字。")
            return ""
        if _CONTROL.search(value) or len(value) > _LONGEST_TEXT:
            self.fail(key, "文字含有控制字符或过长。", "请删除不可见字符，并控制在两千字以内。")
            return ""
        return value

    def name(self, key: str) -> str:
        """A name of lower-case letters, digits and underscores."""
        value = self.text(key)
        if value and not _NAME.fullmatch(value):
            self.fail(key, f"名称“{value}”不合规。", "请用小写字母开头的字母、数字和下划线。")
        return value

    def word(self, key: str, known: Iterable[str]) -> str:
        """One of a few words."""
        value = self.text(key)
        if value and value not in known:
            self.fail(key, f"不允许的值“{value}”。", nearest(value, known))
        return value

    def words(
        self, key: str, known: Iterable[str] | None = None, *, required: bool = True
    ) -> tuple[str, ...]:
        """A list of different texts, each known where a vocabulary is given."""
        value = self.raw(key, required=required)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            self.fail(key, "这里必须是文字的列表。", '例如 ["a", "b"]。')
            return ()
        if not value and required:
            self.fail(key, "列表是空的。", "请至少写一项。")
        if len(set(value)) != len(value):
            self.fail(key, "列表中有重复项。", "请删除重复项。")
        for index, word in enumerate(value):
            if known is not None and word not in known:
                self.fail(f"{key}[{index}]", f"不允许的值“{word}”。", nearest(word, known))
        return tuple(value)

    def integer(self, key: str, default: int | None = None) -> int:
        """A whole number, zero or more."""
        value = self.raw(key, required=default is None)
        if value is None:
            return default or 0
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**62:
            self.fail(key, "这里必须是不小于零的整数。", "请写成不带引号的整数。")
            return 0
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            self.fail(key, "这里必须是 true 或 false。", "请改正。")
        return value is True

    def decimal(self, key: str, default: Decimal | None = None) -> Decimal:
        """A plain decimal, zero or more, of at most 15 + 12 digits; written as text or number."""
        value = self.raw(key, required=default is None)
        if value is None:
            return default if default is not None else Decimal(0)
        plain = decimal_of(value)
        if plain is None:
            self.fail(
                key,
                "这里必须是不小于零的普通小数（不用指数写法，最多 15 位整数、12 位小数）。",
                '例如 "0.295"。',
            )
            return Decimal(0)
        return plain

    def day(self, key: str, *, required: bool = True) -> date | None:
        """A date without time."""
        value = self.raw(key, required=required)
        if value is None:
            return None
        if not isinstance(value, date) or isinstance(value, datetime):
            self.fail(key, "这里必须是日期。", "请写成不带引号的日期，例如 2026-01-01。")
            return None
        return value

    def unit(self, key: str) -> Unit:
        """A unit such as `kgCO2e/kg`."""
        text = self.text(key)
        try:
            return parse_unit(text or "1")
        except ValueError as error:
            self.fail(key, str(error), "请换成认识的单位。")
            return parse_unit("1")

    def nano(self, key: str, unit: str) -> int:
        """A quantity of the dimension of `unit`, in 10^-9 of the base unit."""
        text = self.text(key)
        if not text:
            return 0
        try:
            base, found = parse_quantity(text)
        except ValueError as error:
            self.fail(key, str(error), "请写成“数字 单位”。")
            return 0
        if found.dimension != parse_unit(unit).dimension:
            self.fail(key, f"单位不符：这里需要 {unit}。", f"请换成 {unit}。")
        if (base * 10**9).denominator != 1:
            self.fail(key, "数值比计数器的十亿分之一还细。", "请改为最多九位小数。")
        return int(base * 10**9)

    def table(self, key: str, *, required: bool = True) -> Reader:
        """A table within this one."""
        value = self.raw(key, required=required)
        if value is not None and not isinstance(value, dict):
            self.fail(key, "这里必须是一个表。", f"请写成 [{self.where(key)}]。")
        data = value if isinstance(value, dict) else {}
        return Reader(self.file, data, self.where(key), self.problems)

    def tables(self, key: str, *, required: bool = True) -> tuple[Reader, ...]:
        """A list of tables within this one."""
        value = self.raw(key, required=required)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.fail(key, "这里必须是表的列表。", f"请写成 [[{self.where(key)}]]。")
            return ()
        if not value and required:
            self.fail(key, "列表是空的。", "请至少写一项。")
        return tuple(
            Reader(self.file, item, self.where(f"{key}[{index}]"), self.problems)
            for index, item in enumerate(value)
        )

    def named(self, key: str, *, required: bool = True) -> Iterator[tuple[str, Reader]]:
        """The named tables within a table, such as `[inputs.mass]`."""
        inner = self.table(key, required=required)
        for name in inner.keys():  # noqa: SIM118 - a method of this class, not of a dict
            if not _NAME.fullmatch(name):
                inner.fail(name, f"名称“{name}”不合规。", "请用小写字母开头的字母、数字和下划线。")
            yield name, inner.table(name)


def decimal_of(value: object) -> Decimal | None:
    """A plain decimal from a TOML text, integer or decimal; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        value = Decimal(value)
    if isinstance(value, Decimal):
        if not value.is_finite() or not -12 <= int(value.as_tuple().exponent) <= 0:
            return None
        value = format(value, "f")
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    return None
