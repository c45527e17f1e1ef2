"""The conservation report: everything issued is held, spent, given, ended or borne by somebody.

Points of several sources lie in one lot and cannot be told apart, so what leaves a member is laid
to the sources in the order in which they first gave to that member: the first source's points
leave first. Within a member and a unit that is exact to the milli-point; over all members, units
and sources it adds up to the accounts, which `Report.holds` compares.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, text

from backend.ledger.models import ConservationLine

_DESTINATIONS = ("held", "pending", "spent", "donated", "expired", "written_off")


@dataclass(frozen=True, slots=True)
class SourceLine:
    """Where what one source issued has gone, in mg or mpt; `issued` is the sum of the rest.

    Attributes:
        unit: `mg` or `mpt`.
        source_kind: `issuance`, `avoided_source`, `campaign_budget` or `write_off`.
        source: the methodology or the campaign; empty for corrections.
        issued: given to members, less what was taken back by reversals and corrections.
        held: with members.
        pending: set aside for redemptions.
        spent: handed over as rewards.
        donated: given to causes.
        expired: ended with their month.
        written_off: negative: what was taken back although it had been spent; the programme
            bears it.
    """

    unit: str
    source_kind: str
    source: str
    issued: int
    held: int
    pending: int
    spent: int
    donated: int
    expired: int
    written_off: int

    @property
    def holds(self) -> bool:
        """Whether nothing of it was lost and nothing came out of nowhere."""
        gone = self.pending + self.spent + self.donated + self.expired + self.written_off
        return self.issued == self.held + gone


@dataclass(frozen=True, slots=True)
class Report:
    """The lines of one instant, and what the accounts themselves held then, by unit and place."""

    as_of: datetime
    lines: tuple[SourceLine, ...]
    accounts: Counter[tuple[str, str]]

    @property
    def holds(self) -> bool:
        """Whether each line adds up, and all lines together are what the accounts say."""
        summed: Counter[tuple[str, str]] = Counter()
        for line in self.lines:
            for name in ("issued", *_DESTINATIONS):
                summed[line.unit, name] += getattr(line, name)
        same = all(summed[key] == self.accounts[key] for key in summed | self.accounts)
        return same and all(line.holds for line in self.lines)


# 1, 2 and 4 are a member's own accounts (chart.CHART); campaigns keep their id, systems theirs.
_PARTY = """CASE WHEN {side} < 0 THEN {side}
                 WHEN {side} >> 12 & 15 = 3 THEN {side} >> 16 << 16
                 ELSE {side} >> 12 & 15 END"""
_LINES = text(f"""
WITH flow AS MATERIALIZED (
    SELECT e.member_id, t.unit, {_PARTY.format(side="t.debit")} AS giver,
           {_PARTY.format(side="t.credit")} AS taker, sum(t.amount) AS amount, min(e.id) AS first
      FROM entry e JOIN transfer t ON t.entry_id = e.id
     WHERE e.created_at <= :at AND e.kind <> 'grant'
     GROUP BY 1, 2, 3, 4
), net AS MATERIALIZED (
    SELECT member_id, unit, party, sum(amount) AS amount, min(first) AS first
      FROM (SELECT member_id, unit, giver AS party, amount, first FROM flow
             WHERE giver NOT IN (1, 2, 4) AND taker IN (1, 2, 4)
            UNION ALL
            SELECT member_id, unit, taker, -amount, first FROM flow
             WHERE giver IN (1, 2, 4) AND taker NOT IN (1, 2, 4)
            UNION ALL
            SELECT member_id, unit, 4, -amount, first FROM flow WHERE giver IN (1, 2) AND taker = 4
            UNION ALL
            SELECT member_id, unit, 4, amount, first FROM flow WHERE giver = 4) AS side
     GROUP BY member_id, unit, party
), source AS (
    SELECT *, sum(amount) OVER (PARTITION BY member_id, unit ORDER BY first, party) AS upto
      FROM net WHERE amount > 0
), sink AS (
    SELECT member_id, unit, party, -amount AS amount,
           sum(-amount) OVER (PARTITION BY member_id, unit ORDER BY party = 4, first, party) AS upto
      FROM net WHERE amount < 0
), laid AS (
    SELECT s.unit, s.party, k.party AS sink,
           sum(least(s.upto, k.upto) - greatest(s.upto - s.amount, k.upto - k.amount)) AS amount
      FROM source s JOIN sink k USING (member_id, unit)
     WHERE s.upto - s.amount < k.upto AND k.upto - k.amount < s.upto
     GROUP BY s.unit, s.party, k.party
), part AS (
    SELECT unit, party, 'given' AS what, sum(amount) AS amount FROM source GROUP BY unit, party
    UNION ALL
    SELECT laid.unit, laid.party, coalesce(a.kind, 'redemption_pending'), laid.amount
      FROM laid LEFT JOIN account a ON a.id = laid.sink
    UNION ALL
    SELECT unit, taker, 'taken_back', sum(amount) FROM flow
     WHERE giver < 0 AND taker < 0 GROUP BY unit, taker
)
SELECT part.unit, coalesce(a.kind, 'campaign_budget') AS source_kind,
       coalesce(a.subject, (part.party >> 16)::text) AS source, part.what,
       sum(part.amount)::bigint AS amount
  FROM part LEFT JOIN account a ON a.id = part.party
 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
""")
_ACCOUNTS = text(f"""
WITH moved AS (
    SELECT t.unit, {_PARTY.format(side="side.account")} AS party,
           sum(side.sign * t.amount) AS amount
      FROM entry e JOIN transfer t ON t.entry_id = e.id,
           LATERAL (VALUES (t.debit, -1), (t.credit, 1)) AS side(account, sign)
     WHERE e.created_at <= :at AND e.kind <> 'grant'
     GROUP BY 1, 2
)
SELECT moved.unit, coalesce(a.kind, CASE moved.party WHEN 1 THEN 'held' WHEN 2 THEN 'held'
                                    WHEN 4 THEN 'redemption_pending' ELSE 'campaign_budget' END),
       sum(moved.amount)::bigint
  FROM moved LEFT JOIN account a ON a.id = moved.party GROUP BY 1, 2
""")
_PLACES = {
    "held": "held",
    "redemption_pending": "pending",
    "redemption_done": "spent",
    "donated": "donated",
    "expired": "expired",
    "write_off": "written_off",
}


def report(db: Connection, *, at: datetime) -> Report:
    """What everything issued by an instant had become by then.

    Reads every transfer up to the instant: seconds for some ten million of them, without the time
    limit of requests. An instant further back than the longest transaction never changes.

    Args:
        db: any transaction.
        at: the instant, aware, by the clock of the database.
    """
    db.execute(text("SET LOCAL statement_timeout = 0"))
    by_source: dict[tuple[str, str, str], Counter[str]] = {}
    for unit, kind, source, what, amount in db.execute(_LINES, {"at": at}):
        by_source.setdefault((unit, kind, source), Counter())[what] += amount
    accounts: Counter[tuple[str, str]] = Counter()
    for unit, kind, amount in db.execute(_ACCOUNTS, {"at": at}):
        if kind in _PLACES:
            accounts[unit, _PLACES[kind]] += amount
        else:
            accounts[unit, "issued"] -= amount
    lines = tuple(_line(*key, parts) for key, parts in sorted(by_source.items()))
    return Report(at, lines, accounts)


def _line(unit: str, source_kind: str, source: str, parts: Counter[str]) -> SourceLine:
    """A source's parts as a line; what corrections gave is no issue but borne by the programme."""
    given, taken_back = parts["given"], parts["taken_back"]
    borne = given if source_kind == "write_off" else taken_back
    gone = {place: parts[kind] for kind, place in _PLACES.items() if kind in parts}
    written_off = gone.pop("written_off", 0)
    return SourceLine(
        unit=unit,
        source_kind=source_kind,
        source=source,
        issued=given - borne,
        held=given - written_off - sum(gone.values()),
        pending=gone.get("pending", 0),
        spent=gone.get("spent", 0),
        donated=gone.get("donated", 0),
        expired=gone.get("expired", 0),
        written_off=written_off - borne,
    )


def keep(db: Connection, made: Report) -> None:
    """Stores a report; that of the same instant must not be stored yet."""
    if made.lines:
        db.execute(
            insert(ConservationLine),
            [{"as_of": made.as_of, **asdict(line)} for line in made.lines],
        )


def kept(db: Connection, *, until: datetime) -> tuple[datetime, Sequence[SourceLine]] | None:
    """The latest stored report up to an instant; None when there is none."""
    table = ConservationLine.__table__
    latest = db.scalar(
        select(table.c.as_of).where(table.c.as_of <= until).order_by(table.c.as_of.desc()).limit(1)
    )
    if latest is None:
        return None
    rows = db.execute(
        select(*(column for column in table.c if column.name != "as_of"))
        .where(table.c.as_of == latest)
        .order_by(table.c.unit, table.c.source_kind, table.c.source)
    )
    return latest, [SourceLine(**row) for row in rows.mappings()]
