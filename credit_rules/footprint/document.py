"""Reading one questionnaire file: every key known, every number sourced, every example right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

from credit_rules.canonical import canonical_bytes, digest
from credit_rules.errors import FactsRefused, Problem
from credit_rules.factors import FactorReader, FactorRow
from credit_rules.footprint.answers import ActionTotals
from credit_rules.footprint.estimating import Estimate, estimate
from credit_rules.footprint.lines import LineReader
from credit_rules.footprint.model import (
    FactorRange,
    Line,
    Period,
    Questionnaire,
    RadiativeForcing,
    Region,
)
from credit_rules.footprint.questions import QuestionReader
from credit_rules.footprint.ranges import RangeReader, countable_rows, read_legacy, read_origin
from credit_rules.footprint.wording import kilograms
from credit_rules.model import Source
from credit_rules.reading import Reader
from credit_rules.standards import read_source
from credit_rules.standards_model import Standards

FEWEST_EXAMPLES: Final = 4


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: answers and logged actions, and the kilograms that must come out."""

    key: str
    region: str
    radiative_forcing: bool
    answers: Mapping[str, str]
    actions: ActionTotals
    total: tuple[str, ...]
    categories: Mapping[str, str]


class QuestionnaireReader:
    """Reads one questionnaire file.

    Args:
        file: name of the file, for messages.
        data: the parsed TOML.
        standards: what the rulebook shares: categories, confidences, outdated values.
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
        self.data, self.standards = data, standards
        self.rows = countable_rows(rows)

    def read(self) -> Questionnaire | None:
        """The questionnaire; None where it cannot be read. Examples that fail are problems."""
        at = self.at
        if at.integer("schema") != 1:
            at.fail("schema", "只支持 schema = 1。", "请改为 1。")
        examples = [_read_example(row) for row in at.tables("examples")]
        if len(examples) < FEWEST_EXAMPLES:
            at.fail("examples", "算例少于四个。", "请补足，使每一类和航空选项都有算例。")
        found = self._read()
        at.done()
        if at.problems or found is None:
            return None
        for example in examples:
            _check_example(at, found, example)
        return found

    def _read(self) -> Questionnaire | None:
        at, standards, sources = self.at, self.standards, self._sources()
        ranges = self._ranges(sources)
        factors, regional_keys = self._factors(ranges)
        sets, regions = _texts(at.table("assumption_sets")), at.tables("regions")
        asking = QuestionReader(standards.footprint_categories, self._periods(), sets, sources)
        questions = asking.read(at)
        places, regional = _regions(regions, ranges, regional_keys, sets)
        reader = LineReader(asking, questions, factors, regional, tuple(places))
        lines = reader.read(at)
        logged_modes = reader.logged_modes(at, lines)
        used = [*lines, *(mode.line for mode in logged_modes.values())]
        start, until = self._dates()
        # Read whatever else is wrong: a key that is not read is reported as an unknown one.
        name, version, notes = at.name("id"), self._version(), at.words("notes")
        title, summary = at.text("title"), at.text("summary")
        default_region = at.word("default_region", places)
        forcing = self._forcing(factors)
        if forcing is None:
            return None
        return Questionnaire(
            file=at.file,
            id=name,
            version=version,
            title=title,
            summary=summary,
            start=start,
            until=until,
            digest=self._digest(used),
            questions=questions,
            lines=lines,
            logged_modes=logged_modes,
            regions=places,
            default_region=default_region,
            categories=standards.footprint_categories,
            notes=notes,
            forcing=forcing,
        )

    def _sources(self) -> dict[str, Source]:
        return {
            name: read_source(name, inner, self.standards.confidences, self.standards.link_hosts)
            for name, inner in self.at.named("sources")
        }

    def _ranges(self, sources: Mapping[str, Source]) -> RangeReader:
        at = self.at
        origins = tuple(
            read_origin(row, self.standards.confidences) for row in at.tables("origins")
        )
        own = tuple(read_legacy(row) for row in at.tables("legacy", required=False))
        legacy = (*self.standards.legacy, *own)
        return RangeReader(
            FactorReader(self.rows, sources, self.standards.link_hosts), origins, legacy
        )

    def _factors(self, ranges: RangeReader) -> tuple[dict[str, FactorRange], dict[str, Reader]]:
        """Factors that are the same everywhere, and the headings of those that are not."""
        found: dict[str, FactorRange] = {}
        regional: dict[str, Reader] = {}
        if not ranges.origins:
            return found, regional
        for key, inner in self.at.named("factors"):
            if inner.has("by_region") and inner.flag("by_region"):
                regional[key] = inner
                continue
            factor = ranges.read(key, inner)
            if factor is not None:
                found[key] = factor
        return found, regional

    def _periods(self) -> dict[str, Period]:
        found: dict[str, Period] = {}
        for name, inner in self.at.named("periods"):
            found[name] = Period(name, inner.integer("times"), inner.text("label"))
            if found[name].times < 1:
                inner.fail("times", "一年中的次数须是正整数。", "例如 52。")
            inner.done()
        return found

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

    def _forcing(self, factors: Mapping[str, FactorRange]) -> RadiativeForcing | None:
        found = [factor.forcing for factor in factors.values() if factor.forcing]
        if len(found) == 1:
            return found[0]
        self.at.fail("factors", "应有且只有一个因子写明航空的非二氧化碳效应。", "请写 forcing 表。")
        return None

    def _digest(self, lines: Iterable[Line]) -> str:
        """Digest over the file and the rows of the factor tables it stands on."""
        if self.at.problems:
            return ""
        found = {
            bound.factor.key: bound.factor
            for line in lines
            for rate in line.rates.values()
            for bound in rate.factor.bounds
        }
        factors = {
            key: {**asdict(factor), "unit": factor.unit.text} for key, factor in found.items()
        }
        return digest(canonical_bytes({"file": self.data, "factors": factors}))


def _texts(at: Reader) -> dict[str, str]:
    return {name: at.text(name) for name in at.keys()}  # noqa: SIM118 - not a dict


def _regions(
    rows: Iterable[Reader],
    ranges: RangeReader,
    headings: Mapping[str, Reader],
    sets: Mapping[str, str],
) -> tuple[dict[str, Region], dict[str, dict[str, FactorRange]]]:
    """The regions, and for every factor that differs between them its range in each."""
    places: dict[str, Region] = {}
    found: dict[str, dict[str, FactorRange]] = {key: {} for key in headings}
    titles = {key: (at.text("label"), at.unit("unit")) for key, at in headings.items()}
    for at in headings.values():
        at.done()
    for row in rows:
        name = row.text("name")
        if name in places:
            row.fail("name", f"地区“{name}”写了两次。", "请只保留一个。")
        places[name] = Region(name, row.word("assumed", sets))
        for key, (label, unit) in titles.items():
            inner = row.table(key)
            factor = ranges.bounds(inner, key, f"{label}（{name}）", unit)
            inner.done()
            if factor is not None:
                found[key][name] = factor
        row.done()
    return places, found


def _read_example(at: Reader) -> Example:
    answers, expect = at.table("answers"), at.table("expect")
    logged = at.table("logged", required=False)
    reductions = logged.table("reductions_mg", required=False)
    categories = expect.table("categories")
    example = Example(
        key=f"{at.path}.expect",
        region=at.text("region"),
        radiative_forcing=at.flag("radiative_forcing"),
        answers=_texts(answers),
        actions=ActionTotals(
            {name: reductions.integer(name) for name in reductions.keys()},  # noqa: SIM118 - not a dict
            dict(_texts(logged.table("kilometres", required=False))),
        ),
        total=expect.words("total"),
        categories=_texts(categories),
    )
    at.text("name")
    logged.done()
    expect.done()
    at.done()
    return example


def _check_example(at: Reader, questionnaire: Questionnaire, example: Example) -> None:
    try:
        result = estimate(
            questionnaire,
            example.answers,
            region=example.region,
            radiative_forcing=example.radiative_forcing,
            actions=example.actions,
        )
    except FactsRefused as error:
        at.fail(example.key, f"算例被拒绝：{error}", "请改正算例的输入。")
        return
    for key, expected, found in _compared(example, result):
        if expected != found:
            at.fail(
                f"{example.key}.{key}",
                f"算例不符：写的是 {expected}，算得 {found}（kg）。",
                "请核对因子与算例，改正其中之一。",
            )


def _compared(example: Example, result: Estimate) -> list[tuple[str, object, object]]:
    found = {category.name: kilograms(category.mg.mid) for category in result.categories}
    rows: list[tuple[str, object, object]] = [
        ("total", example.total, tuple(kilograms(end) for end in result.total))
    ]
    rows += [
        (f"categories.{name}", kg, found.get(name, "没有这一类"))
        for name, kg in example.categories.items()
    ]
    return rows
