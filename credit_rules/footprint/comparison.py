"""Comparison with one's institution: a rounded median, for five people or more, and no rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from credit_rules.footprint.wording import two_figures

FEWEST_PEOPLE: Final = 5

Relation = Literal["below", "near", "above"]
_WORDS: dict[Relation, str] = {"below": "低于", "near": "接近", "above": "高于"}
# Footprints within a tenth of the median differ by less than either is known.
_NEAR = 10


@dataclass(frozen=True, slots=True)
class PeerComparison:
    """One's own footprint beside the median of the institution.

    Args:
        people: how many footprints the median is of.
        median_kg: the median in kg of CO2e, to two significant figures: nobody's exact value.
        relation: whether one's own is below, near (within a tenth) or above.
        sentence: the same in Chinese.
    """

    people: int
    median_kg: str
    relation: Relation
    sentence: str


def compare_with_median(own_mg: int, totals_mg: Sequence[int]) -> PeerComparison | None:
    """Compare a footprint with the median of an institution.

    Args:
        own_mg: one's own middle total in mg of CO2e.
        totals_mg: middle totals of all in the institution who agreed to be counted.

    Returns:
        The comparison; None below five people, where a median would say too much of each.
    """
    people = len(totals_mg)
    if people < FEWEST_PEOPLE:
        return None
    ordered = sorted(totals_mg)
    twice = ordered[(people - 1) // 2] + ordered[people // 2]
    relation: Relation = "near"
    if abs(2 * own_mg - twice) * _NEAR > twice:
        relation = "below" if 2 * own_mg < twice else "above"
    median = two_figures(twice // 2)
    sentence = f"您的年度碳足迹{_WORDS[relation]}本单位 {people} 人的中位数（约 {median} kg）。"
    return PeerComparison(people, median, relation, sentence)
