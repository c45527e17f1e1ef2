"""Periodic work of rewards: what nobody collected comes back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from backend.outbox import service as outbox
from backend.rewards import service

TIME_OUT = "rewards.time_out"
BATCH = 100


def time_out(db: Connection, _payload: Mapping[str, Any], *, now: datetime) -> None:
    """Gives back one batch of redemptions whose time has run out; a full one leaves the next."""
    if service.time_out(db, now=now, limit=BATCH) == BATCH:
        outbox.put(db, kind=TIME_OUT, payload={})
