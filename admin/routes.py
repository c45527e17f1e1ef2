"""Every section of the console on one screen."""

from collections.abc import Sequence

import flask

from admin.views import (
    audit,
    campaigns,
    cash_value,
    causes,
    conservation,
    corrections,
    draws,
    drop_offs,
    home,
    institutions,
    ledger,
    login,
    members,
    organisations,
    places,
    posters,
    rankings,
    redemptions,
    register,
    reviews,
    rewards,
    roster_requests,
    screen,
)

PAGES: Sequence[flask.Blueprint] = (
    home.pages,
    places.pages,
    posters.pages,
    screen.pages,
    drop_offs.pages,
    reviews.pages,
    campaigns.pages,
    rewards.pages,
    redemptions.pages,
    causes.pages,
    draws.pages,
    cash_value.pages,
    rankings.pages,
    institutions.pages,
    register.pages,
    organisations.pages,
    members.pages,
    roster_requests.pages,
    ledger.pages,
    corrections.pages,
    conservation.pages,
    audit.pages,
    login.pages,
)
"""The console's sections, with paths of their own."""
