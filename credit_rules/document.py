"""Reading a methodology file into its typed document."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import date
from decimal import Decimal
from itertools import product

from credit_rules.basis import SavingBasis, check_basis, read_basis, text_of
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
    StepDoc,
    Tier,
)
from credit_rules.reading import Reader
from credit_rules.sections import read_bonus, read_examples, read_inputs
from credit_rules.standards import read_source
from credit_rules.standards_model import Standards
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
        self._check_schema()
        at, sources = self.at, self._sources()
        start, until = self._dates()
        inputs = read_inputs(at, self.standards.waste_classes)
        reader = FactorReader(self.rows, sources, self.standards.link_hosts)
        basis = read_basis(at, self.standards.baselines, sources)
        parameters = self._with_figure(basis, self._parameters(reader, start, until), start)
        scenario, boundary = self._nature()
        (category, share), (reduction, points) = self._footprint(), self._result()
        doc = MethodologyDoc(
            file=at.file,
            id=self._id(),
            version=self._version(),
            title=at.text("title"),
            summary=at.text("summary"),
            scenario=scenario,
            boundary=boundary,
            baseline=text_of(basis),
            footprint_category=category,
            footprint_share=share,
            start=start,
            until=until,
            sources=sources,
            inputs=inputs,
            parameters=parameters,
            tables=self._tables(reader, inputs),
            steps=self._steps(start),
            reduction=reduction,
            points=points,
            evidence=self._evidence(),
            excludes=self._excludes(),
            bonus=read_bonus(at),
            examples=read_examples(at, self.standards.shared),
            calendar=self.standards.calendar,
            data=self.data,
            canonical=b"",
        )
        at.done()
        check_basis(at, doc, basis)
        return _with_canonical(doc, self.data, self.factors, self.problems)

    def _check_schema(self) -> None:
        if self.at.integer("schema") != 1:
            self.at.fail("schema", "只支持 schema = 1。", "请改为 1。")

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
        """The sources of the file, and those of the rulebook that it names."""
        common = self.standards.sources
        own = {
            name: read_source(name, at, self.standards.confidences, self.standards.link_hosts)
            for name, at in self.at.named("sources", required=not common)
        }
        if not own and self.at.has("sources"):
            self.at.fail("sources", "没有写任何来源。", "请至少写一个来源。")
        for name in own:
            if name in common:
                fault = f"规则集已有来源“{name}”。"
                self.at.fail(f"sources.{name}", fault, "请删除这一处，直接用规则集的来源。")
        said = _texts(self.data)
        steps = (step for name, step in self.standards.shared.items() if name in said)
        said |= {str(step.settings["source"]) for step in steps}
        return own | {name: source for name, source in common.items() if name in said}

    def _with_figure(
        self, basis: SavingBasis | None, parameters: dict[str, Parameter], start: date
    ) -> dict[str, Parameter]:
        """The parameters and the figure of the baseline that the file names."""
        if basis is None or basis.baseline is None:
            return parameters
        figure = basis.baseline.figure
        if figure.name in parameters:
            fault = f"参数“{figure.name}”与所用的基准同名。"
            self.at.fail(f"parameters.{figure.name}", fault, "请删除它：数值由规则集给出。")
        self._begun("baseline", figure.values[0].start, start)
        return {**parameters, figure.name: figure}

    def _begun(self, key: str, first: date, start: date) -> None:
        """Refuse a shared figure that begins after the file does."""
        if first > start:
            fault = f"规则集中的数值自 {first} 起才有，晚于本文件的生效日期 {start}。"
            self.at.fail(key, fault, "请在规则集中补上更早的数值，或推迟生效。")

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

    def _steps(self, start: date) -> tuple[StepDoc, ...]:
        found: list[StepDoc] = []
        for index, at in enumerate(self.at.tables("steps")):
            name = at.text("block")
            if name in BLOCKS:
                found.append(self._step(index, name, at, start))
            elif name:
                at.fail("block", f"没有积木“{name}”。", nearest(name, BLOCKS))
        return tuple(found)

    def _step(self, index: int, name: str, at: Reader, start: date) -> StepDoc:
        shows = name != "eligible"
        out = at.name("out") if shows else ""
        if out:
            at.path = f"steps.{out}"
        if at.has("shared"):
            return self._shared_step(index, name, out, at, start)
        block, label = BLOCKS[name], at.text("label") if shows else ""
        settings = {key: at.raw(key) for key in block.needs}
        settings |= {key: at.raw(key) for key in block.may if at.has(key)}
        at.done()
        return StepDoc(index, name, out, label, settings)

    def _shared_step(self, index: int, name: str, out: str, at: Reader, start: date) -> StepDoc:
        """A step whose limit stands in the rulebook: only what it is applied to is said here."""
        counted = BLOCKS[name].needs[0]
        settings: dict[str, object] = {counted: at.raw(counted)}
        shared = self.standards.shared.get(at.word("shared", self.standards.shared))
        at.done()
        if shared is None:
            return StepDoc(index, name, out, "", settings)
        if shared.block != name:
            fault = f"“{shared.name}”是 {shared.block}，这里写的是 {name}。"
            at.fail("block", fault, f'请写 block = "{shared.block}"。')
        if shared.values:
            self._begun(f"steps.{out}.shared", shared.values[0][0], start)
        given = {**settings, **shared.settings}
        return StepDoc(index, name, out, shared.label, given, shared.name, shared.values)

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


def _texts(value: object) -> set[str]:
    """Every text that stands as a value somewhere in a file."""
    if isinstance(value, str):
        return {value}
    inner: Iterable[object] = ()
    if isinstance(value, Mapping):
        inner = value.values()
    elif isinstance(value, list):
        inner = value
    return {text for item in inner for text in _texts(item)}


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
    """The fields of a record by name; `asdict` would copy them deeply first.

    How a copy was obtained is no part of what a methodology says.
    """
    names = (field.name for field in fields(record))
    return {name: getattr(record, name) for name in names if name != "obtained"}
