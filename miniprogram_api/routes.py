"""Every route of this face on one screen: resources under /api/v1, pages beside them."""

from collections.abc import Sequence

import flask

from backend.web.api import Blueprint
from miniprogram_api.pages import (
    binding,
    boards,
    campaigning,
    client,
    drawing,
    entries,
    frame,
    giving,
    home,
    log,
    login,
    mine,
    posters,
    proofs,
    receipts,
    redeeming,
)
from miniprogram_api.pages import footprint as footprint_pages
from miniprogram_api.resources import (
    actions,
    campaigns,
    footprint,
    holdings,
    kinds,
    ledger_proofs,
    me,
    places,
    rankings,
    rewards,
    scans,
    sessions,
)

RESOURCES: Sequence[Blueprint] = (
    sessions.blueprint,
    me.blueprint,
    scans.blueprint,
    actions.blueprint,
    kinds.blueprint,
    places.blueprint,
    rankings.blueprint,
    holdings.blueprint,
    footprint.blueprint,
    ledger_proofs.blueprint,
    rewards.blueprint,
    campaigns.blueprint,
)
"""Registered under `/api/v1`; their own routes start with the noun: `/scans`."""

PAGES: Sequence[flask.Blueprint] = (
    frame.blueprint,
    home.blueprint,
    login.blueprint,
    posters.blueprint,
    log.blueprint,
    receipts.blueprint,
    mine.blueprint,
    entries.blueprint,
    footprint_pages.blueprint,
    redeeming.blueprint,
    giving.blueprint,
    binding.blueprint,
    drawing.blueprint,
    campaigning.blueprint,
    boards.blueprint,
    proofs.blueprint,
    client.blueprint,
)
"""The pages behind a poster and a login link, with paths of their own."""
