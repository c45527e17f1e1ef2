"""Draws what the members of the demo city do besides drop-offs. Repeatable; knows no database.

On some working days a member commutes (on their word), takes the stairs or finishes the plate (both
by the screen of the place), or prints less. One of these a day, so that nothing excludes another.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Final

from backend.clock import SHANGHAI, business_day
from backend.demo.activity import share_of_working_day
from backend.demo.points import OtherPlaces
from backend.demo.residents import Resident
from backend.demo.scale import Scale
from backend.places.codes import step_at
from backend.places.models import PlaceRecord
from backend.places.policy import USES_PER_STEP, is_open

KINDS: Final = (
    "commute.metro",
    "commute.bus",
    "commute.bicycle",
    "commute.walk",
    "stairs.climb",
    "dining.clean_plate",
    "office.paperless",
)

_ACTIVE_SHARE: Final = 0.15
_SHOWN_DAILY: Final = 0.5
# Weight, hour of the day and spread in minutes.
_COMMUTE: Final = (46, 8.4, 22)
_STAIRS: Final = (20, 9.3, 60)
_LUNCH: Final = (24, 12.2, 16)
_PAPER: Final = (10, 15.5, 60)
# Mode and its share; the kilometres it is used for, in tenths.
_MODES: Final = (
    ("commute.metro", 40, (40, 220)),
    ("commute.bus", 28, (20, 100)),
    ("commute.bicycle", 20, (8, 50)),
    ("commute.walk", 12, (4, 20)),
)


@dataclass(frozen=True, slots=True)
class Deed:
    """One action other than a drop-off: who, what, when, when it was logged, where if shown."""

    member_id: int
    kind: str
    facts: Mapping[str, str]
    occurred_at: datetime
    received_at: datetime
    place: PlaceRecord | None = None


@dataclass(frozen=True, slots=True)
class _DeedHabit:
    """How a member gets to work, and how often they log anything on a working day."""

    resident: Resident
    mode: str
    distance: str
    per_working_day: float


def days(
    scale: Scale,
    residents: Sequence[Resident],
    places: OtherPlaces,
    chance: Random,
    *,
    first: date,
    now: datetime,
) -> Iterator[list[Deed]]:
    """Draws the deeds of one institution's members, day by day in the order of logging.

    Args:
        scale: how busy the city is.
        residents: who takes part, in a fixed order.
        places: whose screens they scan.
        chance: the stream to draw from.
        first: the first Asia/Shanghai day.
        now: nothing happens after this instant.
    """
    habits = [_habit(resident, scale, chance) for resident in residents]
    today = business_day(now)
    for number in range((today - first).days + 1):
        day = first + timedelta(days=number)
        deeds = [
            deed
            for habit in habits
            if not (habit.resident.shown and day == today)
            and chance.random() < habit.per_working_day * share_of_working_day(day)
            for deed in _deed(habit, places, day, chance)
            if deed.received_at <= now
        ]
        deeds.sort(key=lambda deed: (deed.received_at, deed.member_id))
        yield _within_usage_limits(deeds)


def _habit(resident: Resident, scale: Scale, chance: Random) -> _DeedHabit:
    (mode, _, (least, most)) = chance.choices(_MODES, [share for _, share, _ in _MODES])[0]
    tenths = chance.randint(least, most)
    often = scale.deeds_per_mille / 5000 / _ACTIVE_SHARE
    active = chance.random() < _ACTIVE_SHARE
    per_day = _SHOWN_DAILY if resident.shown else often * active
    return _DeedHabit(resident, mode, f"{tenths // 10}.{tenths % 10}", per_day)


def _deed(habit: _DeedHabit, places: OtherPlaces, day: date, chance: Random) -> Iterator[Deed]:
    """What a member logs on a day; nothing where the place is closed."""
    what = chance.choices(
        (_COMMUTE, _STAIRS, _LUNCH, _PAPER),
        [weight for weight, _, _ in (_COMMUTE, _STAIRS, _LUNCH, _PAPER)],
    )[0]
    occurred_at = _moment(day, what, chance)
    place: PlaceRecord | None = None
    if what is _COMMUTE:
        kind, facts = habit.mode, {"distance": habit.distance}
    elif what is _STAIRS:
        kind, facts, place = "stairs.climb", {"floors": str(chance.randint(3, 14))}, places.stairs
    elif what is _LUNCH:
        kind, facts, place = "dining.clean_plate", {}, places.canteen
    else:
        kind, facts = "office.paperless", {"sheets": str(chance.randint(4, 60))}
    delay = timedelta(seconds=chance.randint(6, 50))
    if place is None or is_open(place.hours, occurred_at):
        yield Deed(habit.resident.member_id, kind, facts, occurred_at, occurred_at + delay, place)


def _moment(day: date, what: tuple[int, float, int], chance: Random) -> datetime:
    (_, hour, spread) = what
    second = round(hour * 3600 + chance.gauss(0, spread * 60))
    midnight = datetime.combine(day, time(), SHANGHAI)
    return midnight + timedelta(seconds=min(max(second, 6 * 3600), 22 * 3600))


def _within_usage_limits(deeds: list[Deed]) -> list[Deed]:
    """Lets no more people use one code of a screen than the system takes; the others go on."""
    uses: Counter[tuple[int, int]] = Counter()
    kept = []
    for deed in deeds:
        if deed.place is not None:
            key = (deed.place.id, step_at(deed.occurred_at))
            uses[key] += 1
            if uses[key] > USES_PER_STEP:
                continue
        kept.append(deed)
    return kept
