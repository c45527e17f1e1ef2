"""What all methodologies of a rulebook share, read from ``rulebook.toml``."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from credit_rules.calendar import HolidayCalendar
from credit_rules.canonical import canonical_bytes
from credit_rules.errors import Problem
from credit_rules.factors import FactorRow
from credit_rules.links import is_publishers
from credit_rules.model import EvidenceTable, Source, Tier
from credit_rules.reading import Reader
from credit_rules.shared import published_figures, read_baselines, read_shared
from credit_rules.standards_model import Band, Legacy, Standards
from credit_rules.units import Unit, parse_quantity, parse_unit


def read_source(
    name: str, at: Reader, confidences: Mapping[str, str], hosts: tuple[str, ...]
) -> Source:
    """Read where something comes from: title, clause, address, confidence.

    Args:
        name: short name by which the file refers to it.
        at: its table.
        confidences: the confidences of the rulebook.
        hosts: the hosts that may be linked.
    """
    source = Source(
        name,
        at.text("title"),
        at.text("clause"),
        at.text("href", default=""),
        at.word("confidence", confidences),
    )
    at.done()
    if not is_publishers(source.href, hosts):
        fault = f"链接“{source.href}”不在发布机构自己的网站上。"
        at.fail("href", fault, "请换成发布机构的网址，或删去 href；可链接的网站写在 link_hosts。")
    return source


def _labels(at: Reader, key: str) -> dict[str, str]:
    inner = at.table(key)
    return {name: inner.text(name) for name in inner.keys()}  # noqa: SIM118 - not a dict


def _evidence_table(
    name: str, at: Reader, confidences: Mapping[str, str], hosts: tuple[str, ...]
) -> EvidenceTable:
    source = read_source(name, at.table("source"), confidences, hosts)
    tiers = []
    inner = at.table("tiers")
    for tier in inner.keys():  # noqa: SIM118 - not a dict
        row = inner.table(tier)
        tiers.append(
            Tier(
                tier,
                row.text("label"),
                row.decimal("points"),
                row.decimal("reduction"),
                row.flag("ranked"),
            )
        )
        row.done()
        if max(tiers[-1].points, tiers[-1].reduction) > 1:
            row.fail("points", "凭证权重不能大于 1。", "请改为 0 到 1 之间的小数。")
    if not tiers:
        at.fail("tiers", "凭证等级表是空的。", "请至少写一个等级。")
    at.done()
    return EvidenceTable(name, tuple(tiers), source)


def _quantity(at: Reader, key: str) -> tuple[Fraction, Unit]:
    try:
        return parse_quantity(at.text(key))
    except ValueError as error:
        at.fail(key, str(error), "请写成“数字 单位”。")
        return Fraction(0), parse_unit("1")


def _band(at: Reader) -> Band:
    low, unit = _quantity(at, "min")
    high, high_unit = _quantity(at, "max")
    if unit.dimension != high_unit.dimension or low >= high:
        at.fail("max", "上限与下限单位不同，或不大于下限。", "请改正。")
    band = Band(
        at.text("name"),
        high_unit,
        low,
        high,
        at.words("methodologies"),
        at.words("rows"),
        at.words("unless_evidence", required=False),
        at.text("remedy"),
    )
    at.done()
    return band


def _legacy(at: Reader) -> Legacy:
    value, unit = _quantity(at, "value")
    legacy = Legacy(value, unit, at.text("remedy"))
    at.done()
    return legacy


def read_standards(
    file: str,
    data: Mapping[str, object],
    rows: Mapping[str, FactorRow],
    calendar: HolidayCalendar,
    problems: list[Problem],
) -> Standards:
    """Read ``rulebook.toml``.

    Args:
        file: name of the file, for messages.
        data: the parsed TOML.
        rows: the factor tables, for the figures of baselines.
        calendar: the published holidays.
        problems: where errors are added.

    Returns:
        The standards; to be discarded when problems were added.
    """
    at = Reader(file, data, "", problems)
    if at.integer("schema") != 1:
        at.fail("schema", "只支持 schema = 1。", "请改为 1。")
    confidences, hosts = _labels(at, "confidences"), at.words("link_hosts")
    sources = {
        name: read_source(name, inner, confidences, hosts)
        for name, inner in at.named("sources", required=False)
    }
    shared, baselines = read_shared(at, sources), read_baselines(at, sources, rows, hosts)
    standards = Standards(
        at.name("name"),
        at.text("title"),
        {
            name: _evidence_table(name, table, confidences, hosts)
            for name, table in at.named("evidence_tables")
        },
        _labels(at, "waste_classes"),
        _labels(at, "footprint_categories"),
        confidences,
        hosts,
        tuple(_band(band) for band in at.tables("bands", required=False)),
        tuple(_legacy(entry) for entry in at.tables("legacy", required=False)),
        sources,
        shared,
        baselines,
        calendar,
        canonical_bytes(data) if not problems else b"",
        published_figures(shared, baselines) | calendar.published if not problems else {},
    )
    at.done()
    return standards
