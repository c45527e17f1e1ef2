"""Receipts: an action with its award, recomputed from what was stored."""

from dataclasses import dataclass

from sqlalchemy import Connection

from backend.actions import queries
from backend.actions.queries import Recorded
from backend.actions.replaying import replay
from backend.errors import DomainError, NotFoundError
from credit_rules import Assessment, Rulebook


@dataclass(frozen=True, slots=True)
class Receipt:
    """An action with its award, recomputed; the same action always gives the same receipt.

    Attributes:
        action: the action as recorded.
        assessment: its award with the trace.
        first: whether this request was the one that posted it.
    """

    action: Recorded
    assessment: Assessment
    first: bool


Result = Receipt | DomainError
"""What a claim came to: its receipt, or why it was refused."""


def receipt_of(db: Connection, rulebook: Rulebook, *, member_id: int, action_id: int) -> Receipt:
    """The receipt of a member's own action, recomputed from what was stored.

    Raises:
        NotFoundError: the member has no such action.
        ReplayMismatchError: recomputing gives another award than the one in the book.
    """
    recorded = queries.action_of(db, member_id=member_id, action_id=action_id)
    if recorded is None:
        raise NotFoundError("没有找到这条记录，请在“我的记录”里重新打开。")
    return Receipt(recorded, replay(rulebook, recorded), first=False)
