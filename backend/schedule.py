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


PERIODIC: Mapping[str, Every | Daily] = {
    "proofs.seal": Every(timedelta(hours=1)),
    "proofs.build": Every(timedelta(seconds=15)),
    "rankings.refresh": Every(timedelta(seconds=15)),
    "rankings.reconcile": Daily(time(3, 10)),
    "ledger.expire": Daily(time(0, 20)),
    "ledger.keep_report": Daily(time(2, 30)),
    "ledger.give_notice": Daily(time(8, 0)),
    "draws.advance": Every(timedelta(seconds=30)),
    "rewards.time_out": Every(timedelta(minutes=5)),
    "actions.time_out_holds": Every(timedelta(minutes=10)),
    "outbox.purge": Daily(time(3, 40)),
    "ledger.verify": Daily(time(4, 10)),
}

_CLAIM = text("""
UPDATE periodic_run SET due_at = :next_at, last_claimed_at = :now
 WHERE name = (SELECT name FROM periodic_run WHERE name = :name AND due_at <= :now
               FOR UPDATE SKIP LOCKED)
RETURNING name
""")
_ENROL = text("""
INSERT INTO periodic_run (name, due_at) VALUES (:name, :due_at) ON CONFLICT DO NOTHING
""")


def run_due(db: Connection, now: datetime) -> list[str]:
    """Puts every periodic job that is due into the outbox, once, however many ticks run.

    A job seen for the first time is enrolled and becomes due at its next time.

    Returns:
        The names put.
    """
    put = []
    for name, timing in PERIODIC.items():
        following = timing.next_after(now)
        if db.execute(_CLAIM, {"name": name, "now": now, "next_at": following}).first():
            outbox.put(db, kind=name, payload={})
            put.append(name)
        else:
            db.execute(_ENROL, {"name": name, "due_at": following})
    return put
