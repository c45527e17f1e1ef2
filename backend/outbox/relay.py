"""Hands committed messages to the queues, again and again until their effect has happened."""

import time
from collections.abc import Callable, Sequence
from itertools import groupby
from threading import Event

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from backend.outbox import service
from backend.outbox.service import Due

POLL_SECONDS = 0.2
BATCH = 500
_PAUSE_AFTER_ERROR_SECONDS = 2.0

Enqueue = Callable[[str, Sequence[Due]], None]

log = structlog.get_logger(__name__)


def relay_once(engine: Engine, enqueue: Enqueue) -> int:
    """Hands out what is due, one delivery per kind; returns how many messages.

    The claim commits first: should the queue be down, the messages come round again after 10 s.
    """
    with engine.begin() as db:
        due = service.hand_out(db, limit=BATCH)
    for kind, messages in groupby(sorted(due, key=lambda m: (m.kind, m.id)), lambda m: m.kind):
        enqueue(kind, list(messages))
    return len(due)


def run(engine: Engine, enqueue: Enqueue, stop: Event) -> None:
    """Relays until `stop` is set; outages of PostgreSQL or Redis are waited out."""
    while not stop.is_set():
        try:
            handed_out = relay_once(engine, enqueue)
        except (OperationalError, RedisError) as error:
            log.warning("relay_waits", error=type(error).__name__)
            stop.wait(_PAUSE_AFTER_ERROR_SECONDS)
            continue
        if handed_out < BATCH:
            stop.wait(POLL_SECONDS)
        else:
            time.sleep(0)
