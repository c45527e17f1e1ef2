"""Prize draws that anybody can recheck: a promised seed, a published list, a published seed.

When a draw is announced, a random seed is made, sealed, and its SHA-256 published. Members who
earned enough enter under random tickets. At the close the digest of all tickets is published, at
the draw the seed; the order of winners follows from both (`recheck.winning_order`).
"""

import hashlib
import secrets
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.draws.models import DrawEntry, DrawState, PrizeDraw
from backend.draws.policy import ThresholdError
from backend.draws.queries import DrawDraft, draw_of, eligibility_of, tickets_of
from backend.draws.recheck import entries_digest
from backend.errors import FieldError, InvalidInputError
from backend.ledger import spending
from backend.offers.policy import NotOnOfferError, Person, new_number, require_for
from backend.offers.queries import terms_of
from backend.ports.keys import DRAW_SEED, KeyRing

_SEED_BYTES = 32


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
    eligibility = eligibility_of(db, draw, member_id=person.member_id)
    if eligibility.ticket is not None:
        return eligibility.ticket
    if draw.state is not DrawState.OPEN or now >= draw.closes_at:
        raise NotOnOfferError("报名已经截止，请等待开奖，或参加其他抽奖。")
    if eligibility.earned < draw.threshold:
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
