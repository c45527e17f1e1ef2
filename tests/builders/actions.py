"""Actions of any kind through the real service, with their evidence taken for granted."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from backend.actions.claims import Admission, ClaimInput
from backend.actions.receipts import Receipt
from backend.actions.service import record
from credit_rules import Rulebook
from tests.builders.claims import KEYS
from tests.builders.drop_offs import a_reference


def an_action(
    db: Connection,
    *,
    rulebook: Rulebook,
    member_id: int,
    kind: str,
    facts: Mapping[str, str],
    at: datetime,
    tier: str = "T2",
) -> Receipt:
    """Records an action at the instant it happens; the caller commits."""
    claim = ClaimInput(
        member_id=member_id,
        reference=a_reference(),
        kind=kind,
        occurred_at=at,
        facts=facts,
        established=Admission(tier=tier, channel="rotating_code"),
    )
    return record(db, rulebook, KEYS, claim, now=at)
