"""Kinds of action in force, and what a member may still earn by them."""

from collections.abc import Iterable, Mapping
from datetime import date
from fractions import Fraction
from typing import Any, Final

from backend.actions.queries import standing
from backend.actions.service import caps_of
from backend.clock import business_day
from backend.recycling import policy as recycling_policy
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import backend, now
from backend.web.transaction import connection
from credit_rules import CapSpec, InputSpec, Methodology, Tier, Used
from credit_rules.counters import NANO
from credit_rules.units import decimal_text
from miniprogram_api.schemas.kinds import KindsAnswer

blueprint = Blueprint("kinds", __name__, description="Kinds of action that can be logged.")

OPEN: Final = frozenset({recycling_policy.KIND})
"""The kinds that `POST /actions` takes; the rulebook may know others."""

_FRESH: Final = Used()
_PERIODS: Final = {"day": "今日", "week": "本周", "month": "本月", "year": "今年"}


@blueprint.route("/kinds", methods=["GET"])
@member_only
@blueprint.response(200, KindsAnswer)
def list_kinds() -> dict[str, Any]:
    """List the kinds that can be logged today: inputs, evidence, and caps left for the caller."""
    rulebook, today = backend().rulebook, business_day(now())
    in_force = [each for each in rulebook.in_force(today) if each.id in OPEN]
    used = _used(in_force, member_id=actor().member_id, on=today)
    classes = rulebook.standards.waste_classes
    return {
        "on": today.isoformat(),
        "rulebook_digest": rulebook.digest,
        "items": [_kind_body(methodology, used, classes) for methodology in in_force],
    }


def caps_left(
    methodology: Methodology, *, member_id: int, on: date, tier: str
) -> list[dict[str, Any]]:
    """What a member may still earn on a day with one tier of evidence.

    Args:
        methodology: the one in force on that day.
        member_id: who.
        on: the Asia/Shanghai day.
        tier: T0 to T4.
    """
    used = _used([methodology], member_id=member_id, on=on)
    return [
        _cap_body(spec, used.get(spec.key, _FRESH))
        for spec in _limits(methodology)
        if not spec.tiers or tier in spec.tiers
    ]


def _used(methodologies: Iterable[Methodology], *, member_id: int, on: date) -> Mapping[str, Used]:
    """What a member has used of every counter of these methodologies, in one statement."""
    caps = {
        cap.key: cap
        for methodology in methodologies
        for cap in caps_of(methodology, scope="member", subject_id=member_id, on=on)
    }
    # No action has an empty reference: nothing earlier is looked for.
    found = standing(
        connection(), member_id=member_id, reference="", on=on, caps=list(caps.values())
    )
    return found.used


def _limits(methodology: Methodology) -> list[CapSpec]:
    """The limits of a member as the file states them: not the tiers, whose last row is open."""
    stated = {step.out for step in methodology.doc.steps if step.block == "cap"}
    return [spec for spec in methodology.caps if spec.scope == "member" and spec.name in stated]


def _cap_body(spec: CapSpec, used: Used) -> dict[str, Any]:
    left = spec.left_nano(used)
    period = _PERIODS[spec.period]
    return {
        "name": spec.name,
        "label": spec.label,
        "period": spec.period,
        "tiers": list(spec.tiers),
        "unit": spec.unit.text,
        "limit": _in_unit(spec, spec.limit_nano),
        "left": _in_unit(spec, left),
        "text": f"{spec.label} {spec.shown(spec.limit_nano)}，{period}还剩 {spec.shown(left)}",
    }


def _in_unit(spec: CapSpec, nano: int) -> str:
    return decimal_text(Fraction(nano, NANO) / spec.unit.ratio)


def _kind_body(
    methodology: Methodology, used: Mapping[str, Used], classes: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "kind": methodology.id,
        "version": methodology.version,
        "digest": methodology.digest,
        "title": methodology.title,
        "summary": methodology.summary,
        "scenario": methodology.scenario,
        "boundary": methodology.boundary,
        "baseline": methodology.baseline,
        "inputs": [_input_body(spec, classes) for spec in methodology.inputs.values()],
        "tiers": [_tier_body(tier) for tier in methodology.tiers],
        "evidence_kinds": list(methodology.evidence.kinds),
        "max_age_days": methodology.evidence.max_age_days,
        "caps": [_cap_body(spec, used.get(spec.key, _FRESH)) for spec in _limits(methodology)],
    }


def _input_body(spec: InputSpec, classes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": spec.name,
        "label": spec.label,
        "type": spec.kind,
        "unit": spec.unit.text if spec.unit else None,
        "unit_label": spec.unit.label if spec.unit else None,
        "minimum": None if spec.minimum is None else str(spec.minimum),
        "maximum": None if spec.maximum is None else str(spec.maximum),
        "step": None if spec.step is None else str(spec.step),
        "choices": [
            {
                "value": choice.value,
                "label": choice.label,
                "waste_class": choice.waste_class,
                "waste_class_label": classes[choice.waste_class] if choice.waste_class else None,
            }
            for choice in spec.choices
        ],
    }


def _tier_body(tier: Tier) -> dict[str, Any]:
    return {
        "name": tier.name,
        "label": tier.label,
        "points_weight": str(tier.points),
        "reduction_weight": str(tier.reduction),
        "ranked": tier.ranked,
    }
