"""Why a number is what it is: every step, factor, source and cap of one assessment.

A trace keeps the slots of the assessment and is rendered only when asked, to Chinese sentences and
to JSON with the schema ``tanpuhui.trace.v1``. The same facts under the same digest give the same
bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import NamedTuple, cast

from credit_rules.canonical import JsonValue, digest, json_bytes
from credit_rules.counters import NANO, NANO_PER_MILLI, CapSpec
from credit_rules.facts import Boost
from credit_rules.methodology import DatedPlan, Methodology, ResultSlots
from credit_rules.trace_drawing import Json, template_of
from credit_rules.trace_template import TraceTemplate
from credit_rules.units import DecimalForm, decimal_text

_MILLI = DecimalForm(1, 3)


@dataclass(frozen=True, slots=True)
class BonusTrace:
    """How a campaign's bonus came about: its cap, counter, claim and what the budget allowed."""

    cap: CapSpec
    boost: Boost
    used_nano: int
    claimed_nano: int
    capped_mpt: int
    awarded_mpt: int


class TraceBasis(NamedTuple):
    """What a trace is rendered from.

    Args:
        methodology: the methodology assessed under.
        plan: its plan of that day.
        on: the day of the action.
        slots: the integers of the evaluation that gave the award.
        reduction_mg: the reduction awarded, in mg.
        points_mpt: the points awarded, in milli-points, without the bonus.
        bonus: the campaign's bonus, if any.
    """

    methodology: Methodology
    plan: DatedPlan
    on: date
    slots: list[int]
    reduction_mg: int
    points_mpt: int
    bonus: BonusTrace | None


class Trace:
    """The explanation of one assessment, drawn from its slots when something is asked for.

    Args:
        basis: what it is rendered from.
    """

    _canonical: bytes | None = None
    _filled: tuple[TraceTemplate, list[str]] | None = None

    def __init__(self, basis: TraceBasis) -> None:
        self._basis = basis

    @property
    def methodology(self) -> Methodology:
        """The methodology assessed under."""
        return self._basis.methodology

    @property
    def title(self) -> str:
        """Chinese title of the methodology."""
        return self._basis.methodology.title

    def to_json(self) -> Json:
        """The trace as JSON of the schema ``tanpuhui.trace.v1``; numbers are decimal texts."""
        return cast("Json", json.loads(self.canonical()))

    def canonical(self) -> bytes:
        """The canonical bytes of `to_json`: a posting takes their digest, a receipt shows them."""
        if self._canonical is None:
            template, blanks = self._blanks()
            self._canonical = template.document.filled(blanks).encode()
        return self._canonical

    def digest(self) -> str:
        """SHA-256 over the canonical bytes, in hexadecimal."""
        return digest(self.canonical())

    def sentences(self) -> list[str]:
        """The explanation in Chinese sentences, in the order of the calculation."""
        template, blanks = self._blanks()
        found = []
        for sentence in template.sentences:
            same = sentence.unless_equal
            if same is None or blanks[same[0]] != blanks[same[1]]:
                found.append(sentence.text.filled(blanks))
        if self._basis.bonus:
            found.append(f"{_bonus_text(self._basis.bonus)}。")
        found.append(self._result_sentence())
        return found

    def _blanks(self) -> tuple[TraceTemplate, list[str]]:
        """The template, and what is filled in: first what `GivenBlank` names, then its sources."""
        if self._filled is None:
            methodology, plan, on, slots, reduction_mg, points_mpt, bonus = self._basis
            template = template_of(methodology, plan, slots, on)
            blanks = [
                on.isoformat(),
                str(reduction_mg),
                str(_remainder(plan.reduction, slots)),
                str(points_mpt),
                str(_remainder(plan.points, slots)),
                str(bonus.awarded_mpt if bonus else 0),
                json_bytes(_bonus_json(bonus)).decode() if bonus else "null",
            ]
            blanks += [source(slots) for source in template.sources]
            self._filled = template, blanks
        return self._filled

    def _result_sentence(self) -> str:
        bonus = self._basis.bonus
        total = self._basis.points_mpt + (bonus.awarded_mpt if bonus else 0)
        grams, points = _MILLI.text(self._basis.reduction_mg), _MILLI.text(total)
        return (
            f"本次计入减排量 {grams} g 二氧化碳当量，积分 {points} 分"
            "（不足最小单位的部分向下取整，留待当期累计）。"
        )


def _remainder(award: ResultSlots | None, slots: list[int]) -> int:
    return award.nano(slots)[1] % NANO_PER_MILLI if award else 0


def _bonus_json(bonus: BonusTrace) -> JsonValue:
    return {
        "campaign": bonus.boost.campaign,
        "multiplier": decimal_text(Fraction(bonus.boost.multiplier)),
        "key": bonus.cap.key,
        "used": bonus.used_nano,
        "claimed": bonus.claimed_nano,
        "limit": bonus.cap.limit_nano,
        "capped_mpt": bonus.capped_mpt,
        "budget_left_mpt": bonus.boost.budget_left_mpt,
        "awarded_mpt": bonus.awarded_mpt,
        "text": _bonus_text(bonus),
    }


def _bonus_text(bonus: BonusTrace) -> str:
    claimed = decimal_text(Fraction(bonus.claimed_nano, NANO))
    awarded = _MILLI.text(bonus.awarded_mpt)
    return (
        f"活动“{bonus.boost.campaign}”{decimal_text(Fraction(bonus.boost.multiplier))} 倍加成 "
        f"{claimed} 分，{bonus.cap.label} {bonus.cap.shown(bonus.cap.limit_nano)}，"
        f"从活动预算计入 {awarded} 分"
    )
