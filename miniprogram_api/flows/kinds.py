"""Kinds of action as pages and JSON tell them: inputs, evidence, what a member may still earn."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final

from backend.actions.evidence import LABELS as EVIDENCE_LABELS
from backend.actions.evidence import Accepted, EvidenceKind, accepted_by, place_kind_of
from backend.actions.member_state import StateQuery, member_state
from backend.actions.versions import caps_of
from backend.places.labels import PLACE_KINDS
from backend.places.models import PlaceKind
from backend.rulebook.labels import BOUNDARIES, EXCLUSION_PERIODS, KIND_GROUPS, SCENARIOS
from backend.web.context import backend
from backend.web.transaction import connection
from credit_rules import CapSpec, Exclusion, InputSpec, Methodology, Tier, Used
from credit_rules.counters import NANO
from credit_rules.units import decimal_text

_FRESH: Final = Used()


_PERIODS: Final = {"day": "今日", "week": "本周", "month": "本月", "year": "今年"}


def kind_bodies(
    methodologies: Sequence[Methodology], *, member_id: int, on: date
) -> list[dict[str, Any]]:
    """Kinds of action as `KindSchema` answers them, read in one statement.

    Args:
        methodologies: those in force on that day.
        member_id: whose caps are meant.
        on: the Asia/Shanghai day.
    """
    used = _used(methodologies, member_id=member_id, on=on)
    return [_kind_body(methodology, used, on) for methodology in methodologies]


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
        for spec in _limits(methodology, on)
        if not spec.tiers or tier in spec.tiers
    ]


def better_evidence(methodology: Methodology, tier: Tier) -> str | None:
    """What a tier of evidence costs, and how to reach a better one now; None where nothing does.

    Args:
        methodology: the kind of action.
        tier: the tier of the evidence at hand.
    """
    if place_kind_of(methodology.id) is PlaceKind.RECYCLING_POINT:
        return _better_drop_off(tier.name)
    costs = [
        text
        for costs, text in (
            (tier.points != 1, f"积分乘以 {tier.weights[0]}"),
            (methodology.baseline and tier.reduction == 0, "不计减排量"),
            (not tier.ranked, "不参加排名"),
        )
        if costs
    ]
    sentences = [f"按{tier.label}计：{'，'.join(costs)}。"] if costs else []
    place = place_kind_of(methodology.id)
    better = [each for each in accepted_by(methodology) if each.available and each.tier > tier.name]
    if better and place is not None:
        where = PLACE_KINDS[place]
        sentences.append(f"到{where}扫描现场屏幕上的动态码再记，就按现场核验计。")
    return "".join(sentences) or None


def _used(methodologies: Iterable[Methodology], *, member_id: int, on: date) -> Mapping[str, Used]:
    """What a member has used of every counter of these methodologies, in one statement."""
    caps = {
        cap.key: cap
        for methodology in methodologies
        for cap in caps_of(methodology, scope="member", subject_id=member_id, on=on)
    }
    # No action has an empty reference: nothing earlier is looked for.
    return member_state(connection(), StateQuery(member_id, "", on, list(caps.values()))).used


def _limits(methodology: Methodology, on: date) -> list[CapSpec]:
    """The limits of a member on a day as they are stated: not the tiers, whose last row is open."""
    stated = {step.out for step in methodology.doc.steps if step.block == "cap"}
    caps = methodology.caps_on(on)
    return [spec for spec in caps if spec.scope == "member" and spec.name in stated]


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


def _kind_body(methodology: Methodology, used: Mapping[str, Used], on: date) -> dict[str, Any]:
    group = methodology.id.partition(".")[0]
    evidence = accepted_by(methodology)
    classes = backend().rulebook.standards.waste_classes
    return {
        "kind": methodology.id,
        "group": group,
        "group_label": KIND_GROUPS.get(group, group),
        "version": methodology.version,
        "digest": methodology.digest,
        "title": methodology.title,
        "summary": methodology.summary,
        "scenario": methodology.scenario,
        "scenario_label": SCENARIOS[methodology.scenario],
        "boundary": methodology.boundary,
        "boundary_label": BOUNDARIES[methodology.boundary],
        "baseline": methodology.baseline,
        "inputs": [_input_body(spec, classes) for spec in methodology.asked],
        "tiers": [_tier_body(tier) for tier in methodology.tiers],
        "evidence": [_evidence_body(methodology, accepted) for accepted in evidence],
        "evidence_required": list(methodology.evidence.requires),
        "loggable": any(accepted.available for accepted in evidence),
        "excludes": [_exclusion_body(exclusion) for exclusion in methodology.excludes],
        "max_age_days": methodology.evidence.max_age_days,
        "caps": [_cap_body(c, used.get(c.key, _FRESH)) for c in _limits(methodology, on)],
    }


def _evidence_body(methodology: Methodology, accepted: Accepted) -> dict[str, Any]:
    place = place_kind_of(methodology.id)
    at_place = accepted.kind in {EvidenceKind.ROTATING_CODE, EvidenceKind.PRINTED_CODE}
    return {
        "kind": accepted.kind.value,
        "label": EVIDENCE_LABELS[accepted.kind],
        "tier": accepted.tier,
        "available": accepted.available,
        "place_kind": place.value if place is not None and at_place else None,
        "place_kind_label": PLACE_KINDS[place] if place is not None and at_place else None,
    }


def _exclusion_body(exclusion: Exclusion) -> dict[str, Any]:
    other = backend().rulebook.versions[exclusion.methodology_id][-1]
    return {
        "kind": other.id,
        "title": other.title,
        "period": exclusion.period,
        "period_label": EXCLUSION_PERIODS[exclusion.period],
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


def _better_drop_off(tier: str) -> str | None:
    """How to reach a better tier of evidence than this one at a recycling point, if there is one.

    Args:
        tier: T0 to T4.
    """
    return {
        "T0": "按自行申报计：积分减半，不计减排量，也不参加排名。"
        "在点位旁允许使用位置，或扫描现场屏幕上的动态码，就能全额计。",
        "T1": "扫描现场屏幕上的动态码，凭证更可靠。",
        "T2": "在有称重设备的点位投放，按实际重量计。",
    }.get(tier)
