"""Reads of the history in bulk, by shares of members."""

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from backend.actions.history import HistoryOrder, RecordedAward, recorded_award_of, with_traces
from backend.actions.models import Action, ActionState, Reassessment
from backend.actions.queries import NOW, takes_room
from backend.simulation.policy import CountedAction

_ROWS_AT_ONCE = 1_000


class Share(NamedTuple):
    """The actions of some members: the first and last of their ids, and how many actions."""

    first: int
    last: int
    actions: int


class Days(NamedTuple):
    """Asia/Shanghai days, both included; None for no limit."""

    since: date | None = None
    until: date | None = None


def shares(db: Connection, days: Days, *, actions: int) -> list[Share]:
    """The members with actions on these days, cut into shares of about so many actions.

    The cut depends on the history alone, so that a run comes to the same however many processes
    work on it.
    """
    found: list[Share] = []
    counted = (
        select(Action.member_id, func.count())
        .where(*_within(days))
        .group_by(Action.member_id)
        .order_by(Action.member_id)
    )
    for member_id, count in db.execute(counted):
        if found and found[-1].actions < actions:
            found[-1] = Share(found[-1].first, member_id, found[-1].actions + count)
        else:
            found.append(Share(member_id, member_id, count))
    return found


def count_of(db: Connection, days: Days) -> int:
    """How many actions happened on these days."""
    counted = select(func.count()).select_from(Action).where(*_within(days))
    return db.execute(counted).scalar_one()


def counted_actions(
    db: Connection, days: Days, share: Share | None, order: HistoryOrder
) -> Iterator[CountedAction]:
    """The actions of these days that count or are held; of all members where no share is given."""
    chosen = (
        select(*(NOW.get(name, getattr(Action, name)) for name in CountedAction._fields))
        .outerjoin(ActionState, ActionState.action_id == Action.id)
        .outerjoin(Reassessment, Reassessment.id == ActionState.reassessment_id)
        .where(takes_room(), *_within(days, share))
        .order_by(*order.value)
    )
    return map(CountedAction._make, _streamed(db, chosen))


def recorded_awards(db: Connection, days: Days, share: Share) -> Iterator[RecordedAward]:
    """Every action of these days with its award, member by member."""
    chosen = with_traces(HistoryOrder.BY_MEMBER).where(*_within(days, share))
    return map(recorded_award_of, _streamed(db, chosen))


def _streamed(db: Connection, chosen: Select[Any]) -> Iterator[Any]:
    """Rows through a cursor of the server; never more than a batch of them in memory."""
    yield from db.execute(chosen, execution_options={"yield_per": _ROWS_AT_ONCE})


def _within(days: Days, share: Share | None = None) -> list[ColumnElement[bool]]:
    found = []
    if days.since is not None:
        found.append(Action.occurred_on >= days.since)
    if days.until is not None:
        found.append(Action.occurred_on <= days.until)
    if share is not None:
        found.append(Action.member_id.between(share.first, share.last))
    return found
