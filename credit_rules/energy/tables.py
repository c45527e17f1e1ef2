"""The factor tables of energy: sets of CO2 factors, standard-coal coefficients, densities, grids.

Keys name what a row is: ``<set>.<item>``, ``tce.…``, ``density.<item>`` or, for the grid,
``<year>.<level>.<region>``.
Rows that begin with ``anchor.`` are targets and statistics, not factors, and are left alone.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Final

from credit_rules.energy.areas import BELOW_NATION, COUNTRY, NATIONAL, PROVINCIAL
from credit_rules.energy.errors import EnergyTablesError, refused
from credit_rules.energy.items import ELECTRICITY, ITEMS, Item
from credit_rules.energy.measures import CARBON, COAL, MASS, VOLUME, Rate, rate
from credit_rules.energy.plausible import implausible, repeated
from credit_rules.errors import Problem, nearest
from credit_rules.links import LINK_HOSTS, is_publishers
from credit_rules.reading import decimal_of

AVERAGE: Final = "average"
RESIDUAL: Final = "excl_market_nonfossil"
MEMORY: Final = "memory"
_CONFIDENCES: Final = ("verified-in-source", "secondary", MEMORY)
_COLUMNS: Final = (
    "key",
    "name_zh",
    "unit",
    "value",
    "baseline/notes",
    "source_title",
    "source_ref",
    "source_url",
    "confidence",
)
_GRID_KEY = re.compile(r"([0-9]{4})\.(national|regional|provincial)\.(\S+)", re.ASCII)
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_YEAR_OF_SET = re.compile(r"(20[0-9]{2})$", re.ASCII)
_LIGHTEST, _HEAVIEST = Fraction(6, 10), Fraction(11, 10)  # kg/L, of liquid fuels
_MEMORY_ONLY: Final = "只凭记忆、未经核实，不能用于核算"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a factor table as published."""

    key: str
    label: str
    unit: str
    value: str
    notes: str
    source_title: str
    source_ref: str
    source_url: str
    confidence: str


@dataclass(frozen=True, slots=True)
class EnergyFactor:
    """A factor with its source: ``id`` is the key of its row."""

    id: str
    label: str
    rate: Rate
    row: Row

    @property
    def source(self) -> str:
        """Title and clause."""
        return "，".join(part for part in (self.row.source_title, self.row.source_ref) if part)


@dataclass(frozen=True, slots=True)
class GridFactor:
    """A factor of grid electricity of one year of data.

    Args:
        id: key of its row.
        year: year of the data.
        level: ``national``, ``regional`` or ``provincial``.
        region: Chinese name of the area.
        series: ``average``, ``excl_market_nonfossil`` (residual) or another.
        published_on: date of the announcement; None where it is not known.
        factor: the number; None where the row holds none.
        unusable: why it cannot be used, a Chinese sentence part; empty where it can.
        row: the row as published.
    """

    id: str
    year: int
    level: str
    region: str
    series: str
    published_on: date | None
    factor: EnergyFactor | None
    unusable: str
    row: Row

    def usable(self) -> EnergyFactor:
        """The number, where it may be used.

        Raises:
            EnergyRefused: it may not; field ``factors``.
        """
        if self.factor is None or self.unusable:
            sentence = f"因子“{self.id}”不能使用：{self.unusable}。请换一个因子。"
            raise refused("factors", sentence, "unusable")
        return self.factor


@dataclass(frozen=True, slots=True)
class EnergyTables:
    """All tables: CO2 sets by name and item, coefficients and grid factors by key, densities."""

    sets: Mapping[str, Mapping[str, EnergyFactor]]
    coal: Mapping[str, EnergyFactor]
    densities: Mapping[str, EnergyFactor]
    grid: Mapping[str, GridFactor]

    def density(self, item: str) -> Rate | None:
        """Density of an item, where it has one."""
        found = self.densities.get(item)
        return found.rate if found else None


def year_of_set(name: str) -> int | None:
    """The year in the name of a set, such as 2026 of ``js_t_303_2026``."""
    match = _YEAR_OF_SET.search(name)
    return int(match[1]) if match else None


def read_tables(files: Mapping[str, Iterable[str]]) -> EnergyTables:
    """Read and check the factor tables.

    Args:
        files: lines of each CSV, header first, by name of the file.

    Raises:
        EnergyTablesError: with every problem: file, key, fault and remedy.
    """
    reader = _TableReader()
    rows = [(file, row) for file, lines in files.items() for row in reader.rows(file, lines)]
    # Densities first: factors per litre are compared with bands per kilogram.
    for file, row in sorted(rows, key=lambda pair: not pair[1].key.startswith("density.")):
        reader.take(file, row)
    reader.close()
    if reader.problems:
        raise EnergyTablesError(reader.problems)
    return EnergyTables(reader.sets, reader.coal, reader.densities, reader.grid)


@dataclass(slots=True)
class _TableReader:
    problems: list[Problem] = field(default_factory=list)
    sets: dict[str, dict[str, EnergyFactor]] = field(default_factory=dict)
    coal: dict[str, EnergyFactor] = field(default_factory=dict)
    densities: dict[str, EnergyFactor] = field(default_factory=dict)
    grid: dict[str, GridFactor] = field(default_factory=dict)
    announced: dict[int, date] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def rows(self, file: str, lines: Iterable[str]) -> list[Row]:
        """The rows of a file, and the day on which each year's national factor was announced."""
        table = csv.DictReader(lines)
        missing = [name for name in _COLUMNS if name not in (table.fieldnames or ())]
        if missing:
            self.fail(
                file, missing[0], "因子表缺少这一列。", f"表头应包含：{'、'.join(_COLUMNS)}。"
            )
            return []
        try:
            records = list(table)
        except csv.Error as error:
            self.fail(
                file,
                f"第 {table.line_num} 行",
                f"无法读取（{error}）。",
                "请核对引号和过长的单元格。",
            )
            return []
        rows = [Row(*((record[name] or "").strip() for name in _COLUMNS)) for record in records]
        for row in rows:
            self._note_announcement(file, row)
        return rows

    def _note_announcement(self, file: str, row: Row) -> None:
        """One announcement a year brings all its factors; the national row's notes have its day."""
        match, day = _GRID_KEY.fullmatch(row.key), _ISO_DAY.search(row.notes)
        if match is None or (match[2], match[3]) != (NATIONAL, COUNTRY) or day is None:
            return
        year, remedy = int(match[1]), "请改正备注中的日期。"
        try:
            found = date.fromisoformat(day[0])
        except ValueError:
            self.fail(file, row.key, f"公布日期“{day[0]}”不存在。", remedy)
            return
        if found.year <= year:
            self.fail(file, row.key, f"公布日期 {found} 不晚于数据年份 {year}。", remedy)
        self.announced[year] = found

    def fail(self, file: str, key: str, fault: str, remedy: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(file, key, fault, remedy))

    def _check_source(self, file: str, row: Row) -> None:
        if not is_publishers(row.source_url, LINK_HOSTS):
            fault = f"链接“{row.source_url}”不在发布机构自己的网站上。"
            self.fail(file, row.key, fault, "请换成发布机构的网址，或留空。")
        if row.confidence != MEMORY and not (row.source_title or row.source_ref):
            self.fail(file, row.key, "这个因子没有来源。", "请补上来源，或标为 memory。")

    def take(self, file: str, row: Row) -> None:
        """Put a row where it belongs."""
        if row.key in self.seen:
            self.fail(file, row.key, "因子重复。", "请只保留一行。")
            return
        self.seen.add(row.key)
        if row.confidence not in _CONFIDENCES:
            self.fail(
                file,
                row.key,
                f"可信度“{row.confidence}”不认识。",
                nearest(row.confidence, _CONFIDENCES),
            )
        self._check_source(file, row)
        head, _, tail = row.key.partition(".")
        if head == "anchor":
            return
        if head[:1].isdigit():
            self._take_grid(file, row)
        elif head == "density":
            self._take_density(file, row, tail)
        elif head == "tce":
            self._take_coal(file, row, tail)
        else:
            self._take_carbon(file, row, head, tail)

    def _factor(self, file: str, row: Row, of: str) -> EnergyFactor | None:
        number = decimal_of(row.value)
        if number is None:
            self.fail(file, row.key, f"“{row.value}”不是普通小数。", "请写成例如 0.4974。")
            return None
        try:
            found = rate(number, row.unit)
        except ValueError as error:
            self.fail(file, row.key, str(error), "请改正单位。")
            return None
        if found.of != of:
            self.fail(file, row.key, f"单位 {row.unit} 与因子的种类不符。", "请改正单位或键名。")
            return None
        return EnergyFactor(row.key, row.label, found, row)

    def _plausible(self, file: str, item: Item, factor: EnergyFactor) -> bool:
        density = self.densities.get(item.key)
        why = implausible(item, factor.rate, density.rate if density else None)
        if why:
            self.fail(file, factor.id, "因子不合理：", why)
        return not why

    def _take_density(self, file: str, row: Row, item: str) -> None:
        factor = self._factor(file, row, MASS)
        if factor is None:
            return
        if factor.rate.per != VOLUME or not _LIGHTEST <= factor.rate.value <= _HEAVIEST:
            self.fail(file, row.key, "密度须在 0.6～1.1 kg/L 之间。", "请核对数值和单位。")
            return
        self.densities[item] = factor

    def _take_coal(self, file: str, row: Row, tail: str) -> None:
        factor = self._factor(file, row, COAL)
        name = tail.removeprefix("gbt2589.").partition(".")[0]
        about = [key for key in ITEMS if name == key or name.startswith(f"{key}_")]
        item = ITEMS[max(about, key=len)] if about else None
        if factor is not None and (item is None or self._plausible(file, item, factor)):
            self.coal[row.key] = factor

    def _take_carbon(self, file: str, row: Row, set_name: str, tail: str) -> None:
        factor = self._factor(file, row, CARBON)
        item = ITEMS.get(tail)
        if item is None:
            self.fail(file, row.key, f"不认识品目“{tail}”。", nearest(tail, ITEMS))
        elif factor is not None and self._plausible(file, item, factor):
            self.sets.setdefault(set_name, {})[tail] = factor

    def _take_grid(self, file: str, row: Row) -> None:
        match = _GRID_KEY.fullmatch(row.key)
        if match is None:
            self.fail(file, row.key, "键名不是“年份.级别.地区”。", "例如 2023.provincial.浙江。")
            return
        year, level, name = int(match[1]), match[2], match[3]
        areas = BELOW_NATION.get(level, (name,))
        if name not in areas:
            self.fail(file, row.key, f"“{name}”不是 {level} 一级的地区。", nearest(name, areas))
            return
        region, series = (name, AVERAGE)
        if level == NATIONAL and name != COUNTRY:
            region, series = COUNTRY, name
        factor = None
        if decimal_of(row.value) is not None:
            factor = self._factor(file, row, CARBON)
            if factor is None or not self._plausible(file, ITEMS[ELECTRICITY], factor):
                return
        published = self.announced.get(year)
        unusable = _why_unusable(row, factor, series, published)
        self.grid[row.key] = GridFactor(
            row.key, year, level, region, series, published, factor, unusable, row
        )

    def close(self) -> None:
        """Check what only whole years show."""
        for year in sorted({found.year for found in self.grid.values()}):
            why = repeated(
                (found.region, found.factor.rate.number)
                for found in self.grid.values()
                if found.year == year and found.level == PROVINCIAL and found.factor
            )
            if why:
                self.fail("grid_factors.csv", f"{year}.{PROVINCIAL}", "因子不合理：", why)


def _why_unusable(
    row: Row, factor: EnergyFactor | None, series: str, published: date | None
) -> str:
    if factor is None:
        return f"数值“{row.value}”不是确定的数字"
    if row.confidence == MEMORY:
        return _MEMORY_ONLY
    if published is None:
        return "公布日期不明"
    if series not in {AVERAGE, RESIDUAL}:
        return "不是平均因子或剩余因子，不能用于电力核算"
    return ""
