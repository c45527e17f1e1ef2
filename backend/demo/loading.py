"""Loads a part of the demo city: some institutions, all that belongs to them, their history.

Parts share no member, place or department, so they can be loaded side by side. All parts give the
same city as one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Final

from sqlalchemy import Connection

from backend.bootstrap import Backend
from backend.clock import SHANGHAI, business_day
from backend.demo import activity, deeds, history
from backend.demo.activity import Visit
from backend.demo.answers import answer_questionnaires
from backend.demo.deeds import Deed
from backend.demo.draws import stream
from backend.demo.organisation import (
    Ground,
    InstitutionPlan,
    build_institution,
    plan_institutions,
)
from backend.demo.points import OtherPlaces, Point, build_other_places, build_points
from backend.demo.residents import Resident, build_residents
from backend.demo.scale import Scale

SEED: Final = 330100
_ENTERED_BEFORE_HISTORY: Final = timedelta(days=20)
_SETTINGS: Final = (
    # Plans are made while the tables are empty, and kept: they must not read whole tables later.
    "enable_seqscan = off",
    # A part that is done waits for the slower ones, and one rolls up after the other.
    "idle_in_transaction_session_timeout = 0",
    "lock_timeout = 0",
)


@dataclass(frozen=True, slots=True)
class LoadingSpan:
    """From the first Asia/Shanghai day of the history to the present instant."""

    first: date
    now: datetime

    @property
    def entered(self) -> datetime:
        """When the city was entered: some weeks before its history begins."""
        return datetime.combine(self.first, time_of_day(9), SHANGHAI) - _ENTERED_BEFORE_HISTORY


@dataclass(frozen=True, slots=True)
class Part:
    """Every `of`-th institution of a scale, beginning with `number`."""

    scale: Scale
    number: int
    of: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a part has come: accounts opened, actions logged, and the day reached, if any."""

    members: int = 0
    actions: int = 0
    day: date | None = None


@dataclass(frozen=True, slots=True)
class _Neighbourhood:
    plan: InstitutionPlan
    residents: tuple[Resident, ...]
    points: tuple[Point, ...]
    others: OtherPlaces


def load(
    db: Connection,
    backend: Backend,
    part: Part,
    ground: Ground,
    span: LoadingSpan,
    tell: Callable[[Progress], None],
) -> None:
    """Builds the institutions of a part, then logs their history.

    Commits on the way only where the scale says so; the rest is the caller's.

    Args:
        db: the caller's transaction.
        backend: rulebook, keys and settings.
        part: which institutions.
        ground: the districts and systems they stand on, committed before.
        span: the time it covers.
        tell: told after every institution and every day how far it has come.
    """
    for setting in _SETTINGS:
        db.exec_driver_sql(f"SET {setting}")
    neighbourhoods = []
    members = 0
    for plan in plan_institutions(part.scale, stream(SEED, "institutions"))[part.number :: part.of]:
        built = _build(db, plan, ground, span)
        if plan.number == 0:
            chance = stream(SEED, "answers")
            answer_questionnaires(db, backend, built.residents, chance, now=span.now)
        neighbourhoods.append(built)
        members += plan.staff + plan.citizens
        tell(Progress(members))
    logged = 0
    for day, visits in _days(backend, part.scale, neighbourhoods, span):
        for reference, visit in visits:
            history.log(db, backend, reference, visit)
            logged += 1
            if part.scale.actions_per_commit and logged % part.scale.actions_per_commit == 0:
                history.roll_up_logged(db)
        tell(Progress(members, logged, day))


def _build(
    db: Connection, plan: InstitutionPlan, ground: Ground, span: LoadingSpan
) -> _Neighbourhood:
    """Enters an institution with its residents and points."""
    institution = build_institution(
        db, plan, ground, now=span.entered, latest_year=business_day(span.now).year
    )
    residents = build_residents(
        db,
        institution,
        stream(SEED, f"residents:{plan.number}"),
        now=span.entered,
        before=span.first,
    )
    points = build_points(db, institution, stream(SEED, f"points:{plan.number}"), now=span.entered)
    others = build_other_places(db, institution, points, now=span.entered)
    return _Neighbourhood(plan, residents, points, others)


def _days(
    backend: Backend, scale: Scale, neighbourhoods: Sequence[_Neighbourhood], span: LoadingSpan
) -> Iterator[tuple[date, list[tuple[str, Visit | Deed]]]]:
    """Each day and what is logged on it with its references, in the order of logging."""
    classes = history.waste_classes(backend.rulebook, span.first)
    drawn = [
        activity.days(
            scale,
            each.residents,
            each.points,
            classes,
            stream(SEED, f"activity:{each.plan.number}"),
            first=span.first,
            now=span.now,
        )
        for each in neighbourhoods
    ]
    done = [
        deeds.days(
            scale,
            each.residents,
            each.others,
            stream(SEED, f"deeds:{each.plan.number}"),
            first=span.first,
            now=span.now,
        )
        for each in neighbourhoods
    ]
    whole = zip(zip(*drawn, strict=True), zip(*done, strict=True), strict=True)
    for number, (drops, others) in enumerate(whole):
        today = span.first + timedelta(days=number)
        logged: list[tuple[str, Visit | Deed]] = [
            (f"demo-{today:%Y%m%d}-{each.plan.number}-{order}", visit)
            for each, its in zip(neighbourhoods, drops, strict=True)
            for order, visit in enumerate(its)
        ]
        logged += [
            (f"demo-{today:%Y%m%d}-{each.plan.number}-d{order}", deed)
            for each, its in zip(neighbourhoods, others, strict=True)
            for order, deed in enumerate(its)
        ]
        yield today, sorted(logged, key=lambda pair: (pair[1].received_at, pair[0]))
