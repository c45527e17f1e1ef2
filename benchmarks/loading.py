"""Fills a book with millions of transfers in minutes, in a way that keeps every invariant.

One member's history is made by the program itself: real drop-offs, day after day, each assessed,
posted and counted. Then SQL repeats it for every other member, row by row: the same facts, digests
and counters, the ids of their own. What was true of the one is true of all, so `ledger verify`
finds nothing, however large the book. Runs as the owner and skips triggers and foreign keys while
it writes, which is why it is nothing for a book that anybody uses.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

from backend.actions.claims import ClaimInput
from backend.actions.drop_offs import KIND
from backend.actions.service import record
from backend.ports.keys import KeyRing
from benchmarks.installation import screen_code
from credit_rules import Rulebook

PER_DAY = 2
_MATERIALS = ("paper", "glass")

_EACH_ACTION = text("""
WITH member AS (
    SELECT m.member_id, m.department_id, m.institution_id, i.district_id
      FROM membership m JOIN institution i ON i.id = m.institution_id
     WHERE m.member_id <> :like
), made AS (
    INSERT INTO action (member_id, reference, kind, occurred_at, occurred_on, received_at,
                        department_id, institution_id, district_id, place_id, tier, channel, ranked,
                        facts, context, methodology_id, methodology_version, methodology_digest,
                        rulebook_digest, reduction_mg, points_mpt)
    SELECT m.member_id, a.reference, a.kind, a.occurred_at, a.occurred_on, a.received_at,
           m.department_id, m.institution_id, m.district_id, a.place_id, a.tier, a.channel,
           a.ranked, a.facts, a.context, a.methodology_id, a.methodology_version,
           a.methodology_digest, a.rulebook_digest, a.reduction_mg, a.points_mpt
      FROM action a, member m WHERE a.id = :action ORDER BY m.member_id
    RETURNING id, member_id, received_at
), entered AS (
    INSERT INTO entry (kind, member_id, action_id, effective_on, trace_digest, created_at)
    SELECT e.kind, made.member_id, made.id, e.effective_on, e.trace_digest, made.received_at
      FROM made, entry e WHERE e.action_id = :action ORDER BY made.id
    RETURNING id, member_id
), moved AS (
    INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
    SELECT n.id, t.seq, n.member_id, t.debit,
           (n.member_id << 16) | (t.credit & 65535), t.unit, t.amount
      FROM entered n, entry e JOIN transfer t ON t.entry_id = e.id
     WHERE e.action_id = :action ORDER BY n.id, t.seq
), remembered AS (
    INSERT INTO idempotency (member_id, reference, request_digest, action_id)
    SELECT made.member_id, i.reference, i.request_digest, made.id
      FROM made, idempotency i WHERE i.action_id = :action
)
INSERT INTO evidence_use (evidence_digest, action_id, member_id)
SELECT sha256(u.evidence_digest || int8send(made.member_id)), made.id, made.member_id
  FROM made, evidence_use u WHERE u.action_id = :action
""")
_COUNTERS = text("""
INSERT INTO cap_usage (subject_id, cap_key, period_start, reduction_ng, points_npt, activity_nano,
                       count_nano)
SELECT m.member_id, c.cap_key, c.period_start, c.reduction_ng, c.points_npt, c.activity_nano,
       c.count_nano
  FROM cap_usage c, membership m WHERE c.subject_id = :like AND m.member_id <> :like
""")
_BALANCES = text("""
INSERT INTO balance (account_id, member_id, kind, unit, expires_month, amount, version)
SELECT (m.member_id << 16) | (b.account_id & 65535), m.member_id, b.kind, b.unit, b.expires_month,
       b.amount, b.version
  FROM balance b, membership m WHERE b.member_id = :like AND m.member_id <> :like
""")
_ACTIONS = text("SELECT id FROM action WHERE member_id = :like ORDER BY id")


def live(
    engine: Engine,
    *,
    rulebook: Rulebook,
    keys: KeyRing,
    member_id: int,
    code: str,
    until: datetime,
    days: int,
) -> None:
    """Logs a member's drop-offs, two a day at a point with an attendant, through the service.

    Args:
        engine: under the application's role.
        rulebook: assesses them.
        keys: judge the code.
        member_id: whose; must have none yet.
        code: URL of the point's poster, which must stand since the first day.
        until: the last day is the one before this instant's.
        days: how many.
    """
    for day in range(days, 0, -1):
        with engine.begin() as db:
            for number in range(PER_DAY):
                at = until - timedelta(days=day) + timedelta(minutes=2 * number)
                claim = ClaimInput(
                    member_id=member_id,
                    reference=f"lived-{day:05d}-{number}",
                    kind=KIND,
                    occurred_at=at,
                    facts={"material": _MATERIALS[number % len(_MATERIALS)], "mass": "1.25"},
                    code=screen_code(keys, [code], 0, at).code,
                )
                record(db, rulebook, keys, claim, now=at)


def repeat(owner: Engine, *, like: int, report: Callable[[str], None]) -> int:
    """Gives every member with a membership the history of one of them; returns all transfers.

    Args:
        owner: as a superuser, because triggers are off while it writes.
        like: the member whose history is repeated; nobody else may have one.
        report: told now and then how far it is.
    """
    with owner.connect() as db:
        actions = list(db.scalars(_ACTIONS, {"like": like}))
    for number, action in enumerate(actions, start=1):
        with owner.begin() as db:
            _without_triggers(db)
            db.execute(_EACH_ACTION, {"like": like, "action": action})
        if number % 25 == 0:
            report(f"{number} of {len(actions)} drop-offs of every member")
    with owner.begin() as db:
        _without_triggers(db)
        db.execute(_COUNTERS, {"like": like})
        db.execute(_BALANCES, {"like": like})
        return int(db.execute(text("SELECT count(*) FROM transfer")).scalar_one())


def _without_triggers(db: Connection) -> None:
    db.execute(text("SET LOCAL session_replication_role = replica"))
    db.execute(text("SET LOCAL synchronous_commit = off"))
