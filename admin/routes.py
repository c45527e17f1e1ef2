"""Every section of the console on one screen."""

from collections.abc import Sequence

import flask

from admin.views import (
    audit,
    corrections,
    drop_offs,
    home,
    institutions,
    ledger,
    login,
    places,
    posters,
    rankings,
    reviews,
    screen,
)

PAGES: Sequence[flask.Blueprint] = (
    home.pages,
    places.pages,
    posters.pages,
    screen.pages,
    drop_offs.pages,
    reviews.pages,
    rankings.pages,
    institutions.pages,
    ledger.pages,
    corrections.pages,
    audit.pages,
    login.pages,
)
"""The console's sections, with paths of their own."""
