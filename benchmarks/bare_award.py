"""An award with fixed figures, for what is measured without codes, rules and explanations."""

import json
from datetime import datetime

from backend.clock import business_day
from backend.ledger.queries import CounterKey
from backend.ledger.service import Award, UsageLimit
from credit_rules import Used

# A drop-off reads three counters, adds to one, and keeps what it read.
_COUNTERS = 3
_ADDED = Used(368_750_000_000, 16_000_000_000, 1_250_000_000, 1_000_000_000)


def bare_award(
    member_id: int,
    reference: str,
    now: datetime,
    *,
    department: int = 1,
    campaign: int | None = None,
) -> Award:
    """The award of a drop-off with evidence, usage limit and counters of its own.

    Args:
        member_id: who earns.
        reference: never used before.
        now: when it happened and arrived, aware.
        department: where it counts.
        campaign: the campaign that pays a bonus of one point, if one does.
    """
    caps = [
        CounterKey(member_id, f"{reference}:{number}", business_day(now))
        for number in range(_COUNTERS)
    ]
    used = {cap.key: Used() for cap in caps}
    return Award(
        member_id=member_id,
        reference=reference,
        request_digest=b"x" * 32,
        kind="recycling.drop_off",
        occurred_at=now,
        occurred_on=business_day(now),
        received_at=now,
        department_id=department,
        institution_id=1,
        district_id=1,
        place_id=1,
        tier="T1",
        channel="printed_code",
        ranked=True,
        facts='{"mass":"1.25","material":"paper"}',
        context=json.dumps({"used": {}}),
        methodology_id="recycling.drop_off",
        methodology_version=1,
        methodology_digest=b"x" * 32,
        rulebook_digest=b"x" * 32,
        trace_digest=b"x" * 32,
        reduction_mg=368_750,
        points_mpt=16_000,
        caps=caps,
        used=used,
        added={caps[0].key: _ADDED},
        evidence=[reference.encode()],
        usage_limits=[UsageLimit(f"bare:{reference}", 0, 6)],
        campaign_id=campaign,
        bonus_mpt=0 if campaign is None else 1_000,
    )
