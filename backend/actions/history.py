"""Every action with its award as it stands, for what goes through all of them."""

from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, func

from backend.actions.models import Action, HeldAward, Reassessment
from backend.actions.queries import RECORDED, TAKES_ROOM, Recorded, recorded_of
from backend.ledger.queries import award_entries


class RecordedAward(NamedTuple):
    """An action with what its award entry says.

    Attributes:
        action: as it was recorded.
        trace_digest: SHA-256 of the canonical trace; None where the ledger has no award of it.
        reversed: whether the award was taken back, or never given: it takes up no room under caps.
    """

    action: Recorded
    trace_digest: bytes | None
    reversed: bool


class HistoryOrder(Enum):
    """The order of a history: as posted, or each member's actions together."""

    AS_POSTED = (Action.id,)
    BY_MEMBER = (Action.member_id, Action.id)


def with_traces(order: HistoryOrder) -> Select[Any]:
    """Every action as it stands now, with the digest of the trace it rests on."""
    entry = award_entries()
    trace = func.coalesce(Reassessment.trace_digest, HeldAward.trace_digest, entry.c.trace_digest)
    return (
        RECORDED.add_columns(trace)
        .outerjoin(HeldAward, HeldAward.action_id == Action.id)
        .outerjoin(entry, entry.c.action_id == Action.id)
        .order_by(*order.value)
    )


def recorded_award_of(row: Row[Any]) -> RecordedAward:
    """The action in a row of `with_traces`."""
    action = recorded_of(row)
    return RecordedAward(action, row[len(Recorded._fields)], action.status not in TAKES_ROOM)
