"""Logs what was drawn through the real services, each at its own instant."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection

from backend.actions.claims import ClaimInput
from backend.actions.drop_offs import KIND
from backend.actions.service import record
from backend.bootstrap import Backend
from backend.demo.activity import Visit, VisitScan
from backend.demo.deeds import Deed
from backend.outbox import service as outbox
from backend.outbox.relay import BATCH
from backend.places.codes import (
    PrintedCode,
    place_key,
    printed_url,
    rotating_code,
    rotating_url,
)
from backend.places.policy import Position
from backend.rankings import jobs as rankings
from credit_rules import Rulebook

_ACCURACY_M = 15


def waste_classes(rulebook: Rulebook, on: date) -> Mapping[str, str]:
    """The class of waste of every material that the methodology of a day knows."""
    choices = rulebook.methodology(KIND, on).inputs["material"].choices
    return {choice.value: choice.waste_class or "" for choice in choices}


def first_creditable_day(rulebook: Rulebook) -> date:
    """The first day on which a drop-off can be credited at all."""
    return rulebook.versions[KIND][0].effective_from


def log(db: Connection, backend: Backend, reference: str, done: Visit | Deed) -> None:
    """Logs a drop-off or another action at the instant at which it reached the system."""
    if isinstance(done, Deed):
        _log_deed(db, backend, reference, done)
    else:
        _log_visit(db, backend, reference, done)


def _log_deed(db: Connection, backend: Backend, reference: str, deed: Deed) -> None:
    code = None
    if deed.place is not None:
        key = place_key(backend.keys, deed.place.id)
        code = rotating_code(key, deed.place.id, deed.occurred_at)
    claim = ClaimInput(
        member_id=deed.member_id,
        reference=reference,
        kind=deed.kind,
        occurred_at=deed.occurred_at,
        facts=deed.facts,
        code=code,
    )
    record(db, backend.rulebook, backend.keys, claim, now=deed.received_at)


def _log_visit(db: Connection, backend: Backend, reference: str, visit: Visit) -> None:
    claim = _drop_off(backend, reference, visit)
    record(db, backend.rulebook, backend.keys, claim, now=visit.received_at)


def roll_up_logged(db: Connection) -> None:
    """Brings about what follows from the actions: recomputes the roll-ups they belong to.

    Commits after each batch and each season: a job of the running system that wants the same rows
    or the same lock waits for one of them, not for the whole load. The messages are marked done.
    """
    while True:
        waiting = outbox.take_waiting(db, kind="award.posted", limit=BATCH)
        rankings.roll_up_days(db, [int(message.payload["action_id"]) for message in waiting])
        db.commit()
        if len(waiting) < BATCH:
            break
    for season in rankings.seasons_of_actions(db):
        rankings.recompute(db, season)
        db.commit()


def _drop_off(backend: Backend, reference: str, visit: Visit) -> ClaimInput:
    place, public_url = visit.point.place, backend.settings.public_url
    if visit.scan is VisitScan.SCREEN:
        signed = rotating_code(place_key(backend.keys, place.id), place.id, visit.occurred_at)
        code = rotating_url(public_url, signed)
    else:
        code = printed_url(public_url, PrintedCode(place.code, visit.point.key))
    position = None
    if visit.scan is VisitScan.LOCATED_POSTER and place.latitude and place.longitude:
        position = Position(place.latitude, place.longitude, _ACCURACY_M, place.datum)
    return ClaimInput(
        member_id=visit.member_id,
        reference=reference,
        kind=KIND,
        occurred_at=visit.occurred_at,
        code=code,
        facts={"material": visit.material, "mass": visit.mass},
        position=position,
    )
