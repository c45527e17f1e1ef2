"""The list of periodic jobs. A tick claims what is due and puts it into the outbox."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection, text

from backend.clock import shanghai_time
from backend.outbox import service as outbox


@dataclass(frozen=True, slots=True)
class Every:
    """Due again so long after it was due; missed runs are not made up one by one."""

    period: timedelta

    def next_after(self, instant: datetime) -> datetime:
        """The next time after `instant`."""
        return instant + self.period


@dataclass(frozen=True, slots=True)
class Daily:
    """Due once a day at a time of day in Shanghai."""

    at: time

    def next_after(self, instant: datetime) -> datetime:
        """The next time after `instant`, in UTC."""
        local = shanghai_time(instant)
        due = local.replace(hour=self.at.hour, minute=self.at.minute, second=0, microsecond=0)
        if due <= local:
            due += timedelta(days=1)
        return due.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """A periodic job.

    Attributes:
        timing: when it is due.
        irreversible: whether what it does because of the time cannot be undone: it ends points,
            draws lots, deletes, tells people, signs. It waits while the clocks are in doubt
            (`backend.timekeeping`). Other jobs only recompute or compare.
    """

    timing: Every | Daily
    irreversible: bool


PERIODIC: Mapping[str, Job] = {
    "proofs.seal": Job(Every(timedelta(hours=1)), irreversible=True),
    "proofs.build": Job(Every(timedelta(seconds=15)), irreversible=False),
    "rankings.refresh": Job(Every(timedelta(seconds=15)), irreversible=False),
    "rankings.reconcile": Job(Daily(time(3, 10)), irreversible=False),
    "rankings.close": Job(Daily(time(3, 30)), irreversible=True),
    "ledger.expire": Job(Daily(time(0, 20)), irreversible=True),
    "ledger.keep_report": Job(Daily(time(2, 30)), irreversible=True),
    "ledger.give_notice": Job(Daily(time(8, 0)), irreversible=True),
    "draws.advance": Job(Every(timedelta(seconds=30)), irreversible=True),
    "rewards.time_out": Job(Every(timedelta(minutes=5)), irreversible=True),
    "actions.time_out_holds": Job(Every(timedelta(minutes=10)), irreversible=True),
    "outbox.purge": Job(Daily(time(3, 40)), irreversible=True),
    "ledger.verify": Job(Daily(time(4, 10)), irreversible=False),
}

_CLAIM = text("""
UPDATE periodic_run SET due_at = :next_at, last_claimed_at = :now
 WHERE name = (SELECT name FROM periodic_run
                WHERE name = :name AND (due_at <= :now OR due_at > :next_at + interval '5 minutes')
               FOR UPDATE SKIP LOCKED)
RETURNING name
""")
_ENROL = text("""
INSERT INTO periodic_run (name, due_at) VALUES (:name, :due_at) ON CONFLICT DO NOTHING
""")


def run_due(db: Connection, now: datetime, *, held: bool) -> list[str]:
    """Puts every periodic job that is due into the outbox, once, however many ticks run.

    A job seen for the first time is enrolled and becomes due at its next time. One that a clock
    in the future has claimed, so that it is due later than from now it could be, is due now.

    Args:
        db: the transaction.
        now: the present instant, aware.
        held: whether jobs that cannot be undone wait.

    Returns:
        The names put.
    """
    put = []
    for name, job in PERIODIC.items():
        if held and job.irreversible:
            continue
        following = job.timing.next_after(now)
        if db.execute(_CLAIM, {"name": name, "now": now, "next_at": following}).first():
            outbox.put(db, kind=name, payload={})
            put.append(name)
        else:
            db.execute(_ENROL, {"name": name, "due_at": following})
    return put
