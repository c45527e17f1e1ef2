"""Prize draws that anybody can recheck: a promised seed, a published list, a published seed.

When a draw is announced, a random seed is made, sealed, and its SHA-256 published. Members who
earned enough enter under random tickets. At the close the digest of all tickets is published, at
the draw the seed; the order of winners follows from both (`recheck.winning_order`).
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.errors import FieldError, InvalidInputError, NotFoundError
from backend.ledger import spending
from backend.ledger.queries import earned_between
from backend.organisations.models import Institution
from backend.organisations.queries import Scope, institutions_in
from backend.ports.keys import DRAW_SEED, KeyRing
from backend.rewards.models import Audience, DrawEntry, DrawState, PrizeDraw
from backend.rewards.policy import (
    NotOnOfferError,
    Person,
    ThresholdError,
    is_for,
    new_number,
    require_for,
)
from backend.rewards.queries import terms_of
from backend.rewards.recheck import entries_digest, winning_order

_SEED_BYTES = 32


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


def announce(
    db: Connection,
    keys: KeyRing,
    draft: DrawDraft,
    *,
    institution_id: int,
    actor_id: int | None,
    now: datetime,
) -> int:
    """Announces a draw with the promise of its seed; returns its id.

    Raises:
        InvalidInputError: the times are in the wrong order.
    """
    _check_times(draft, now)
    seed = secrets.token_bytes(_SEED_BYTES)
    commitment = hashlib.sha256(seed).digest()
    draw_id = db.execute(
        insert(PrizeDraw)
        .values(
            **asdict(draft),
            institution_id=institution_id,
            state=DrawState.OPEN,
            commitment=commitment,
            seed_sealed=keys.seal(DRAW_SEED, seed, commitment),
            created_at=now,
        )
        .returning(PrizeDraw.id)
    ).scalar_one()
    record(
        db,
        tag=Tag.DRAW_CREATE,
        actor_id=actor_id,
        object_type="prize_draw",
        object_id=draw_id,
        after={
            **asdict(draft),
            "institution_id": institution_id,
            "commitment": commitment.hex(),
        },
        at=now,
    )
    return draw_id


def _check_times(draft: DrawDraft, now: datetime) -> None:
    wrong = {
        "counts_until": draft.counts_until < draft.counts_from,
        "closes_at": draft.closes_at <= now,
        "draws_at": draft.draws_at < draft.closes_at,
    }
    sentences = {
        "counts_until": "统计截止日不能早于开始日，请修改。",
        "closes_at": "报名截止时间应晚于现在，请修改。",
        "draws_at": "开奖时间不能早于报名截止时间，请修改。",
    }
    faults = [FieldError(name, "range", sentences[name]) for name, is_so in wrong.items() if is_so]
    if faults:
        raise InvalidInputError(faults[0].message, fields=faults)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a member stands with a draw: earned so far, and their ticket once they entered."""

    earned: int
    ticket: str | None


def standing_of(db: Connection, draw: DrawView, *, member_id: int) -> Standing:
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
    return Standing(earned, ticket)


def enter(db: Connection, person: Person, draw_id: int, *, now: datetime) -> str:
    """Enters a member in a draw and returns their ticket; entering again returns the same one.

    Raises:
        NotFoundError: there is no such draw for this person.
        NotOnOfferError: it takes no more entries.
        ThresholdError: too little was earned in the time that counts.
    """
    spending.lock_members(db, [person.member_id])
    # Shared: entries do not wait for each other, the close waits for all of them.
    draw = draw_of(db, draw_id, shared=True)
    require_for(
        terms_of(
            db,
            person,
            institution_id=draw.institution_id,
            audience=draw.audience,
            cash_value=draw.cash_value,
        ),
        person,
    )
    standing = standing_of(db, draw, member_id=person.member_id)
    if standing.ticket is not None:
        return standing.ticket
    if draw.state is not DrawState.OPEN or now >= draw.closes_at:
        raise NotOnOfferError("报名已经截止，请等待开奖，或参加其他抽奖。")
    if standing.earned < draw.threshold:
        raise ThresholdError("统计期内的累计还没有达到门槛，请继续记录低碳行为后再报名。")
    ticket = new_number(4)
    db.execute(
        insert(DrawEntry).values(
            draw_id=draw_id, member_id=person.member_id, ticket=ticket, entered_at=now
        )
    )
    return ticket


def advance(db: Connection, keys: KeyRing, *, now: datetime) -> list[int]:
    """Closes and draws whatever is due, once; returns the draws it moved on."""
    moved = []
    for draw_id, state in db.execute(
        select(PrizeDraw.id, PrizeDraw.state)
        .where(
            ((PrizeDraw.state == DrawState.OPEN) & (PrizeDraw.closes_at <= now))
            | ((PrizeDraw.state == DrawState.CLOSED) & (PrizeDraw.draws_at <= now))
        )
        .order_by(PrizeDraw.id)
        .with_for_update(skip_locked=True)
    ).all():
        if state == DrawState.OPEN:
            _close(db, draw_id, now)
        else:
            _reveal(db, keys, draw_id, now)
        moved.append(draw_id)
    return moved


def _close(db: Connection, draw_id: int, now: datetime) -> None:
    digest = bytes.fromhex(entries_digest(tickets_of(db, draw_id)))
    db.execute(
        update(PrizeDraw)
        .where(PrizeDraw.id == draw_id)
        .values(state=DrawState.CLOSED, entries_digest=digest)
    )
    _audit(db, Tag.DRAW_CLOSE, draw_id, {"entries_digest": digest.hex()}, now)


def _reveal(db: Connection, keys: KeyRing, draw_id: int, now: datetime) -> None:
    sealed, commitment = db.execute(
        select(PrizeDraw.seed_sealed, PrizeDraw.commitment).where(PrizeDraw.id == draw_id)
    ).one()
    seed = keys.unseal(DRAW_SEED, sealed, commitment)
    db.execute(
        update(PrizeDraw).where(PrizeDraw.id == draw_id).values(state=DrawState.DRAWN, seed=seed)
    )
    _audit(db, Tag.DRAW_DRAW, draw_id, {"seed": seed.hex()}, now)


def _audit(db: Connection, tag: Tag, draw_id: int, after: dict[str, str], now: datetime) -> None:
    record(
        db,
        tag=tag,
        actor_id=None,
        object_type="prize_draw",
        object_id=draw_id,
        after=after,
        at=now,
    )


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
