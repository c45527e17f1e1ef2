"""A scan at a recycling point: what it offers, and the drop-off that is logged there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from backend.actions import service as actions
from backend.actions.evidence import require_present
from backend.actions.policy import content_digest
from backend.actions.service import Admission, Claim, Receipt, Request
from backend.clock import business_day
from backend.errors import FieldError, InvalidInputError
from backend.places import policy as place_policy
from backend.places import scanned
from backend.places.models import (
    CodeKind,
    PlaceAtCode,
    PlaceKind,
    PlaceRecord,
    PlaceState,
    ResolvedPlace,
    WasteClass,
)
from backend.places.policy import Position
from backend.places.service import resolve_code
from backend.places.tickets import Ticket, ticket_of
from backend.ports.keys import KeyRing
from backend.recycling import policy
from credit_rules import Assessment, Choice, Methodology, Rulebook

_SAMPLE_MASS_KG = "1"


@dataclass(frozen=True, slots=True)
class DropOff:
    """What a member says they dropped off, and where.

    Attributes:
        reference: the client's reference.
        occurred_at: when.
        code: text of the code that was scanned: a poster's URL, the bare code, or the ticket that
            the scan of a rotating code was answered with.
        facts: `material` and `mass` (kg), as the methodology names them.
        position: where the phone was, if the member let it say; used once and discarded.
    """

    reference: str
    occurred_at: datetime
    code: str
    facts: Mapping[str, str]
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Offer:
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
    offers: tuple[Offer, ...]
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
    _check_kind(place)
    tier = _tier(found, position, at=now, now=now)
    methodology = actions.methodology_of(rulebook, policy.KIND, business_day(now))
    accepted = [c for c in _materials(methodology) if c.waste_class in place.accepted]
    assessments = actions.preview(
        db,
        rulebook,
        kind=policy.KIND,
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
            Offer(choice.value, choice.label, WasteClass(choice.waste_class or ""), assessment)
            for choice, assessment in zip(accepted, assessments, strict=True)
        ),
        ticket=ticket_of(keys, found, member_id=member_id),
    )


def log_drop_off(
    db: Connection,
    *,
    rulebook: Rulebook,
    keys: KeyRing,
    member_id: int,
    drop_off: DropOff,
    now: datetime,
) -> Receipt:
    """Records a drop-off and credits it, or finds the one its reference already led to.

    Raises:
        DomainError: the code, the place, the time, the material or the facts do not hold; see
            `places.codes`, `policy` and `actions.service.record`.
    """
    request = drop_off_request(
        rulebook=rulebook, keys=keys, member_id=member_id, drop_off=drop_off, now=now
    )
    return actions.record(db, rulebook, request, now=now)


def drop_off_request(
    *,
    rulebook: Rulebook,
    keys: KeyRing,
    member_id: int,
    drop_off: DropOff,
    now: datetime,
) -> Request:
    """A drop-off as a request, to be recorded alone or with others; reads nothing yet."""
    code = scanned.read(drop_off.code)

    def admit(methodology: Methodology, at_code: PlaceAtCode | None) -> Admission:
        found = scanned.resolved(keys, code, at_code, member_id=member_id, now=now)
        _check_kind(found.place)
        place_policy.require_open(found.place, drop_off.occurred_at)
        _check_material(rulebook, methodology, found.place, drop_off.facts)
        return _admission(found, drop_off, member_id=member_id, now=now)

    claim = Claim(
        member_id=member_id,
        reference=drop_off.reference,
        digest=content_digest(
            {
                "kind": policy.KIND,
                "occurred_at": drop_off.occurred_at.isoformat(),
                "code": drop_off.code,
                "facts": drop_off.facts,
            }
        ),
        kind=policy.KIND,
        occurred_at=drop_off.occurred_at,
        facts=drop_off.facts,
    )
    return Request(claim, admit, code)


def _admission(
    found: ResolvedPlace, drop_off: DropOff, *, member_id: int, now: datetime
) -> Admission:
    place_id = found.place.id
    tier = _tier(found, drop_off.position, at=drop_off.occurred_at, now=now)
    if found.step is not None:
        require_present(drop_off.occurred_at, scanned_at=found.scanned_at, now=now)
        channel = "rotating_code"
        use = policy.use_of_rotating_code(place_id=place_id, member_id=member_id, step=found.step)
    else:
        channel = "printed_code"
        use = policy.use_of_printed_code(
            place_id=place_id,
            member_id=member_id,
            material=drop_off.facts["material"],
            occurred_at=drop_off.occurred_at,
        )
    return Admission(
        tier=tier,
        channel=channel,
        place_id=place_id,
        evidence=(use.evidence,),
        usage_limits=(use.usage_limit,),
        hold=policy.reason_to_hold(tier=tier, mass=drop_off.facts.get("mass", "")),
    )


def _tier(found: ResolvedPlace, position: Position | None, *, at: datetime, now: datetime) -> str:
    presence = place_policy.presence(found.place, found.code_kind, position, at)
    return policy.tier_of(presence, age=now - at)


def _is_open(place: PlaceRecord, instant: datetime) -> bool:
    return place.state == PlaceState.OPEN and place_policy.is_open(place.hours, instant)


def _check_kind(place: PlaceRecord) -> None:
    if place.kind != PlaceKind.RECYCLING_POINT:
        raise policy.NotARecyclingPointError("这不是回收投放点的二维码，请扫描投放点上的二维码。")


def _check_material(
    rulebook: Rulebook, methodology: Methodology, place: PlaceRecord, facts: Mapping[str, str]
) -> None:
    chosen = next((c for c in _materials(methodology) if c.value == facts.get("material")), None)
    if chosen is None:
        sentence = "请选择投放的品类。"
        raise InvalidInputError(
            sentence, fields=[FieldError("facts.material", "unknown", sentence)]
        )
    if chosen.waste_class is not None and chosen.waste_class not in place.accepted:
        raise policy.not_accepted(rulebook.standards.waste_classes[chosen.waste_class])


def _materials(methodology: Methodology) -> tuple[Choice, ...]:
    return methodology.inputs["material"].choices
