"""Spending: redemptions set aside, handed over or cancelled, donations, expiry.

Each posting is one call of a SQL function (`sql/`) that takes the member's lock and writes
everything or nothing. Callers never commit.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Connection

from backend.db.statements import fetch_all


class SpendingOutcome(StrEnum):
    """What became of a posting; only the first writes."""

    POSTED = "posted"
    REPEATED = "repeated"
    MISMATCH = "mismatch"
    INSUFFICIENT = "insufficient"
    SETTLED = "settled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Spending:
    """The outcome and the entry it concerns: the new one, or the one that was there before."""

    outcome: SpendingOutcome
    entry_id: int | None


@dataclass(frozen=True, slots=True)
class Gift:
    """What is given to whom: `amount` of `unit` (`mpt` or `mg`) to the account of a cause."""

    cause: str
    unit: str
    amount: int


@dataclass(frozen=True, slots=True)
class Expired:
    """What one batch of an expiry came to.

    Attributes:
        members: whose points ended.
        points_mpt: how many, in milli-points.
        last_member_id: where the next batch goes on; None when no member is left.
    """

    members: int
    points_mpt: int
    last_member_id: int | None


def lock_members(db: Connection, member_ids: Collection[int]) -> None:
    """Makes this transaction the only one to post for these members until it ends.

    Whoever posts for several members, or holds rows that others want before they post, takes all
    locks here first: they are taken in one order, so nobody waits in a circle.
    """
    fetch_all(db, "SELECT ledger_lock_members(%s::bigint[])", (list(member_ids),))


def redeem(
    db: Connection,
    *,
    member_id: int,
    reference: str,
    digest: bytes,
    points_mpt: int,
    on: date,
    actor_id: int | None,
) -> Spending:
    """Sets points aside for a redemption, the oldest lots first.

    Args:
        db: the caller's transaction.
        member_id: whose points.
        reference: the client's reference, unique per member among actions and spending.
        digest: SHA-256 of the request's content.
        points_mpt: how many milli-points.
        on: the Asia/Shanghai day; lots of months before it are not spent.
        actor_id: who asked.
    """
    return _posted(
        db,
        "ledger_redeem(%s::bigint, %s::text, %s::bytea, %s::bigint, %s::date, %s::bigint)",
        (member_id, reference, digest, points_mpt, on, actor_id),
    )


def fulfil(
    db: Connection, *, redemption_id: int, reward: str, on: date, actor_id: int | None
) -> Spending:
    """Ends what a redemption set aside, in the account of the reward.

    Args:
        db: the caller's transaction.
        redemption_id: entry of the redemption.
        reward: subject of the account `redemption_done`.
        on: the Asia/Shanghai day.
        actor_id: who handed it over.
    """
    return _posted(
        db,
        "ledger_fulfil(%s::bigint, %s::text, %s::date, %s::bigint)",
        (redemption_id, reward, on, actor_id),
    )


def cancel(
    db: Connection, *, redemption_id: int, on: date, actor_id: int | None, forgive: bool
) -> Spending:
    """Gives back what a redemption set aside, to the lots it came from.

    Args:
        db: the caller's transaction.
        redemption_id: entry of the redemption.
        on: the Asia/Shanghai day.
        actor_id: who cancelled it.
        forgive: points of a lot that ended meanwhile come back into the lot of the present month;
            otherwise they come back and end at once, in an entry of their own.
    """
    return _posted(
        db,
        "ledger_cancel(%s::bigint, %s::date, %s::bigint, %s::boolean)",
        (redemption_id, on, actor_id, forgive),
    )


def donate(
    db: Connection,
    *,
    member_id: int,
    reference: str,
    digest: bytes,
    gift: Gift,
    on: date,
    actor_id: int | None,
) -> Spending:
    """Gives points (oldest lots first) or reductions to a cause.

    Args:
        db: the caller's transaction.
        member_id: who gives.
        reference: the client's reference, unique per member among actions and spending.
        digest: SHA-256 of the request's content.
        gift: what is given to whom.
        on: the Asia/Shanghai day.
        actor_id: who asked.
    """
    return _posted(
        db,
        "ledger_donate(%s::bigint, %s::text, %s::bytea, %s::text, %s::text, %s::bigint, %s::date,"
        " %s::bigint)",
        (member_id, reference, digest, gift.cause, gift.unit, gift.amount, on, actor_id),
    )


_ENDED = """
SELECT DISTINCT expires_month FROM balance
 WHERE kind = 'member_points' AND amount > 0 AND expires_month < %s::date ORDER BY 1
"""


def ended_months(db: Connection, *, on: date) -> list[date]:
    """The first days of all months that are over by a day and still hold points, oldest first.

    However long ago: a correction gives points back to the month they were earned for.
    """
    fetch_all(db, "SELECT set_config('statement_timeout', '0', true)", ())
    return [month for (month,) in fetch_all(db, _ENDED, (on.replace(day=1),))]


def expire(db: Connection, *, month: date, after: int, limit: int, on: date) -> Expired:
    """Ends the lots of a month that is over, for the next members after one.

    Repeating it changes nothing: what has ended holds nothing.

    Args:
        db: the caller's transaction.
        month: first day of the month of expiry.
        after: members up to this id are done.
        limit: members of this batch.
        on: the Asia/Shanghai day of posting.

    Raises:
        sqlalchemy.exc.IntegrityError: the month has not ended.
    """
    ((members, points_mpt, last_member_id),) = fetch_all(
        db,
        "SELECT members, points_mpt, last_member_id"
        "  FROM ledger_expire(%s::date, %s::bigint, %s::integer, %s::date)",
        (month, after, limit, on),
    )
    return Expired(members, points_mpt, last_member_id)


_NOTICE = """
WITH due AS MATERIALIZED (
    SELECT member_id, amount FROM balance
     WHERE expires_month = %s::date AND kind = 'member_points' AND amount > 0 AND member_id > %s
     ORDER BY member_id LIMIT %s
), told AS (
    INSERT INTO expiry_notice (member_id, expires_month, days_ahead, points_mpt, noticed_on)
    SELECT member_id, %s::date, %s::integer, amount, %s::date FROM due
    ON CONFLICT DO NOTHING
)
SELECT max(member_id) FROM due
"""


def give_notice(
    db: Connection, *, month: date, days_ahead: int, after: int, limit: int, on: date
) -> int | None:
    """Tells the next members after one that their points end with a month; once for each notice.

    Returns:
        The last member looked at; None when no member is left.
    """
    ((last,),) = fetch_all(db, _NOTICE, (month, after, limit, month, days_ahead, on))
    return None if last is None else int(last)


def _posted(db: Connection, call: str, parameters: tuple[object, ...]) -> Spending:
    ((outcome, entry_id),) = fetch_all(db, f"SELECT outcome, entry_id FROM {call}", parameters)
    return Spending(SpendingOutcome(outcome), entry_id)
