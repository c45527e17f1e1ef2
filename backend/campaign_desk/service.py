"""What a campaign will come to, told before it is published."""

from datetime import date, timedelta

from sqlalchemy import Connection, text

from backend.campaign_desk.policy import Forecast, Stretch, forecast_of, stretches_before
from backend.campaigns.queries import CampaignView
from backend.clock import business_day
from credit_rules import NotInForce, Rulebook

_NANO_A_MILLI = 10**6

# Actions come nearly in the order of their days: the first of the book is at most a week late.
_FIRST = text("SELECT occurred_on FROM action ORDER BY id LIMIT 1")
_STRETCH = text("""
WITH counted AS (
    SELECT a.member_id, count(*) AS actions,
           least(floor(sum(a.points_mpt) * (CAST(:multiplier AS numeric) - 1)), k.cap_mpt) AS bonus
      FROM action a
      JOIN unnest(CAST(:kinds AS text[]), CAST(:caps AS bigint[])) AS k(kind, cap_mpt)
        ON k.kind = a.kind
      LEFT JOIN action_state s ON s.action_id = a.id
     WHERE a.occurred_on BETWEEN :first AND :last
       AND coalesce(s.status, 'credited') = 'credited'
       AND (CAST(:institution_id AS bigint) IS NULL OR a.institution_id = :institution_id)
     GROUP BY a.member_id, a.kind, a.occurred_on, k.cap_mpt
)
SELECT count(DISTINCT member_id), coalesce(sum(actions), 0)::bigint,
       coalesce(sum(bonus), 0)::bigint FROM counted
""")


def forecast(
    db: Connection, rulebook: Rulebook, campaign: CampaignView, *, today: date
) -> Forecast | None:
    """What a campaign will come to, had it run in each of the stretches before today.

    Args:
        db: any transaction.
        rulebook: for what a member may earn as a bonus in a day.
        campaign: as it was written.
        today: the Asia/Shanghai day.

    Returns:
        The forecast; None where the history is shorter than the campaign.
    """
    begun = db.scalar(_FIRST)
    if begun is None:
        return None
    last = business_day(campaign.ends_at - timedelta(microseconds=1))
    days = (last - business_day(campaign.starts_at)).days + 1
    caps = _caps(rulebook, campaign)
    asked = {
        "multiplier": campaign.multiplier,
        "kinds": list(caps),
        "caps": list(caps.values()),
        "institution_id": None if campaign.citywide else campaign.institution_id,
    }
    stretches = [
        Stretch(*db.execute(_STRETCH, {**asked, "first": first, "last": last}).one())
        for first, last in stretches_before(today, days, begun)
    ]
    return forecast_of(stretches, days=days, budget_mpt=campaign.budget_mpt)


def _caps(rulebook: Rulebook, campaign: CampaignView) -> dict[str, int]:
    """What a campaign may add a member and day, in milli-points, by kind of action."""
    on = business_day(max(campaign.starts_at, campaign.created_at))
    found = {}
    for kind in campaign.kinds:
        try:
            bonus = rulebook.methodology(kind, on).bonus
        except NotInForce:
            continue
        if bonus is not None:
            found[kind] = bonus.cap_nano // _NANO_A_MILLI
    return found
