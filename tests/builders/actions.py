"""Actions of any kind through the real service, with their evidence taken for granted."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from backend.actions.policy import content_digest
from backend.actions.service import Admission, Claim, Receipt, Request, record
from credit_rules import Rulebook
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
    claim = Claim(
        member_id=member_id,
        reference=a_reference(),
        digest=content_digest({"kind": kind, "facts": facts}),
        kind=kind,
        occurred_at=at,
        facts=facts,
    )
    admission = Admission(tier=tier, channel="rotating_code")
    return record(db, rulebook, Request(claim, lambda *_: admission), now=at)
