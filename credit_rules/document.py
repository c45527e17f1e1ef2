"""Reading a methodology file into its typed document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from itertools import product

from credit_rules.blocks import BLOCKS
from credit_rules.canonical import canonical_bytes
from credit_rules.dating import check_dates
from credit_rules.errors import Problem, nearest
from credit_rules.factors import FactorReader, FactorRow
from credit_rules.model import (
    Boundary,
    Dated,
    EvidenceDoc,
    Exclusion,
    Factor,
    FactorTable,
    InputSpec,
    MethodologyDoc,
    Parameter,
    Scenario,
    Source,
    Standards,
    StepDoc,
    Tier,
)
from credit_rules.reading import Reader
from credit_rules.sections import read_bonus, read_examples, read_inputs
from credit_rules.standards import read_source
from credit_rules.units import Unit

_ID = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+", re.ASCII)
_BOUNDARIES = ("in_meter", "outside")
_SCENARIOS = ("reduction", "behaviour")
EXCLUSION_PERIODS = ("trip", "meal", "day", "week", "month", "year")


class DocumentReader:
    """Reads one methodology file.

    Args:
        file: name of the file, for messages.
        data: the parsed TOML.
        standards: what the rulebook shares.
        rows: the factor tables.
        problems: where errors are added.
    """

    def __init__(
        self,
        file: str,
        data: Mapping[str, object],
        standards: Standards,
        rows: Mapping[str, FactorRow],
        problems: list[Problem],
    ) -> None:
        self.at = Reader(file, data, "", problems)
        self.data, self.standards, self.rows = data, standards, rows
        self.problems = problems
        self.factors: list[Factor] = []

    def read(self) -> MethodologyDoc | None:
        """Read the file; None when a problem was found."""
        before = len(self.problems)
        doc = self._read()
        return doc if len(self.problems) == before else None

    def _read(self) -> MethodologyDoc:
        at = self.at
        if at.integer("schema") != 1:
            at.fail("schema", "只支持 schema = 1。", "请改为 1。")
        start, until = self._dates()
        sources = self._sources()
        inputs = read_inputs(at, self.standards.waste_classes)
        reader = FactorReader(self.rows, sources)
        parameters = self._parameters(reader, start, until)
        tables = self._tables(reader, inputs)
        scenario, boundary = self._nature()
        category, share = self._footprint()
        reduction, points = self._result()
        doc = MethodologyDoc(
            file=at.file,
            id=self._id(),
            version=self._version(),
            title=at.text("title"),
            summary=at.text("summary"),
            scenario=scenario,
            boundary=boundary,
            baseline=self._baseline(sources, needed=bool(reduction)),
            footprint_category=category,
            footprint_share=share,
            start=start,
            until=until,
            sources=sources,
            inputs=inputs,
            parameters=parameters,
            tables=tables,
            steps=self._steps(),
            reduction=reduction,
            points=points,
            evidence=self._evidence(),
            excludes=self._excludes(),
            bonus=read_bonus(at),
            examples=read_examples(at),
            canonical=b"",
        )
        at.done()
        return _with_canonical(doc, self.data, self.factors, self.problems)

    def _id(self) -> str:
        value = self.at.text("id")
        if value and not _ID.fullmatch(value):
            self.at.fail(
                "id", f"编号“{value}”不合规。", "请写成“类别.名称”，例如 recycling.drop_off。"
            )
        return value

    def _nature(self) -> tuple[Scenario, Boundary]:
        scenario = self.at.word("scenario", _SCENARIOS)
        boundary = self.at.word("boundary", _BOUNDARIES)
        if boundary == "in_meter" and scenario == "reduction":
            self.at.fail(
                "scenario",
                "表内节约（in_meter）已体现在能耗表上，不能作为减排场景签发。",
                '请写 scenario = "behaviour"。',
            )
        return (
            "reduction" if scenario == "reduction" else "behaviour",
            "in_meter" if boundary == "in_meter" else "outside",
        )

    def _version(self) -> int:
        version = self.at.integer("version")
        if version < 1 and self.at.has("version"):
            self.at.fail("version", "版本号从 1 开始。", "请改为正整数。")
        return version

    def _dates(self) -> tuple[date, date | None]:
        at = self.at.table("effective")
        start, until = at.day("from"), at.day("until", required=False)
        at.done()
        if start and until and until < start:
            at.fail("until", "失效日期早于生效日期。", "请改正日期。")
        return start or date.min, until

    def _sources(self) -> dict[str, Source]:
        found = {
            name: read_source(name, at, self.standards.confidences)
            for name, at in self.at.named("sources")
        }
        if not found and self.at.has("sources"):
            self.at.fail("sources", "没有写任何来源。", "请至少写一个来源。")
        return found

    def _baseline(self, sources: Mapping[str, Source], *, needed: bool) -> str:
        at = self.at.table("baseline", required=needed)
        if not needed and not self.at.has("baseline"):
            return ""
        label, name = at.text("label"), at.name("name")
        version, source = at.integer("version"), at.word("source", sources)
        at.done()
        return (
            f"{label}（{name}@{version}，来源：{sources[source].title}）"
            if source in sources
            else ""
        )

    def _factor(self, reader: FactorReader, at: Reader, unit: Unit) -> Factor | None:
        factor = reader.read(at, unit)
        if factor is not None:
            self.factors.append(factor)
        return factor

    def _parameters(
        self, reader: FactorReader, start: date, until: date | None
    ) -> dict[str, Parameter]:
        found: dict[str, Parameter] = {}
        for name, at in self.at.named("parameters", required=False):
            label, unit = at.text("label"), at.unit("unit")
            values: list[Dated] = []
            for row in at.tables("values"):
                begin, end = row.day("from"), row.day("until", required=False)
                factor = self._factor(reader, row, unit)
                if begin and factor:
                    values.append(Dated(begin, end, factor))
            at.done()
            check_dates(at, values, start, until)
            found[name] = Parameter(name, label, unit, tuple(values))
        return found

    def _tables(
        self, reader: FactorReader, inputs: Mapping[str, InputSpec]
    ) -> dict[str, FactorTable]:
        found: dict[str, FactorTable] = {}
        choices = {name: spec for name, spec in inputs.items() if spec.kind == "choice"}
        for name, at in self.at.named("tables", required=False):
            label, unit = at.text("label"), at.unit("unit")
            keys = at.words("keys", choices)
            default = at.text("source", default="")
            rows = at.table("rows")
            wanted = _combinations(keys, choices)
            filled: dict[str, Factor] = {}
            for row in wanted:
                factor = self._row(reader, rows, row, unit, default)
                if factor:
                    filled[row] = factor
            rows.done()
            at.done()
            found[name] = FactorTable(name, label, unit, keys, filled)
        return found

    def _row(
        self, reader: FactorReader, rows: Reader, row: str, unit: Unit, default: str
    ) -> Factor | None:
        if not isinstance(rows.raw(row, required=False), str):
            return self._factor(reader, rows.table(row), unit)
        value = rows.decimal(row)
        if not default:
            rows.fail(row, "这个数字没有来源。", "请在表上写 source，或改写成 { value, source }。")
            return None
        return reader.of_source(rows, row, default, value, unit)

    def _steps(self) -> tuple[StepDoc, ...]:
        found: list[StepDoc] = []
        for index, at in enumerate(self.at.tables("steps")):
            name = at.text("block")
            block = BLOCKS.get(name)
            if block is None:
                if name:
                    at.fail("block", f"没有积木“{name}”。", nearest(name, BLOCKS))
                continue
            shows = name != "eligible"
            out = at.name("out") if shows else ""
            label = at.text("label") if shows else ""
            settings = {key: at.raw(key) for key in block.needs}
            settings |= {key: at.raw(key) for key in block.may if at.has(key)}
            at.done()
            found.append(StepDoc(index, name, out, label, settings))
        return tuple(found)

    def _result(self) -> tuple[str, str]:
        at = self.at.table("result")
        reduction, points = at.text("reduction", default=""), at.text("points")
        at.done()
        return reduction, points

    def _footprint(self) -> tuple[str, Decimal]:
        at = self.at.table("footprint")
        category = at.word("category", self.standards.footprint_categories)
        share = at.decimal("share", default=Decimal(1))
        at.done()
        if share > 1:
            at.fail("share", "份额不能大于 1。", "请改为 0 到 1 之间的小数。")
        return category, share

    def _evidence(self) -> EvidenceDoc:
        at = self.at.table("evidence")
        tables = self.standards.evidence_tables
        name = at.word("table", tables)
        table = tables.get(name) or next(iter(tables.values()))
        doc = EvidenceDoc(
            table,
            at.words("accepts", [tier.name for tier in table.tiers]),
            at.words("kinds"),
            at.words("requires", required=False),
            at.words("unique_by", required=False),
            at.integer("max_age_days") if at.has("max_age_days") else None,
        )
        at.done()
        for kind in doc.requires:
            if kind not in doc.kinds:
                at.fail("requires", f"凭证种类“{kind}”不在 kinds 中。", nearest(kind, doc.kinds))
        return doc

    def _excludes(self) -> tuple[Exclusion, ...]:
        found = []
        for at in self.at.tables("excludes", required=False):
            found.append(Exclusion(at.text("methodology"), at.word("period", EXCLUSION_PERIODS)))
            at.text("reason", default="")
            at.done()
        return tuple(found)


def _combinations(keys: tuple[str, ...], choices: Mapping[str, InputSpec]) -> list[str]:
    if not all(key in choices for key in keys) or not keys:
        return []
    return [
        "|".join(combination)
        for combination in product(*([c.value for c in choices[key].choices] for key in keys))
    ]


def _with_canonical(
    doc: MethodologyDoc,
    data: Mapping[str, object],
    factors: list[Factor],
    problems: list[Problem],
) -> MethodologyDoc:
    if problems:
        return doc
    table = doc.evidence.table
    whole = {
        "file": data,
        "factors": [{**_named(f), "unit": f.unit.text} for f in factors if f.key],
        "evidence": {"name": table.name, "tiers": [_named(tier) for tier in table.tiers]},
    }
    known = {name: getattr(doc, name) for name in doc.__slots__ if name != "canonical"}
    return MethodologyDoc(**known, canonical=canonical_bytes(whole))


def _named(record: Factor | Tier) -> dict[str, object]:
    """The fields of a record by name; `asdict` would copy them deeply first."""
    return {field.name: getattr(record, field.name) for field in fields(record)}
