"""Closed seasons: the result is taken once, kept with its digest, and restated visibly.

A season is closed some days after its end, when what phones kept offline has come. What changes its
result later, a correction or an even later upload, is told by `restated_at`.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import Connection, text

from backend.clock import business_day
from backend.rankings.policy import Season
from backend.rankings.queries import opened_seasons, season_record

DAYS_AFTER: Final = timedelta(days=3)
"""So many days after its last one a season is still open."""

_RESULT = text("""
SELECT concat_ws('|', board, group_id, people, active, joined, capped, points_mpt, reduction_mg,
                 actions, roots, squares, coalesce(index_e10, -1), coalesce(low80_e10, -1),
                 coalesce(high80_e10, -1))
  FROM season_group WHERE season = :season
 UNION ALL
SELECT concat_ws('|', board, 'measure', mu, sigma2, tau2, taken_from)
  FROM season_measure WHERE season = :season
""")
_CLOSE = text("""
UPDATE ranking_season SET closed_at = :now, digest = :digest
 WHERE name = :season AND closed_at IS NULL
""")
_RESTATE = text("""
UPDATE ranking_season SET restated_at = :now, digest = :digest
 WHERE name = :season AND digest <> :digest
""")

log = structlog.get_logger(__name__)


def digest_of(db: Connection, season: Season) -> bytes:
    """SHA-256 over the sums, indices and measures of a season, however they lie in the tables."""
    lines = sorted(db.scalars(_RESULT, {"season": season.name}))
    return hashlib.sha256("\n".join([season.name, *lines]).encode()).digest()


def close_due(db: Connection, *, now: datetime) -> list[Season]:
    """Closes the seasons whose time has come; returns them."""
    today = business_day(now)
    due = [
        season
        for season in opened_seasons(db)
        if season.last + DAYS_AFTER < today and season_record(db, season).closed_at is None
    ]
    for season in due:
        figures = {"season": season.name, "now": now, "digest": digest_of(db, season)}
        db.execute(_CLOSE, figures)
    return due


def restate(db: Connection, seasons: Iterable[Season], *, now: datetime) -> list[Season]:
    """Says of closed seasons that their result is another one; returns those of which it is."""
    changed = []
    for season in seasons:
        if season_record(db, season).closed_at is None:
            continue
        figures = {"season": season.name, "now": now, "digest": digest_of(db, season)}
        if db.execute(_RESTATE, figures).rowcount:
            log.warning("season_restated", season=season.name)
            changed.append(season)
    return changed


def differences(db: Connection) -> list[Season]:
    """Closed seasons whose result is not the one of their digest; there must be none."""
    return [
        season
        for season in opened_seasons(db)
        if (kept := season_record(db, season).digest) is not None and kept != digest_of(db, season)
    ]
