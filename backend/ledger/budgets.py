"""Budgets of campaigns: what they may still add to awards, in sixteen slots that share the load."""

from datetime import date

from sqlalchemy import Connection, func, select, text

from backend.ledger.chart import AccountKind
from backend.ledger.models import Balance

_FUND = text("""
SELECT ledger_fund_campaign(:campaign_id, :points_mpt, :on, CAST(:actor_id AS bigint))
""")


def fund_campaign(
    db: Connection, *, campaign_id: int, points_mpt: int, on: date, actor_id: int | None
) -> int:
    """Gives a campaign points to add to awards; returns the entry.

    Args:
        db: the caller's transaction.
        campaign_id: the campaign.
        points_mpt: milli-points, more than 0.
        on: the Asia/Shanghai day.
        actor_id: the member who grants it; None for operator commands.

    Raises:
        ValueError: there is nothing to give.
    """
    if points_mpt <= 0:
        raise ValueError("a budget grows by more than nothing")
    values = {"campaign_id": campaign_id, "points_mpt": points_mpt, "on": on, "actor_id": actor_id}
    entry_id: int = db.execute(_FUND, values).scalar_one()
    return entry_id


def budget_left(db: Connection, *, campaign_id: int) -> int:
    """What a campaign may still add, in milli-points, over all its slots."""
    found: int = db.execute(
        select(func.coalesce(func.sum(Balance.amount), 0)).where(
            Balance.campaign_id == campaign_id, Balance.kind == AccountKind.CAMPAIGN_BUDGET
        )
    ).scalar_one()
    return int(found)
