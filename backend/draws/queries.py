"""Reads of prize draws: what is announced, who may enter, who won."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from backend.clock import business_day
from backend.draws.models import DrawEntry, DrawState, PrizeDraw
from backend.draws.recheck import winning_order
from backend.errors import NotFoundError
from backend.ledger.queries import earned_between
from backend.offers.models import Audience
from backend.offers.policy import Person, is_for
from backend.offers.queries import terms_of
from backend.organisations.models import Institution
from backend.organisations.queries import Scope, institutions_in


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawDraft:
    """What is announced of a draw, for good; `threshold` in `unit`, `mpt` or `mg`."""

    name: str
    description: str
    prize: str
    cash_value: bool
    audience: Audience
    winners: int
    unit: str
    threshold: int
    counts_from: date
    counts_until: date
    closes_at: datetime
    draws_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawView(DrawDraft):
    """A draw as everybody may see it; digests and seed are there once they are published."""

    id: int
    institution_id: int
    institution_name: str
    state: DrawState
    commitment: bytes
    entries_digest: bytes | None
    seed: bytes | None
    entries: int


_HIDDEN = {"seed_sealed", "created_at"}
_DRAW: Select[Any] = (
    select(
        *(column for column in PrizeDraw.__table__.c if column.name not in _HIDDEN),
        Institution.short_name.label("institution_name"),
        select(func.count())
        .where(DrawEntry.draw_id == PrizeDraw.id)
        .scalar_subquery()
        .label("entries"),
    )
    .select_from(PrizeDraw)
    .join(Institution, Institution.id == PrizeDraw.institution_id)
)


@dataclass(frozen=True, slots=True)
class DrawEligibility:
    """Whether a member may enter a draw: earned so far, and their ticket once they entered."""

    earned: int
    ticket: str | None


def eligibility_of(db: Connection, draw: DrawView, *, member_id: int) -> DrawEligibility:
    """What a member earned in the time that counts (in the draw's unit), and their ticket."""
    earned = earned_between(
        db,
        member_id=member_id,
        unit=draw.unit,
        first=draw.counts_from,
        last=draw.counts_until,
    )
    ticket = db.scalar(
        select(DrawEntry.ticket).where(
            DrawEntry.draw_id == draw.id, DrawEntry.member_id == member_id
        )
    )
    return DrawEligibility(earned, ticket)


def draw_of(
    db: Connection, draw_id: int, *, scope: Scope | None = None, shared: bool = False
) -> DrawView:
    """One draw; of an institution in the scope, where one is given.

    Args:
        db: any transaction.
        draw_id: which one.
        scope: only of an institution in this scope; None for any.
        shared: nobody may close it until this transaction ends.

    Raises:
        NotFoundError: there is none, or it lies outside.
    """
    query = _DRAW.where(PrizeDraw.id == draw_id)
    if scope is not None:
        query = query.where(PrizeDraw.institution_id.in_(institutions_in(scope)))
    if shared:
        query = query.with_for_update(of=PrizeDraw, read=True)
    row = db.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("没有找到这次抽奖，请返回列表重新选择。")
    return _draw(row)


def draws_in(db: Connection, *, scope: Scope) -> list[DrawView]:
    """The draws that the institutions of a scope hold, the newest first."""
    rows = db.execute(
        _DRAW.where(PrizeDraw.institution_id.in_(institutions_in(scope))).order_by(
            PrizeDraw.id.desc()
        )
    )
    return [_draw(row) for row in rows.mappings()]


_LATEST = 30


def draws_for(db: Connection, person: Person) -> list[DrawView]:
    """The latest draws that are for a member, the newest first."""
    rows = db.execute(_DRAW.order_by(PrizeDraw.id.desc()).limit(_LATEST * 3))
    found = []
    for draw in map(_draw, rows.mappings()):
        terms = terms_of(
            db,
            person,
            institution_id=draw.institution_id,
            audience=draw.audience,
            cash_value=draw.cash_value,
        )
        if is_for(terms, person):
            found.append(draw)
    return found[:_LATEST]


def tickets_of(db: Connection, draw_id: int) -> Sequence[str]:
    """Every ticket of a draw in alphabetical order; they say nothing of who holds them."""
    return sorted(db.scalars(select(DrawEntry.ticket).where(DrawEntry.draw_id == draw_id)))


def winners_of(draw: DrawView, tickets: Sequence[str]) -> list[str]:
    """The winning tickets in the order of the draw; none before it."""
    return [] if draw.seed is None else winning_order(draw.seed, tickets)[: draw.winners]


def winning_members(db: Connection, draw: DrawView) -> list[tuple[str, int]]:
    """The winning tickets with the members who hold them, for whoever hands out the prizes."""
    winners = winners_of(draw, tickets_of(db, draw.id))
    rows = db.execute(
        select(DrawEntry.ticket, DrawEntry.member_id).where(
            DrawEntry.draw_id == draw.id, DrawEntry.ticket.in_(winners)
        )
    )
    holders = {row[0]: row[1] for row in rows}
    return [(ticket, holders[ticket]) for ticket in winners]


def published(draw: DrawView, tickets: Sequence[str]) -> dict[str, Any]:
    """What everybody may recheck: the tickets from the close on, the seed after the draw."""
    closed = draw.state is not DrawState.OPEN
    return {
        "draw": draw.id,
        "name": draw.name,
        "places": draw.winners,
        "commitment": draw.commitment.hex(),
        "entries_digest": draw.entries_digest.hex() if draw.entries_digest else None,
        "tickets": list(tickets) if closed else [],
        "seed": draw.seed.hex() if draw.seed else None,
        "winners": winners_of(draw, tickets),
        "drawn_on": business_day(draw.draws_at).isoformat(),
    }


def _draw(row: Any) -> DrawView:
    values = dict(row)
    values["audience"] = Audience(values["audience"])
    values["state"] = DrawState(values["state"])
    return DrawView(**values)
