"""Points and reductions in a member's hands, straight through the posting function."""

import itertools
from datetime import UTC, date, datetime, time

from sqlalchemy import Connection, text

from backend.ledger.service import Award, Outcome, post_award

_NUMBERS = itertools.count(1)
DAY = date(2026, 11, 18)


_MEMBER = text("""
INSERT INTO member (id, display_name, created_at) OVERRIDING SYSTEM VALUE
VALUES (:id, '成员', now()) ON CONFLICT DO NOTHING
""")


def a_member_of_number(db: Connection, member_id: int) -> None:
    """A member of a chosen number, unless there is one."""
    db.execute(_MEMBER, {"id": member_id})


def earn(
    db: Connection,
    member_id: int,
    *,
    points_mpt: int = 0,
    reduction_mg: int = 0,
    on: date = DAY,
    methodology: str = "recycling.drop_off",
    tier: str = "T2",
) -> int:
    """Posts an award; returns its action."""
    a_member_of_number(db, member_id)
    at = datetime.combine(on, time(2), UTC)
    posting = post_award(
        db,
        Award(
            member_id=member_id,
            reference=f"earned-{next(_NUMBERS):08d}",
            request_digest=b"",
            kind=methodology,
            occurred_at=at,
            occurred_on=on,
            received_at=at,
            department_id=None,
            institution_id=None,
            district_id=None,
            place_id=None,
            tier=tier,
            channel="rotating_code",
            ranked=True,
            facts="{}",
            context='{"used": {}}',
            methodology_id=methodology,
            methodology_version=1,
            methodology_digest=b"",
            rulebook_digest=b"",
            trace_digest=b"",
            reduction_mg=reduction_mg,
            points_mpt=points_mpt,
            caps=(),
            used={},
            added={},
            evidence=(),
            usage_limits=(),
        ),
    )
    assert posting.outcome is Outcome.POSTED
    assert posting.action_id is not None
    return posting.action_id
