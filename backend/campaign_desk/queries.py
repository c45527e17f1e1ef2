"""What a campaign came to: who took part, what they did, what it paid; by unit."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from backend.campaigns.queries import CampaignView, campaign_of
from backend.organisations.queries import Scope

SMALLEST_GROUP = 5
"""Fewer people than this are never shown by themselves."""


@dataclass(frozen=True, slots=True)
class UnitLine:
    """What the members of a unit did; `name` is None for all units too small to be shown."""

    name: str | None
    participants: int
    actions: int
    reduction_mg: int
    points_mpt: int
    bonus_mpt: int


@dataclass(frozen=True, slots=True)
class CampaignReport:
    """The figures of a campaign, all from the book.

    Attributes:
        campaign: as it stands, with its budget and what is left of it.
        participants: of those who joined, who did something that counts for it.
        actions: how many actions; reversed and held ones do not count.
        reduction_mg: their reductions.
        points_mpt: what they earned under their methodologies.
        bonus_mpt: what the campaign added to them.
        units: by institution, or by department where it is for one institution alone.
    """

    campaign: CampaignView
    participants: int
    actions: int
    reduction_mg: int
    points_mpt: int
    bonus_mpt: int
    units: tuple[UnitLine, ...]


# An action counts for a campaign that its member had joined, in its time and of its kinds. What
# was paid is what lies between the book's slots of its budget (kind 3 of the chart) and the action.
_REPORT = text("""
WITH counted AS MATERIALIZED (
    SELECT a.id, a.member_id, CASE WHEN c.audience_id IS NULL THEN a.institution_id
                                   ELSE a.department_id END AS unit,
           coalesce(r.reduction_mg, a.reduction_mg) AS reduction_mg,
           coalesce(r.points_mpt, a.points_mpt) AS points_mpt
      FROM campaign c
      JOIN campaign_enrolment e ON e.campaign_id = c.id
      JOIN action a ON a.member_id = e.member_id AND a.kind = ANY (c.kinds)
                   AND a.occurred_at >= greatest(c.starts_at, e.enrolled_at)
                   AND a.occurred_at < least(c.ends_at, c.ended_at)
                   AND (c.audience_id IS NULL OR c.audience_id = a.institution_id)
      LEFT JOIN action_state s ON s.action_id = a.id
      LEFT JOIN reassessment r ON r.id = s.reassessment_id
     WHERE c.id = :campaign_id AND coalesce(s.status, 'credited') = 'credited'
), paid AS (
    SELECT n.action_id,
           sum(CASE WHEN t.debit >> 12 = (:campaign_id << 4) + 3 THEN t.amount
                    ELSE -t.amount END)::bigint AS amount
      FROM entry n JOIN transfer t ON t.entry_id = n.id
     WHERE n.action_id IN (SELECT id FROM counted)
       AND (t.debit >> 12 = (:campaign_id << 4) + 3 OR t.credit >> 12 = (:campaign_id << 4) + 3)
     GROUP BY n.action_id
), unit AS (
    SELECT n.unit, count(DISTINCT n.member_id) AS participants, count(*) AS actions,
           sum(n.reduction_mg)::bigint AS reduction_mg, sum(n.points_mpt)::bigint AS points_mpt,
           coalesce(sum(p.amount), 0)::bigint AS bonus_mpt
      FROM counted n LEFT JOIN paid p ON p.action_id = n.id GROUP BY n.unit
)
SELECT CASE WHEN u.unit IS NULL THEN NULL WHEN c.audience_id IS NULL THEN i.short_name
            ELSE d.name END AS name,
       u.participants, u.actions, u.reduction_mg, u.points_mpt, u.bonus_mpt,
       (SELECT count(DISTINCT member_id) FROM counted) AS people
  FROM unit u JOIN campaign c ON c.id = :campaign_id
  LEFT JOIN institution i ON c.audience_id IS NULL AND i.id = u.unit
  LEFT JOIN department d ON c.audience_id IS NOT NULL AND d.id = u.unit
 ORDER BY u.points_mpt DESC, u.unit
""")


def report_of(
    db: Connection, campaign_id: int, *, now: datetime, scope: Scope | None = None
) -> CampaignReport:
    """The report of a campaign as the book stands.

    Units of fewer than five people are shown as one; where that one would have fewer than five
    itself, the smallest unit beside it joins it, so that nobody can be told by subtraction.

    Args:
        db: any transaction.
        campaign_id: which one.
        now: the present instant.
        scope: only of an institution in this scope; None for any.

    Raises:
        NotFoundError: there is none, or it lies outside.
    """
    campaign = campaign_of(db, campaign_id, now=now, scope=scope)
    rows = db.execute(_REPORT, {"campaign_id": campaign_id}).all()
    lines = [UnitLine(*row[:6]) for row in rows]
    total = _together(lines)
    return CampaignReport(
        campaign=campaign,
        participants=rows[0].people if rows else 0,
        actions=total.actions,
        reduction_mg=total.reduction_mg,
        points_mpt=total.points_mpt,
        bonus_mpt=total.bonus_mpt,
        units=_shown(lines),
    )


def _shown(lines: list[UnitLine]) -> tuple[UnitLine, ...]:
    small = [line for line in lines if line.name is None or line.participants < SMALLEST_GROUP]
    large = [line for line in lines if line not in small]
    while small and large and sum(line.participants for line in small) < SMALLEST_GROUP:
        least = min(large, key=lambda line: line.participants)
        large.remove(least)
        small.append(least)
    if not small or sum(line.participants for line in small) < SMALLEST_GROUP:
        return tuple(large)
    return (*large, _together(small))


def _together(lines: list[UnitLine]) -> UnitLine:
    return UnitLine(
        None,
        sum(line.participants for line in lines),
        sum(line.actions for line in lines),
        sum(line.reduction_mg for line in lines),
        sum(line.points_mpt for line in lines),
        sum(line.bonus_mpt for line in lines),
    )
