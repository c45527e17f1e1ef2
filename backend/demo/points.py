"""The demo city's places: recycling points with their posters, stairs and canteens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from sqlalchemy import Connection

from backend.demo.catalogue import CITY, ROADS
from backend.demo.organisation import DemoInstitution
from backend.organisations.queries import Scope
from backend.places.models import (
    PlaceDraft,
    PlaceKind,
    PlaceRecord,
    PlaceState,
    WasteClass,
)
from backend.places.policy import ALWAYS_OPEN
from backend.places.service import create_place, print_posters, revoke_batch, update_place

_EVERYTHING: Final = Scope(everything=True)
_TRIAL: Final = timedelta(days=10)

Hours = tuple[dict[str, Any], ...]


def _hours(days: range, *spans: tuple[str, str]) -> Hours:
    return tuple({"day": day, "from": start, "to": end} for day in days for start, end in spans)


@dataclass(frozen=True, slots=True)
class Spot:
    """A usual place for a recycling point: its name, hours and classes."""

    name: str
    hours: Hours
    accepted: tuple[WasteClass, ...]


_DRY: Final = (WasteClass.RECYCLABLE, WasteClass.HAZARDOUS)
_GUARDED_GATE: Final = Spot("门岗回收点", ALWAYS_OPEN, _DRY)
_DAY_GATE: Final = Spot("门岗回收点", _hours(range(1, 8), ("06:30", "21:30")), _DRY)
_HALL: Final = Spot(
    "一楼大厅回收点",
    _hours(range(1, 6), ("07:30", "19:30")),
    (WasteClass.RECYCLABLE,),
)
_CANTEEN: Final = Spot(
    "食堂回收点",
    _hours(range(1, 6), ("07:00", "09:00"), ("11:00", "13:30"), ("17:00", "19:00")),
    (WasteClass.RECYCLABLE, WasteClass.FOOD_WASTE),
)
_CAR_PARK: Final = Spot("地下车库回收点", _hours(range(1, 8), ("06:00", "23:00")), _DRY)


@dataclass(frozen=True, slots=True)
class Point:
    """A recycling point as built, and the key of the poster that hangs there."""

    place: PlaceRecord
    key: str


def build_points(
    db: Connection, institution: DemoInstitution, chance: Random, *, now: datetime
) -> tuple[Point, ...]:
    """Builds the points of an institution, with posters.

    The demo's first point hung out trial posters before, whose batch is revoked; its last point
    is paused.

    Args:
        db: the caller's transaction.
        institution: whose they are.
        chance: the stream to draw positions from.
        now: the instant they are entered.

    Returns:
        The points that take something.
    """
    drafts = _drafts(institution, institution.plan.points, chance)
    places = [create_place(db, draft, actor_id=None, at=now) for draft in drafts]
    if institution.plan.number == 0:
        _revoke_trial_posters(db, places[0], now)
    ids = [place.id for place in places]
    batches = print_posters(db, ids, scope=_EVERYTHING, actor_id=None, at=now)
    points = [Point(place, batch.key) for place, batch in zip(places, batches, strict=True)]
    if institution.plan.last:
        paused = points.pop().place
        state = {"state": PlaceState.PAUSED}
        update_place(db, paused.id, state, scope=_EVERYTHING, actor_id=None, at=now)
    return tuple(points)


@dataclass(frozen=True, slots=True)
class OtherPlaces:
    """Where else an institution has a screen: its stairs and its canteen."""

    stairs: PlaceRecord
    canteen: PlaceRecord


def build_other_places(
    db: Connection, institution: DemoInstitution, points: Sequence[Point], *, now: datetime
) -> OtherPlaces:
    """Builds the stairwell and the canteen of an institution, beside its first point.

    Args:
        db: the caller's transaction.
        institution: whose they are.
        points: its recycling points.
        now: the instant they are entered.
    """
    beside = points[0].place

    def built(kind: PlaceKind, name: str, hours: Hours) -> PlaceRecord:
        draft = PlaceDraft(
            kind=kind,
            name=institution.plan.short_name + name,
            institution_id=institution.id,
            address=beside.address,
            accepted=(),
            hours=hours,
            latitude=beside.latitude,
            longitude=beside.longitude,
        )
        return create_place(db, draft, actor_id=None, at=now)

    return OtherPlaces(
        stairs=built(PlaceKind.STAIRWELL, "一号楼楼梯", _hours(range(1, 8), ("06:30", "22:00"))),
        canteen=built(PlaceKind.CANTEEN, "食堂", _CANTEEN.hours),
    )


def _drafts(institution: DemoInstitution, count: int, chance: Random) -> list[PlaceDraft]:
    plan = institution.plan
    street = f"{CITY[1]}{plan.site.name}{chance.choice(ROADS)}{chance.randint(1, 399)}号"
    latitude = plan.site.latitude + Decimal(chance.randint(-22_000, 22_000)).scaleb(-6)
    longitude = plan.site.longitude + Decimal(chance.randint(-26_000, 26_000)).scaleb(-6)
    gate = _GUARDED_GATE if plan.type.guarded else _DAY_GATE
    others = (_HALL, _CANTEEN) if plan.number % 2 else (_CANTEEN, _HALL)
    spots = (gate, *others, _CAR_PARK)
    return [
        PlaceDraft(
            kind=PlaceKind.RECYCLING_POINT,
            name=plan.short_name + spot.name,
            institution_id=institution.id,
            address=street,
            accepted=spot.accepted,
            hours=spot.hours,
            latitude=latitude + Decimal(chance.randint(-600, 600)).scaleb(-6),
            longitude=longitude + Decimal(chance.randint(-600, 600)).scaleb(-6),
        )
        for spot in (spots[number % len(spots)] for number in range(count))
    ]


def _revoke_trial_posters(db: Connection, place: PlaceRecord, now: datetime) -> None:
    (trial,) = print_posters(db, [place.id], scope=_EVERYTHING, actor_id=None, at=now - _TRIAL)
    revoke_batch(
        db,
        trial.id,
        reason="试点期海报被拍照外传，改贴新海报",
        scope=_EVERYTHING,
        actor_id=None,
        at=now,
    )
