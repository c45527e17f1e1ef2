"""Posting many awards in one call: offline backlogs, feeds, loads."""

import json
from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from backend.db.statements import fetch_all
from backend.ledger.policy import expires_month
from backend.ledger.service import Award, counters_added, counters_read

MOST = 100
"""As many awards as one call takes."""

_POST_AWARDS = "SELECT seq, action_id FROM ledger_post_awards(%s::jsonb)"


def is_plain(award: Award) -> bool:
    """Whether an award may go with others: credited at once, without bonus, on own counters."""
    return (
        award.hold is None
        and not award.bonus_mpt
        and all(cap.subject_id == award.member_id for cap in award.caps)
    )


def post_awards(db: Connection, awards: Sequence[Award]) -> list[int | None]:
    """Posts awards of any members in one statement; commits nothing.

    Each award's `used` must include what the ones before it in the batch add. A member is posted as
    a whole or not at all: where anything stands against one of their awards, all of them are left
    to `post_award`, which tells why. So they are where somebody used the same evidence or usage
    limit at the same moment.

    Returns:
        The action of each award, in order; None for those that were left.

    Raises:
        ValueError: more than `MOST`, or one that is not plain.
    """
    if len(awards) > MOST or not all(is_plain(award) for award in awards):
        raise ValueError("a batch takes so many plain awards, and no others")
    if not awards:
        return []
    items = f"[{','.join(_item(seq, award) for seq, award in enumerate(awards, start=1))}]"
    try:
        with db.begin_nested():
            posted = dict(fetch_all(db, _POST_AWARDS, (items,)))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "40001":
            raise
        posted = {}
    return [posted.get(seq) for seq in range(1, len(awards) + 1)]


def _item(seq: int, award: Award) -> str:
    """An award as JSON. What is JSON already goes in as it is."""
    rest = {
        "seq": seq,
        "member_id": award.member_id,
        "reference": award.reference,
        "request_digest": award.request_digest.hex(),
        "kind": award.kind,
        "occurred_at": award.occurred_at.isoformat(),
        "occurred_on": award.occurred_on.isoformat(),
        "received_at": award.received_at.isoformat(),
        "department_id": award.department_id,
        "institution_id": award.institution_id,
        "district_id": award.district_id,
        "place_id": award.place_id,
        "tier": award.tier,
        "channel": award.channel,
        "ranked": award.ranked,
        "methodology_id": award.methodology_id,
        "methodology_version": award.methodology_version,
        "methodology_digest": award.methodology_digest.hex(),
        "rulebook_digest": award.rulebook_digest.hex(),
        "trace_digest": award.trace_digest.hex(),
        "reduction_mg": award.reduction_mg,
        "points_mpt": award.points_mpt,
        "expires_month": expires_month(award.occurred_on).isoformat(),
        "evidence": [digest.hex() for digest in award.evidence],
        "usage_limits": [
            {"subject": limit.subject, "slot": limit.slot, "lim": limit.limit}
            for limit in award.usage_limits
        ],
    }
    return (
        f'{json.dumps(rest)[:-1]},"facts":{award.facts},"context":{award.context},'
        f'"caps":{counters_read(award)},"added":{counters_added(award)}}}'
    )
