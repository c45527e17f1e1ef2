"""What stands once for all methodologies of a rulebook: shared limits, baselines, sources.

Every figure is dated. Once published, a dated figure stays as it is: a change is one more line with
a later day, and no methodology file changes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from credit_rules.canonical import canonical_bytes, digest
from credit_rules.dating import check_dates
from credit_rules.errors import nearest
from credit_rules.factors import FactorReader, FactorRow
from credit_rules.model import Dated, Parameter, Source
from credit_rules.reading import Reader
from credit_rules.standards_model import Baseline, SharedStep
from credit_rules.units import decimal_text


class _Shape(NamedTuple):
    """What a shared step of a block says: its dated figure, what is fixed, what may be added."""

    figure: str
    fixed: tuple[str, ...]
    may: tuple[str, ...]


_SHAPES: Final = {
    "cap": _Shape("amount", ("period", "counter", "source"), ("scope", "tiers")),
    "tiers": _Shape("rows", ("period", "counter", "source"), ("scope",)),
    "bound": _Shape("max", ("source",), ()),
    "convert": _Shape("rate", ("source",), ()),
}


def read_shared(whole: Reader, sources: Mapping[str, Source]) -> dict[str, SharedStep]:
    """Read `[shared]`: caps, tiers and bounds by name.

    Args:
        whole: ``rulebook.toml``.
        sources: the sources it declares.
    """
    return {name: _shared(name, at, sources) for name, at in whole.named("shared", required=False)}


def _shared(name: str, at: Reader, sources: Mapping[str, Source]) -> SharedStep:
    block, label = at.word("block", _SHAPES), at.text("label")
    figure, fixed, may = _SHAPES.get(block, _SHAPES["cap"])
    settings: dict[str, object] = {key: at.text(key) for key in fixed}
    settings |= {key: at.raw(key) for key in may if at.has(key)}
    source = str(settings["source"])
    if source not in sources:
        at.fail("source", f"找不到来源“{source}”。", nearest(source, sources))
    values: list[tuple[date, Mapping[str, object]]] = []
    for row in at.tables("values"):
        start, value = row.day("from"), row.raw(figure)
        row.done()
        if start is not None:
            if values and start <= values[-1][0]:
                row.fail("from", "日期没有从早到晚排列，或重复。", "请按日期排列，每个日期一行。")
            values.append((start, {figure: value}))
    at.done()
    return SharedStep(name, block, label, settings, tuple(values))


def read_baselines(
    whole: Reader,
    sources: Mapping[str, Source],
    rows: Mapping[str, FactorRow],
    hosts: tuple[str, ...],
) -> dict[str, Baseline]:
    """Read `[[baselines]]` by ``name@version``; the same name and version is one figure.

    Args:
        whole: ``rulebook.toml``.
        sources: the sources it declares.
        rows: the factor tables.
        hosts: the hosts that may be linked.
    """
    found: dict[str, Baseline] = {}
    reader = FactorReader(rows, sources, hosts)
    for at in whole.tables("baselines", required=False):
        baseline = _baseline(at, sources, reader)
        if baseline is None:
            continue
        key = f"{baseline.name}@{baseline.version}"
        earlier = found.setdefault(key, baseline)
        if earlier is not baseline:
            at.fail(
                "version",
                f"基准“{key}”已写过，数值是 {_figures(earlier)}；同一名称和版本只能有一个数值。",
                "请删除其中一处；数值确实不同的，请提高版本号。",
            )
    return found


def _figures(baseline: Baseline) -> str:
    unit = baseline.figure.unit.text
    return "、".join(f"{d.factor.text} {unit}（自 {d.start}）" for d in baseline.figure.values)


def _baseline(at: Reader, sources: Mapping[str, Source], reader: FactorReader) -> Baseline | None:
    before = len(at.problems)
    name, version, label = at.name("name"), at.integer("version"), at.text("label")
    source, unit = at.word("source", sources), at.unit("unit")
    values: list[Dated] = []
    for row in at.tables("values"):
        begin, end = row.day("from"), row.day("until", required=False)
        factor = reader.read(row, unit)
        if begin and factor:
            values.append(Dated(begin, end, factor))
    at.done()
    if len(at.problems) > before:
        return None
    check_dates(at, values, values[0].start, None)
    figure = Parameter(name, label, unit, tuple(values))
    return Baseline(name, version, label, figure, sources[source])


def published_figures(
    shared: Mapping[str, SharedStep], baselines: Mapping[str, Baseline]
) -> dict[str, str]:
    """The digest of every dated figure, by the name under which ``lock.json`` keeps it."""
    found = {}
    for step in shared.values():
        for start, value in step.values:
            content = canonical_bytes([step.block, step.settings, value])
            found[f"shared.{step.name}/{start}"] = digest(content)
    for key, baseline in baselines.items():
        for dated in baseline.figure.values:
            factor = dated.factor
            content = canonical_bytes([decimal_text(factor.base), factor.unit.text, factor.key])
            found[f"baseline.{key}/{dated.start}"] = digest(content)
    return found
