"""What a drop-off's code, place and time amount to: its tier of evidence, or a refusal. Pure."""

from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from backend.errors import DomainError, FieldError, InvalidInputError
from backend.places.labels import WASTE_CLASSES
from backend.places.models import PlaceKind, PlaceRecord, ResolvedPlace, WasteClass
from backend.places.policy import Position, Presence, presence
from credit_rules import Choice, Methodology

KIND: Final = "recycling.drop_off"
# Two attendants weighing without a break handle about four bags a minute.
HOURLY_LIMIT: Final = 240
# What one member may use up of them: every material, and some bags more.
HOURLY_SHARE: Final = 20
# A printed code proves no time, and a position only where the phone is now: a drop-off sent later
# than it takes to fill in the form is the member's word alone.
PRINTED_PROOF_LASTS: Final = timedelta(minutes=10)
# More than one person carries: a mass that is only stated waits until somebody has looked at it.
REVIEW_ABOVE_KG: Final = Decimal(30)
MEASURED: Final = "T3"


class NotARecyclingPointError(DomainError):
    """The code belongs to another kind of place."""

    code = "not_a_recycling_point"


class MaterialNotAcceptedError(DomainError):
    """The point does not take this class of waste."""

    code = "material_not_accepted"


class NotAtPointError(DomainError):
    """The position sent along lies outside the point's radius."""

    code = "not_at_point"


def require_recycling_point(place: PlaceRecord) -> None:
    """Lets only recycling points pass.

    Raises:
        NotARecyclingPointError: it is another kind of place.
    """
    if place.kind != PlaceKind.RECYCLING_POINT:
        raise NotARecyclingPointError("这不是回收投放点的二维码，请扫描投放点上的二维码。")


def materials(methodology: Methodology) -> tuple[Choice, ...]:
    """What can be dropped off, as the methodology names it."""
    return methodology.inputs["material"].choices


def require_accepted(methodology: Methodology, place: PlaceRecord, material: str | None) -> None:
    """Lets a material pass that the point takes.

    Raises:
        InvalidInputError: there is no such material.
        MaterialNotAcceptedError: the point does not take its class of waste.
    """
    chosen = next((c for c in materials(methodology) if c.value == material), None)
    if chosen is None:
        sentence = "请选择投放的品类。"
        fault = FieldError("facts.material", "unknown", sentence)
        raise InvalidInputError(sentence, fields=[fault])
    if chosen.waste_class is not None and chosen.waste_class not in place.accepted:
        label = WASTE_CLASSES[WasteClass(chosen.waste_class)]
        sentence = f"这个投放点不收{label}，请改投收{label}的点位，或在地图里查找。"
        fault = FieldError("facts.material", "not_accepted", sentence)
        raise MaterialNotAcceptedError(sentence, fields=[fault])


def tier_of(
    found: ResolvedPlace, position: Position | None, *, occurred_at: datetime, now: datetime
) -> str:
    """The tier of evidence that a scan at the point amounts to.

    Args:
        found: the point behind the code.
        position: the phone's, if the member gave one.
        occurred_at: when the drop-off happened.
        now: the present instant.

    Raises:
        NotAtPointError: the position lies outside.
    """
    shown = presence(found.place, found.code_kind, position)
    if shown is Presence.PROVEN_ROTATING:
        return "T2"
    if shown is Presence.UNPROVEN or now - occurred_at > PRINTED_PROOF_LASTS:
        return "T0"
    if shown is Presence.OUTSIDE:
        raise NotAtPointError("您不在这个投放点附近，请到点位旁再扫码，或扫描现场屏幕上的动态码。")
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
