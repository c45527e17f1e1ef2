"""Campaigns of the world in every state, with somebody in those that can be joined."""

from collections.abc import Mapping
from datetime import timedelta

from backend.campaigns import service
from tests.builders.campaigns import CITY, a_campaign, a_draft, a_submitted_campaign
from tests.scenes.acts import FREE, LONG, MARKUP, RARE, Acts


def campaign_everywhere(acts: Acts, people: Mapping[str, int]) -> None:
    """Writes, submits, approves, joins and ends campaigns."""
    db, now, bureau = acts.db, acts.now, acts.town.organisation.bureau
    a_draft(db, bureau, now, title=RARE.replace(MARKUP, ""), content=LONG)
    returned = a_submitted_campaign(db, bureau, now)
    service.send_back(db, returned, scope=CITY, actor_id=acts.admin, reason=FREE, now=now)
    a_submitted_campaign(db, bureau, now, citywide=False)
    week = timedelta(days=7)
    a_campaign(db, bureau, now, starts_at=now + week, ends_at=now + 2 * week)
    withdrawn = a_campaign(db, bureau, now, starts_at=now + week, ends_at=now + 2 * week)
    running = a_campaign(db, bureau, now - 2 * week, starts_at=now - week, ends_at=now + week)
    over = a_campaign(db, bureau, now - 3 * week, starts_at=now - 2 * week, ends_at=now - week)
    cut = a_campaign(db, bureau, now - 2 * week, starts_at=now - week, ends_at=now + week)
    for campaign in (running, over, cut):
        for who in ("many", "long", "rare"):
            service.enrol(
                db,
                campaign,
                member_id=people[who],
                institution_id=bureau,
                now=now - timedelta(days=13 if campaign == over else 6),
            )
    for campaign in (withdrawn, cut):
        service.end(db, campaign, scope=CITY, actor_id=acts.admin, reason=FREE, now=now)
