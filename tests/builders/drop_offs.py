"""Drop-offs through the real service."""

import itertools
from datetime import datetime

from sqlalchemy import Connection

from backend.actions.claims import ClaimInput
from backend.actions.drop_offs import KIND
from backend.actions.receipts import Receipt
from backend.actions.service import record
from backend.places.codes import place_key, rotating_code
from backend.places.models import Datum
from backend.places.policy import Position
from backend.ports.keys import KeyRing
from credit_rules import Rulebook
from tests.builders.scene import LATITUDE, LONGITUDE

# Where the points of the scene are.
AT_THE_POINT = Position(LATITUDE, LONGITUDE, 10, Datum.GCJ02)
POSITION_SENT = {
    "latitude": str(LATITUDE),
    "longitude": str(LONGITUDE),
    "accuracy_m": 20,
    "datum": "gcj02",
}
_NUMBERS = itertools.count(1)


def a_reference() -> str:
    """A client's reference that was not used before in this process."""
    return f"reference-{next(_NUMBERS):08d}"


def code_on_screen(keys: KeyRing, place_id: int, at: datetime) -> str:
    """The rotating code that a point's screen shows at an instant."""
    return rotating_code(place_key(keys, place_id), place_id, at)


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
    position: Position | None = AT_THE_POINT,
) -> Receipt:
    """Logs one drop-off, at the point unless told otherwise; the caller commits."""
    claim = a_drop_off(
        member_id=member_id,
        code=code,
        reference=reference,
        occurred_at=occurred_at or now,
        material=material,
        mass=mass,
        position=position,
    )
    return record(db, rulebook, keys, claim, now=now)


def a_drop_off(
    *,
    member_id: int,
    code: str,
    occurred_at: datetime,
    reference: str | None = None,
    material: str = "paper",
    mass: str = "1",
    position: Position | None = AT_THE_POINT,
) -> ClaimInput:
    """A drop-off as it arrives."""
    return ClaimInput(
        member_id=member_id,
        reference=reference or a_reference(),
        kind=KIND,
        occurred_at=occurred_at,
        facts={"material": material, "mass": mass},
        code=code,
        position=position,
    )
