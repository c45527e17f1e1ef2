"""A scan at a recycling point: what it is, and what a drop-off there would earn."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from backend.actions.claims import Admission
from backend.actions.drop_offs import KIND, materials, require_recycling_point, tier_of
from backend.actions.service import preview
from backend.actions.versions import methodology_of
from backend.clock import business_day
from backend.places import policy as place_policy
from backend.places.models import CodeKind, PlaceRecord, PlaceState, WasteClass
from backend.places.policy import Position
from backend.places.service import resolve_code
from backend.places.tickets import Ticket, ticket_of
from backend.ports.keys import KeyRing
from credit_rules import Assessment, Rulebook

_SAMPLE_MASS_KG = "1"


@dataclass(frozen=True, slots=True)
class MaterialOffer:
    """A material that a point takes, and what a kilogram of it would earn this member now."""

    material: str
    label: str
    waste_class: WasteClass
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class Scan:
    """What a code leads to: the point, the tier of evidence it gives, and the offers.

    A rotating code comes with a ticket that stands for it while the form is filled in.
    """

    place: PlaceRecord
    code_kind: CodeKind
    tier: str
    open_now: bool
    offers: tuple[MaterialOffer, ...]
    ticket: Ticket | None


def scan(
    db: Connection,
    *,
    rulebook: Rulebook,
    keys: KeyRing,
    member_id: int,
    code: str,
    position: Position | None,
    now: datetime,
) -> Scan:
    """What can be done at the point whose code this is; writes nothing.

    Raises:
        DomainError: the code is forged, out of date, revoked or not of a recycling point, or the
            position lies outside; each says what to do next.
    """
    found = resolve_code(db, keys, code, now, member_id=member_id)
    place = found.place
    require_recycling_point(place)
    tier = tier_of(found, position, occurred_at=now, now=now)
    methodology = methodology_of(rulebook, KIND, business_day(now))
    accepted = [c for c in materials(methodology) if c.waste_class in place.accepted]
    assessments = preview(
        db,
        rulebook,
        kind=KIND,
        member_id=member_id,
        admission=Admission(tier=tier, channel="preview", place_id=place.id),
        variants=[{"material": choice.value, "mass": _SAMPLE_MASS_KG} for choice in accepted],
        now=now,
    )
    return Scan(
        place=place,
        code_kind=found.code_kind,
        tier=tier,
        open_now=_is_open(place, now),
        offers=tuple(
            MaterialOffer(
                choice.value, choice.label, WasteClass(choice.waste_class or ""), assessment
            )
            for choice, assessment in zip(accepted, assessments, strict=True)
        ),
        ticket=ticket_of(keys, found, member_id=member_id),
    )


def _is_open(place: PlaceRecord, instant: datetime) -> bool:
    return place.state == PlaceState.OPEN and place_policy.is_open(place.hours, instant)
