"""The whole book, read in bulk: every action with its award, however many there are."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Row, Select, func, select

from backend.actions.models import Action, ActionState, HeldAward, Reassessment
from backend.actions.queries import (
    NOW,
    RECORDED,
    TAKES_ROOM,
    Recorded,
    recorded_of,
    takes_room,
)
from backend.ledger.queries import award_entries

_Read = TypeVar("_Read")


class Booked(NamedTuple):
    """An action with what its award entry says.

    Attributes:
        action: as it stands in the book.
        trace_digest: SHA-256 of the canonical trace; None where the ledger has no award of it.
        reversed: whether the award was taken back, or never given: it takes up no room under caps.
    """

    action: Recorded
    trace_digest: bytes | None
    reversed: bool


class Happened(NamedTuple):
    """An action that counts or is held, with what other rules need to judge it.

    Attributes:
        id: the action.
        member_id: who.
        department_id: department on the day of the action, None without one.
        place_id: where, if at a place.
        kind: kind of action.
        occurred_at: when.
        occurred_on: the Asia/Shanghai day of that.
        tier: tier of evidence.
        facts: inputs as accepted.
        ranked: whether it counts in rankings.
        reduction_mg: what it earns in the book, in mg CO2e.
        points_mpt: the same in milli-points, without a bonus.
    """

    id: int
    member_id: int
    department_id: int | None
    place_id: int | None
    kind: str
    occurred_at: datetime
    occurred_on: date
    tier: str
    facts: Mapping[str, str]
    ranked: bool
    reduction_mg: int
    points_mpt: int


class Order(Enum):
    """The order in which the book is read: as posted, or each member's actions together."""

    AS_POSTED = (Action.id,)
    BY_MEMBER = (Action.member_id, Action.id)


_BATCH = 1_000


def booked(db: Connection, *, since: date | None = None) -> Iterator[list[Booked]]:
    """Every action with its award as posted, in batches; never more than one in memory.

    Args:
        db: a transaction of its own, because a cursor of the server stays open in it.
        since: the first Asia/Shanghai day; None from the beginning.
    """
    yield from _batches(db, _on_days(with_traces(Order.AS_POSTED), since, None), booked_of)


def happened(db: Connection, *, since: date, until: date, order: Order) -> Iterator[list[Happened]]:
    """The actions of these days that count or are held, in batches, as `booked` gives them."""
    chosen = (
        select(*(NOW.get(name, getattr(Action, name)) for name in Happened._fields))
        .outerjoin(ActionState, ActionState.action_id == Action.id)
        .outerjoin(Reassessment, Reassessment.id == ActionState.reassessment_id)
        .where(takes_room())
        .order_by(*order.value)
    )
    yield from _batches(db, _on_days(chosen, since, until), Happened._make)


def with_traces(order: Order) -> Select[Any]:
    """Every action as it stands now, with the digest of the trace it rests on."""
    entry = award_entries()
    trace = func.coalesce(Reassessment.trace_digest, HeldAward.trace_digest, entry.c.trace_digest)
    return (
        RECORDED.add_columns(trace)
        .outerjoin(HeldAward, HeldAward.action_id == Action.id)
        .outerjoin(entry, entry.c.action_id == Action.id)
        .order_by(*order.value)
    )


def booked_of(row: Row[Any]) -> Booked:
    """The action in a row of `with_traces`."""
    action = recorded_of(row)
    return Booked(action, row[len(Recorded._fields)], action.status not in TAKES_ROOM)


def count_of(db: Connection, *, since: date | None = None, until: date | None = None) -> int:
    """How many actions happened on these days."""
    counted: int = db.execute(
        _on_days(select(func.count()).select_from(Action), since, until)
    ).scalar_one()
    return counted


def _batches(
    db: Connection, chosen: Select[Any], read: Callable[[Row[Any]], _Read]
) -> Iterator[list[_Read]]:
    rows = db.execute(chosen, execution_options={"yield_per": _BATCH})
    for batch in rows.partitions():
        yield list(map(read, batch))


def _on_days(chosen: Select[Any], since: date | None, until: date | None) -> Select[Any]:
    if since is not None:
        chosen = chosen.where(Action.occurred_on >= since)
    if until is not None:
        chosen = chosen.where(Action.occurred_on <= until)
    return chosen
