"""What a reduction is measured against: a named baseline, a published saving, or our own sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from credit_rules.errors import nearest
from credit_rules.model import MethodologyDoc, Source
from credit_rules.reading import Reader
from credit_rules.standards_model import Baseline

_SAVINGS: Final = {
    "published_saving": "不另设，直接采用公布的减排值",
    "own_saving": "不另设，减排值由本系统推算",
}


@dataclass(frozen=True, slots=True)
class SavingBasis:
    """What a reduction is measured against.

    Args:
        section: the section that says it.
        text: the same in Chinese.
        baseline: the named baseline of the rulebook; None for a published or computed saving.
    """

    section: str
    text: str
    baseline: Baseline | None


def read_basis(
    whole: Reader, baselines: Mapping[str, Baseline], sources: Mapping[str, Source]
) -> SavingBasis | None:
    """Read `[baseline]`, `[published_saving]` or `[own_saving]`; None where there is none.

    A baseline is named where both it and the low-carbon way are known. Where only the saving was
    published the file says so, and where the system subtracts two published figures likewise.

    Args:
        whole: the file.
        baselines: the baselines of the rulebook by ``name@version``.
        sources: the sources of the file.
    """
    sections = [name for name in ("baseline", *_SAVINGS) if whole.has(name)]
    for extra in sections[1:]:
        whole.fail(extra, "减排依据只能有一种。", f"请只保留 [{sections[0]}] 或 [{extra}]。")
    if not sections:
        return None
    at = whole.table(sections[0])
    if sections[0] != "baseline":
        label, name = at.text("label"), at.word("source", sources)
        at.done()
        title = sources[name].title if name in sources else ""
        return SavingBasis(sections[0], f"{_SAVINGS[sections[0]]}（{label}，来源：{title}）", None)
    key = f"{at.name('name')}@{at.integer('version')}"
    at.done()
    found = baselines.get(key)
    if found is None:
        at.fail("name", f"规则集中没有基准“{key}”。", nearest(key, baselines))
        return None
    text = f"{found.label}（{key}，来源：{found.source.title}）"
    return SavingBasis("baseline", text, found)


def text_of(basis: SavingBasis | None) -> str:
    """What a reduction is measured against, in Chinese; empty where none is claimed."""
    return "" if basis is None else basis.text


def check_basis(at: Reader, doc: MethodologyDoc, basis: SavingBasis | None) -> None:
    """A reduction says what it is measured against, and a named baseline is what is used.

    Args:
        at: the file.
        doc: what it says.
        basis: what it says about the basis.
    """
    if doc.scenario == "reduction" and not doc.reduction:
        remedy = '只计积分的请写 scenario = "behaviour"。'
        at.fail("scenario", "减排场景没有减排量。", remedy)
    if basis is None and doc.reduction:
        remedy = "请写 [baseline]、[published_saving] 或 [own_saving] 之一。"
        at.fail("baseline", "主张减排量，却没有写依据。", remedy)
    if basis is None:
        return
    if not doc.reduction:
        fault = "不主张减排量，却写了减排依据。"
        at.fail(basis.section, fault, "请删除，或补上 result.reduction。")
    _check_differences(at, doc, basis)


def _check_differences(at: Reader, doc: MethodologyDoc, basis: SavingBasis) -> None:
    """Where the file names a baseline, only its figure may stand before the minus sign."""
    name = basis.baseline.name if basis.baseline is not None else ""
    for step in doc.steps:
        if step.block != "linear_difference":
            continue
        if basis.section == "published_saving":
            fault = "只有公布的减排值时不能再相减。"
            at.fail(step.key("block"), fault, "由本系统相减的，请改写 [own_saving]。")
        elif name and step.settings["baseline"] != name:
            fault = "这里的数值不是本文件写明的基准：同一名称和版本的基准只有一个数值。"
            at.fail(step.key("baseline"), fault, f'请写 baseline = "{name}"。')
