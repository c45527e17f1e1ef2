"""Periodic work of rewards: what nobody collected comes back, draws close and are drawn."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from backend.outbox import service as outbox
from backend.ports.keys import KeyRing
from backend.rewards import draws, service

TIME_OUT = "rewards.time_out"
BATCH = 100


def time_out(db: Connection, _payload: Mapping[str, Any], *, now: datetime) -> None:
    """Gives back one batch of redemptions whose time has run out; a full one leaves the next."""
    if service.time_out(db, now=now, limit=BATCH) == BATCH:
        outbox.put(db, kind=TIME_OUT, payload={})


def advance_draws(db: Connection, keys: KeyRing, *, now: datetime) -> None:
    """Closes and draws whatever is due."""
    draws.advance(db, keys, now=now)
