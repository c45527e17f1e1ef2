"""Periodic work of the ledger: points end with their month, members are told beforehand.

A run does one batch and leaves the next one in the outbox, in the same transaction: however often
it is interrupted or repeated, every member is served once.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from backend.ledger import conservation, spending
from backend.ledger.policy import due_notices, month_end
from backend.outbox import service as outbox

EXPIRE = "ledger.expire"
GIVE_NOTICE = "ledger.give_notice"
BATCH = 500


def expire(db: Connection, payload: Mapping[str, Any], *, today: date) -> None:
    """Ends one batch of lots; an empty payload starts with every month that is over.

    Args:
        db: the transaction that marks the message done.
        payload: `{month, after}`, or nothing.
        today: the Asia/Shanghai day.
    """
    if not payload:
        for month in spending.ended_months(db, on=today):
            outbox.put(db, kind=EXPIRE, payload={"month": month.isoformat(), "after": 0})
        return
    done = spending.expire(
        db,
        month=date.fromisoformat(payload["month"]),
        after=payload["after"],
        limit=BATCH,
        on=today,
    )
    if done.last_member_id is not None:
        outbox.put(db, kind=EXPIRE, payload={**payload, "after": done.last_member_id})


def give_notice(db: Connection, payload: Mapping[str, Any], *, today: date) -> None:
    """Gives one batch of notices; an empty payload starts with those that are due.

    Args:
        db: the transaction that marks the message done.
        payload: `{month, days, after}`, or nothing.
        today: the Asia/Shanghai day.
    """
    if not payload:
        for month, days in due_notices(today):
            first = {"month": month.isoformat(), "days": days, "after": 0}
            outbox.put(db, kind=GIVE_NOTICE, payload=first)
        return
    month = date.fromisoformat(payload["month"])
    if today > month_end(month):  # left lying until there was nothing ahead any more
        return
    last = spending.give_notice(
        db,
        month=month,
        days_ahead=payload["days"],
        after=payload["after"],
        limit=BATCH,
        on=today,
    )
    if last is not None:
        outbox.put(db, kind=GIVE_NOTICE, payload={**payload, "after": last})


def keep_report(db: Connection, *, at: datetime) -> None:
    """Keeps the conservation report of an instant for the console."""
    conservation.keep(db, conservation.report(db, at=at))
