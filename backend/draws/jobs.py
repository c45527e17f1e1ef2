"""Periodic work of draws: they close and are drawn when it is time."""

from datetime import datetime

from sqlalchemy import Connection

from backend.draws import service
from backend.ports.keys import KeyRing


def advance(db: Connection, keys: KeyRing, *, now: datetime) -> None:
    """Closes and draws whatever is due."""
    service.advance(db, keys, now=now)
