"""What a point offers a member: a card for each material, grouped by class of waste."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from backend.actions.claims import Admission
from backend.actions.drop_offs import KIND
from backend.actions.service import preview
from backend.actions.versions import methodology_of
from backend.clock import business_day
from backend.places.labels import WASTE_CLASSES
from backend.places.models import ResolvedPlace, WasteClass
from backend.recycling import service
from backend.web.context import backend, now
from backend.web.transaction import connection
from credit_rules import Assessment, InputSpec
from miniprogram_api.flows.kinds import caps_left
from miniprogram_api.flows.scans import SAMPLE_MASS_KG, tier_body

_DECLARED: Final = "T0"
_LOCATED: Final = "T1"


@dataclass(frozen=True, slots=True)
class Card:
    """One material to choose, and what a kilogram of it earns.

    Attributes:
        material: its name.
        label: in Chinese.
        waste_class: its class.
        counted: what it earns, with a position where one would upgrade the tier.
    """

    material: str
    label: str
    waste_class: WasteClass
    counted: Assessment


@dataclass(frozen=True, slots=True)
class Offers:
    """Everything the form of a point shows.

    Attributes:
        groups: cards by the label of their class, in the order of the rulebook.
        tier: of the evidence as it stands, with label and advice.
        needs_position: a position would upgrade the tier.
        declared_at_most_mpt: milli-points that a kilogram earns at most as things stand.
        caps: what the member may still earn, in Chinese.
        mass: the input for the mass, with its bounds.
    """

    groups: tuple[tuple[str, tuple[Card, ...]], ...]
    tier: dict[str, Any]
    needs_position: bool
    declared_at_most_mpt: int
    caps: tuple[str, ...]
    mass: InputSpec


def offers_at(found: ResolvedPlace, code: str, *, member_id: int) -> Offers:
    """What a recycling point offers a member now.

    Args:
        found: the point behind the code.
        code: text of the code.
        member_id: who looks.

    Raises:
        DomainError: the code or the point does not hold.
    """
    with_backend, instant = backend(), now()
    scan = service.scan(
        connection(),
        rulebook=with_backend.rulebook,
        keys=with_backend.keys,
        member_id=member_id,
        code=code,
        position=None,
        now=instant,
    )
    today = business_day(instant)
    methodology = methodology_of(with_backend.rulebook, KIND, today)
    needs_position = scan.tier == _DECLARED and found.place.latitude is not None
    tier = _LOCATED if needs_position else scan.tier
    stands = [offer.assessment for offer in scan.offers]
    counted = _located(scan, member_id) if needs_position else stands
    cards = [
        Card(offer.material, offer.label, offer.waste_class, assessment)
        for offer, assessment in zip(scan.offers, counted, strict=True)
    ]
    return Offers(
        groups=tuple(
            (WASTE_CLASSES[waste_class], tuple(group))
            for waste_class, group in groupby(
                sorted(cards, key=lambda card: list(WASTE_CLASSES).index(card.waste_class)),
                key=lambda card: card.waste_class,
            )
        ),
        tier=tier_body(methodology, scan.tier),
        needs_position=needs_position,
        declared_at_most_mpt=max((each.points_mpt for each in stands), default=0),
        caps=tuple(
            cap["text"] for cap in caps_left(methodology, member_id=member_id, on=today, tier=tier)
        ),
        mass=methodology.inputs["mass"],
    )


def _located(scan: service.Scan, member_id: int) -> list[Assessment]:
    """What the offers would earn with a position at the point."""
    return preview(
        connection(),
        backend().rulebook,
        kind=KIND,
        member_id=member_id,
        admission=Admission(tier=_LOCATED, channel="preview", place_id=scan.place.id),
        variants=[{"material": o.material, "mass": SAMPLE_MASS_KG} for o in scan.offers],
        now=now(),
    )
