"""Draws what the members of the demo city drop off, day by day. Repeatable; knows no database.

Working days have three peaks, weekends little; departments differ in keenness, members in habit,
with a long tail; use grows over the months.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from random import Random
from typing import Final

from backend.clock import SHANGHAI, business_day
from backend.demo.catalogue import BAG_CENTIKG, MIXES
from backend.demo.points import Point
from backend.demo.residents import Resident
from backend.demo.scale import Scale
from backend.places.codes import step_at
from backend.places.policy import USES_PER_STEP, is_open

_ACTIVE_SHARE: Final = 0.47
_SECOND_BAG: Final = 0.22
_BY_SCREEN: Final = 0.6
_WITH_POSITION: Final = 0.8
_LATE_UPLOAD: Final = 0.02
_HEAVIEST_CENTIKG: Final = 1_500
_TRIES: Final = 6
# Fixed public holidays of the State Council's list (month, day); the moving ones are left out.
_HOLIDAYS: Final = frozenset({(1, 1), (5, 1), (5, 2), *((10, day) for day in range(1, 8))})
# Share, hour of the day and spread in minutes of the peaks.
_PEAKS: Final = ((24, 8.6, 20), (42, 12.4, 26), (24, 17.7, 32), (10, 14.8, 70))


class VisitScan(Enum):
    """How a member came by the code: off the screen, off the poster, the latter with a position."""

    SCREEN = "screen"
    POSTER = "poster"
    LOCATED_POSTER = "located_poster"


@dataclass(frozen=True, slots=True)
class Visit:
    """One drop-off: who, where, what (kg as text), when, when it was logged, and how."""

    member_id: int
    point: Point
    material: str
    mass: str
    occurred_at: datetime
    received_at: datetime
    scan: VisitScan


@dataclass(frozen=True, slots=True)
class _VisitHabit:
    resident: Resident
    per_working_day: float


def days(
    scale: Scale,
    residents: Sequence[Resident],
    points: Sequence[Point],
    waste_classes: Mapping[str, str],
    chance: Random,
    *,
    first: date,
    now: datetime,
) -> Iterator[list[Visit]]:
    """Draws the drop-offs at one institution's points, day by day in the order of logging.

    Args:
        scale: how busy the city is.
        residents: who takes part, in a fixed order.
        points: where they go.
        waste_classes: the class of waste of each material.
        chance: the stream to draw from.
        first: the first Asia/Shanghai day.
        now: nothing happens after this instant.
    """
    habits = _habits(scale, residents, chance)
    today = business_day(now)
    whole = max(1, (today - first).days)
    for number in range((today - first).days + 1):
        day = first + timedelta(days=number)
        growth = 0.7 + 0.45 * number / whole
        visits = [
            visit
            for habit in habits
            if not (habit.resident.shown and day == today)
            and chance.random() < habit.per_working_day * growth * share_of_working_day(day)
            for visit in _visits(habit, points, day, waste_classes, chance)
            if visit.received_at <= now
        ]
        visits.sort(key=lambda visit: (visit.received_at, visit.member_id))
        yield _within_usage_limits(visits)


def _habits(scale: Scale, residents: Sequence[Resident], chance: Random) -> list[_VisitHabit]:
    """Who takes part at all, and how often on a working day."""
    usual = scale.weekly_per_mille / 5000
    keenness: dict[int, float] = {}
    habits = []
    for resident in residents:
        if resident.group not in keenness:
            keenness[resident.group] = chance.lognormvariate(0, 0.45)
        keen = keenness[resident.group]
        active = chance.random() < min(0.85, _ACTIVE_SHARE * keen**0.5)
        often = min(0.9, usual * keen**0.5 * chance.lognormvariate(-0.4, 0.9))
        if resident.shown:
            active, often = True, 0.5
        if active:
            habits.append(_VisitHabit(resident, often))
    return habits


def share_of_working_day(day: date) -> float:
    """How busy a day is beside a usual working day: little on weekends and holidays."""
    if (day.month, day.day) in _HOLIDAYS:
        return 0.06
    return (1.05, 1.0, 1.0, 0.98, 1.08, 0.14, 0.1)[day.weekday()]


def _visits(
    habit: _VisitHabit,
    points: Sequence[Point],
    day: date,
    waste_classes: Mapping[str, str],
    chance: Random,
) -> Iterator[Visit]:
    """One visit with one or two bags; none when the point is closed whenever the member comes."""
    point = chance.choice(points)
    for _ in range(_TRIES):
        occurred_at = _moment(day, chance)
        if is_open(point.place.hours, occurred_at):
            break
    else:
        return
    scan, delay = _scan(occurred_at, chance)
    bags = 2 if chance.random() < _SECOND_BAG else 1
    for _ in range(bags):
        material = _material(habit, point, waste_classes, chance)
        if is_open(point.place.hours, occurred_at):
            yield Visit(
                member_id=habit.resident.member_id,
                point=point,
                material=material,
                mass=_mass(material, chance),
                occurred_at=occurred_at,
                received_at=occurred_at + delay,
                scan=scan,
            )
        # The next bag comes more than a minute later: a code counts once in that time.
        occurred_at += timedelta(seconds=chance.randint(65, 170))


def _moment(day: date, chance: Random) -> datetime:
    """An instant of a day, most often in one of the peaks."""
    (_, hour, spread) = chance.choices(_PEAKS, [share for share, _, _ in _PEAKS])[0]
    second = round(hour * 3600 + chance.gauss(0, spread * 60))
    midnight = datetime.combine(day, time(), SHANGHAI)
    return midnight + timedelta(seconds=min(max(second, 6 * 3600), 23 * 3600))


def _scan(occurred_at: datetime, chance: Random) -> tuple[VisitScan, timedelta]:
    """How the code was scanned, and how long after the drop-off it was logged."""
    delay = timedelta(seconds=chance.randint(6, 50))
    if chance.random() < _LATE_UPLOAD:
        # Offline: only a poster can be scanned, and the phone sends later the same day.
        left = datetime.combine(business_day(occurred_at), time(23, 50), SHANGHAI) - occurred_at
        late = timedelta(minutes=chance.randint(20, 300))
        return VisitScan.POSTER, max(delay, min(late, left))
    if chance.random() < _BY_SCREEN:
        return VisitScan.SCREEN, delay
    located = chance.random() < _WITH_POSITION
    return (VisitScan.LOCATED_POSTER if located else VisitScan.POSTER), delay


def _material(
    habit: _VisitHabit, point: Point, waste_classes: Mapping[str, str], chance: Random
) -> str:
    """A material of the institution's mix that the point takes."""
    mix = MIXES[habit.resident.waste]
    taken = [name for name in mix if waste_classes[name] in point.place.accepted]
    return chance.choices(taken, [mix[name] for name in taken])[0]


def _mass(material: str, chance: Random) -> str:
    """Kilograms with two decimals: bags of a material scatter around its usual mass."""
    drawn = round(BAG_CENTIKG[material] * chance.lognormvariate(0, 0.55))
    hundredths = min(max(drawn, 1), _HEAVIEST_CENTIKG)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _within_usage_limits(visits: list[Visit]) -> list[Visit]:
    """Lets no more people use one code of a screen than the system takes; the others go home."""
    uses: Counter[tuple[int, int]] = Counter()
    kept = []
    for visit in visits:
        if visit.scan is VisitScan.SCREEN:
            key = (visit.point.place.id, step_at(visit.occurred_at))
            uses[key] += 1
            if uses[key] > USES_PER_STEP:
                continue
        kept.append(visit)
    return kept
