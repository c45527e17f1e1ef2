"""Checks over a whole rulebook: dates, counters, bands, locks and worked examples."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from fnmatch import fnmatchcase
from fractions import Fraction
from itertools import pairwise
from typing import Final, NamedTuple

from credit_rules.canonical import canonical_bytes, digest
from credit_rules.counters import CapSpec
from credit_rules.errors import Problem, nearest
from credit_rules.examples import check_examples
from credit_rules.methodology import DatedPlan, Methodology
from credit_rules.model import Exclusion
from credit_rules.rulebook import Rulebook
from credit_rules.standards_model import Band, Legacy, Standards
from credit_rules.units import Dimension, base_unit, decimal_text
from credit_rules.values import Counted, CounterField

STANDARDS_FILE: Final = "rulebook.toml"


def check_and_assemble(
    standards: Standards,
    methodologies: list[Methodology],
    declared: Collection[str],
    lock: Mapping[str, str],
    problems: list[Problem],
) -> Rulebook | None:
    """Check methodologies against each other and make a rulebook of them.

    Args:
        standards: what the rulebook shares.
        methodologies: the compiled methodologies, one per file.
        declared: the ids of all files, also of those that could not be compiled.
        lock: digests of published versions by ``id@version``.
        problems: where errors are added.

    Returns:
        The rulebook, or None when there is nothing to assemble.
    """
    _check_lock(methodologies, lock, problems)
    _check_figures(standards, lock, problems)
    versions = _dated(methodologies, problems)
    everything = [methodology for line in versions.values() for methodology in line]
    _check_shared_counters(everything, problems)
    for methodology in everything:
        _check_plausible(methodology, standards, problems)
        _check_reach(methodology, problems)
    versions = _with_exclusions(versions, declared, problems)
    if not problems:
        for line in versions.values():
            for methodology in line:
                check_examples(methodology, problems)
    if not versions:
        return None
    content = [[m.id, m.version, m.digest] for line in versions.values() for m in line]
    return Rulebook(
        name=standards.name,
        title=standards.title,
        digest=digest(canonical_bytes([digest(standards.canonical), sorted(content)])),
        standards=standards,
        versions=versions,
        starts={key: tuple(m.effective_from for m in line) for key, line in versions.items()},
    )


def _check_lock(
    methodologies: Iterable[Methodology], lock: Mapping[str, str], problems: list[Problem]
) -> None:
    for methodology in methodologies:
        published = lock.get(f"{methodology.id}@{methodology.version}")
        if published is not None and published != methodology.digest:
            problems.append(
                Problem(
                    methodology.file,
                    "version",
                    f"第 {methodology.version} 版已发布，内容不能再改（已发布 {published[:12]}，"
                    f"现为 {methodology.digest[:12]}）。",
                    f"请恢复原文，另存为第 {methodology.version + 1} 版并写明生效日期。",
                )
            )


def _check_figures(standards: Standards, lock: Mapping[str, str], problems: list[Problem]) -> None:
    """A published figure of ``rulebook.toml`` never changes: a later one is one more line."""
    problems.extend(
        Problem(
            STANDARDS_FILE,
            name,
            f"这个数值已发布，不能再改（已发布 {lock[name][:12]}，现为 {found[:12]}）。",
            "请恢复原值，在 values 中另加一行，写明新的生效日期。",
        )
        for name, found in standards.published.items()
        if lock.get(name, found) != found
    )


def _dated(
    methodologies: Iterable[Methodology], problems: list[Problem]
) -> dict[str, tuple[Methodology, ...]]:
    """The versions of each id in order, each ending the day before the next begins."""
    lines: dict[str, list[Methodology]] = {}
    for methodology in sorted(methodologies, key=lambda m: (m.id, m.version)):
        lines.setdefault(methodology.id, []).append(methodology)
    found: dict[str, tuple[Methodology, ...]] = {}
    for name, line in lines.items():
        ended = []
        for earlier, later in pairwise(line):
            ended.append(_ended(earlier, later, problems))
        found[name] = (*ended, line[-1])
    return found


def _ended(earlier: Methodology, later: Methodology, problems: list[Problem]) -> Methodology:
    def fail(key: str, fault: str, remedy: str) -> None:
        problems.append(Problem(later.file, key, fault, remedy))

    last, until = later.effective_from - timedelta(days=1), earlier.effective_until
    if earlier.version == later.version:
        fail(
            "version", f"与 {earlier.file} 的编号和版本相同。", "请提高版本号，或删除其中一个文件。"
        )
    elif later.effective_from <= earlier.effective_from:
        fail(
            "effective.from",
            f"不晚于第 {earlier.version} 版的生效日期 {earlier.effective_from}。",
            "新版本须晚于旧版本生效。",
        )
    elif until is not None and until > last:
        fail(
            "effective.from",
            f"与第 {earlier.version} 版重叠，后者到 {until} 为止。",
            "请改正日期。",
        )
    elif until is not None and until < last:
        fail(
            "effective.from",
            f"与第 {earlier.version} 版之间有空档，后者到 {until} 为止。",
            "请改正日期。",
        )
    return earlier.until(last)


def _check_shared_counters(methodologies: list[Methodology], problems: list[Problem]) -> None:
    seen: dict[tuple[str, str], list[tuple[Methodology, _Span, CounterField]]] = {}
    for methodology in methodologies:
        for span, plan in _spans(methodology):
            for counter in plan.counters:
                others = seen.setdefault((counter.key, counter.measure), [])
                for other, earlier_span, earlier in others:
                    if other.id != methodology.id and span.meets(earlier_span):
                        _check_pair(methodology, counter, other, earlier, problems)
                others.append((methodology, span, counter))


class _Span(NamedTuple):
    """First and last day of a plan."""

    first: date
    last: date

    def meets(self, other: _Span) -> bool:
        return self.first <= other.last and other.first <= self.last


def _spans(methodology: Methodology) -> list[tuple[_Span, DatedPlan]]:
    """The plans of a methodology, each with the days it holds."""
    firsts = [*methodology.starts[1:], None]
    last = methodology.effective_until or date.max
    return [
        (_Span(plan.start, last if after is None else after - timedelta(days=1)), plan)
        for plan, after in zip(methodology.plans, firsts, strict=True)
    ]


def _check_pair(
    methodology: Methodology,
    counter: CounterField,
    other: Methodology,
    earlier: CounterField,
    problems: list[Problem],
) -> None:
    if (counter.dimension, counter.shape) != (earlier.dimension, earlier.shape):
        problems.append(
            Problem(
                methodology.file,
                "steps",
                f"共用计数器“{counter.key}”与 {other.file} 的上限或分档不同。",
                "请写成相同的上限，或换一个 counter 名称。",
            )
        )


def _check_plausible(
    methodology: Methodology, standards: Standards, problems: list[Problem]
) -> None:
    for key, row, dimension, value in _acting_factors(methodology):
        for band in standards.bands:
            if _outside(band, methodology, row, dimension, value):
                low, high = (
                    f"{_short(limit)} {base_unit(dimension).text}"
                    for limit in (band.minimum, band.maximum)
                )
                problems.append(
                    Problem(
                        methodology.file,
                        key,
                        f"因子不合理：{_short(value)} {base_unit(dimension).text}，"
                        f"“{band.name}”的合理范围是 {low} 到 {high}。",
                        band.remedy,
                    )
                )
        problems.extend(
            Problem(methodology.file, key, "这是过期的因子。", entry.remedy)
            for entry in standards.legacy
            if _is_legacy(entry, dimension, value)
        )


def _short(value: Fraction) -> str:
    try:
        return decimal_text(value)
    except ValueError:
        return str(value)


def _acting_factors(methodology: Methodology) -> list[tuple[str, str, Dimension, Fraction]]:
    doc = methodology.doc
    found = [
        (f"tables.{table.name}.rows.{row}", row, factor.unit.dimension, factor.base)
        for table in doc.tables.values()
        for row, factor in table.rows.items()
    ]
    found += [
        (f"parameters.{p.name}.values[{index}].value", "*", p.unit.dimension, dated.factor.base)
        for p in doc.parameters.values()
        for index, dated in enumerate(p.values)
    ]
    found += [
        (effective.key, effective.row, effective.dimension, value)
        for plan in methodology.plans
        for effective in plan.effective
        for value in (effective.low, effective.high)
    ]
    return found


def _outside(
    band: Band, methodology: Methodology, row: str, dimension: Dimension, value: Fraction
) -> bool:
    if dimension != band.unit.dimension or not value:
        return False
    if band.minimum <= value <= band.maximum:
        return False
    if not any(fnmatchcase(methodology.id, pattern) for pattern in band.methodologies):
        return False
    if not any(fnmatchcase(row, pattern) for pattern in band.rows):
        return False
    return not set(band.unless_evidence) & set(methodology.evidence.requires)


def _is_legacy(entry: Legacy, dimension: Dimension, value: Fraction) -> bool:
    return dimension == entry.unit.dimension and value == entry.value


def _check_reach(methodology: Methodology, problems: list[Problem]) -> None:
    """A tier that begins where a later cap is already exhausted can never be reached."""
    for plan in methodology.plans:
        caps = {
            line.basis.name: line.spec
            for line in plan.lines
            if isinstance(line, Counted) and not line.rows and line.applies is None
        }
        for line in plan.lines:
            counter = next((c for c in plan.counters if _is_tiers_of(c, line)), None)
            cap = caps.get(line.out.name) if isinstance(line, Counted) else None
            if counter is not None and cap is not None:
                _check_rows(methodology, line.key, counter, cap, problems)


def _is_tiers_of(counter: CounterField, line: object) -> bool:
    return isinstance(line, Counted) and bool(line.rows) and counter.used == line.used


def _check_rows(
    methodology: Methodology, key: str, counter: CounterField, cap: CapSpec, problems: list[Problem]
) -> None:
    bounds, rates, divisor = counter.shape
    total, start = Fraction(0), 0
    for index, (bound, rate) in enumerate(zip(bounds, rates, strict=False)):
        total += Fraction((bound - start) * rate, divisor)
        start = bound
        if total >= cap.limit_nano and rates[index + 1]:
            problems.append(
                Problem(
                    methodology.file,
                    f"{key}.rows[{index + 1}]",
                    f"这一档永远到不了：前几档已达到上限 {cap.shown(cap.limit_nano)}。",
                    "请提高上限，或删除这一档。",
                )
            )
            return


def _with_exclusions(
    versions: Mapping[str, tuple[Methodology, ...]],
    declared: Collection[str],
    problems: list[Problem],
) -> dict[str, tuple[Methodology, ...]]:
    """Exclusions hold both ways, whichever file declares them."""
    reverse: dict[str, set[Exclusion]] = {}
    for line in versions.values():
        for methodology in line:
            for index, exclusion in enumerate(methodology.excludes):
                if exclusion.methodology_id not in declared:
                    problems.append(
                        Problem(
                            methodology.file,
                            f"excludes[{index}].methodology",
                            f"没有方法学“{exclusion.methodology_id}”。",
                            nearest(exclusion.methodology_id, declared),
                        )
                    )
                reverse.setdefault(exclusion.methodology_id, set()).add(
                    Exclusion(methodology.id, exclusion.period)
                )
    return {
        name: tuple(m.excluding(tuple(reverse.get(name, ()))) for m in line)
        for name, line in versions.items()
    }
