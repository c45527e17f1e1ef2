"""Drop-offs through the real service."""

import itertools
from datetime import datetime

from sqlalchemy import Connection

from backend.actions.service import Receipt
from backend.places.policy import Position
from backend.ports.keys import KeyRing
from backend.recycling.service import DropOff, log_drop_off
from credit_rules import Rulebook

_NUMBERS = itertools.count(1)


def a_reference() -> str:
    """A client's reference that was not used before in this process."""
    return f"reference-{next(_NUMBERS):08d}"


def drop(
    db: Connection,
    *,
    rulebook: Rulebook,
    keys: KeyRing,
    member_id: int,
    code: str,
    now: datetime,
    reference: str | None = None,
    occurred_at: datetime | None = None,
    material: str = "paper",
    mass: str = "1",
    position: Position | None = None,
) -> Receipt:
    """Logs one drop-off; the caller commits."""
    return log_drop_off(
        db,
        rulebook=rulebook,
        keys=keys,
        member_id=member_id,
        drop_off=DropOff(
            reference=reference or a_reference(),
            occurred_at=occurred_at or now,
            code=code,
            facts={"material": material, "mass": mass},
            position=position,
        ),
        now=now,
    )
