"""What a drop-off's code, place and time amount to: its tier of evidence, or a refusal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from backend.actions.evidence import evidence_digest
from backend.errors import DomainError, FieldError
from backend.ledger.service import UsageLimit
from backend.places.policy import USES_PER_STEP, Presence

KIND = "recycling.drop_off"

# Two attendants weighing without a break handle about four bags a minute.
USES_PER_HOUR = 240
# A printed code proves no time: a drop-off logged later than this is the member's word alone.
PRINTED_PROOF_LASTS = timedelta(hours=24)
# More than one person carries: a mass that is only stated waits until somebody has looked at it.
REVIEW_ABOVE_KG = Decimal(30)
MEASURED = "T3"


class NotARecyclingPointError(DomainError):
    """The code belongs to another kind of place."""

    code = "not_a_recycling_point"


class MaterialNotAcceptedError(DomainError):
    """The point does not take this class of waste."""

    code = "material_not_accepted"


class NotAtPointError(DomainError):
    """The position sent along lies outside the point's radius."""

    code = "not_at_point"


def not_accepted(class_label: str) -> MaterialNotAcceptedError:
    """The refusal for a class of waste that a point does not take."""
    sentence = f"这个投放点不收{class_label}，请改投收{class_label}的点位，或在地图里查找。"
    return MaterialNotAcceptedError(
        sentence, fields=[FieldError("facts.material", "not_accepted", sentence)]
    )


def tier_of(presence: Presence, *, age: timedelta) -> str:
    """The tier of evidence that presence at the point amounts to.

    Args:
        presence: what code and position show.
        age: how long after the drop-off it is logged.

    Raises:
        NotAtPointError: the position lies outside.
    """
    if presence is Presence.OUTSIDE:
        raise NotAtPointError("您不在这个投放点附近，请到点位旁再扫码，或扫描现场屏幕上的动态码。")
    if presence is Presence.PROVEN_ROTATING:
        return "T2"
    if presence is Presence.UNPROVEN or age > PRINTED_PROOF_LASTS:
        return "T0"
    return "T1"


def reason_to_hold(*, tier: str, mass: str) -> str | None:
    """Why a drop-off waits for a review, in Chinese; None where it is credited at once.

    Args:
        tier: tier of its evidence.
        mass: in kg, as the member states it; a text that is no number is left to the assessment.
    """
    try:
        unusual = Decimal(mass) > REVIEW_ABOVE_KG
    except InvalidOperation:
        return None
    if tier >= MEASURED or not unusual:
        return None
    return f"自报质量超过 {REVIEW_ABOVE_KG} kg，需由点位管理员核实"


@dataclass(frozen=True, slots=True)
class Use:
    """The use a drop-off makes of a code: what may not come again, and what is shared."""

    evidence: bytes
    usage_limit: UsageLimit


def use_of_rotating_code(*, place_id: int, member_id: int, step: int) -> Use:
    """A rotating code counts once per member and step, and so often per step in all."""
    return Use(
        evidence=evidence_digest("rotating", place_id, member_id, step),
        usage_limit=UsageLimit(f"place:{place_id}:step", step, USES_PER_STEP),
    )


def use_of_printed_code(
    *, place_id: int, member_id: int, material: str, occurred_at: datetime
) -> Use:
    """A printed code counts once per member, material and minute, and so often per hour in all."""
    seconds = int(occurred_at.timestamp())
    return Use(
        evidence=evidence_digest("printed", place_id, member_id, material, seconds // 60),
        usage_limit=UsageLimit(f"place:{place_id}:hour", seconds // 3600, USES_PER_HOUR),
    )
