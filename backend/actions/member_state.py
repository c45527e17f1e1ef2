"""What is known of members before their requests: what decides how each goes on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from backend.campaigns.queries import BOOST_COLUMNS, ActiveBoost, active_boost, boost_join
from backend.db.statements import array, fetch_all
from backend.ledger.queries import CounterKey
from backend.places.models import PlaceAtCode
from backend.places.queries import AT_CODE_COLUMNS, place_at_code
from backend.places.scanned import Scanned
from credit_rules import Used


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the same reference led to before."""

    request_digest: bytes
    action_id: int


@dataclass(frozen=True, slots=True)
class MemberState:
    """What is known of a member when a request arrives.

    Attributes:
        earlier: the outcome of the same reference, if there is one.
        department_id: department on the day of the action, None without one.
        institution_id: institution on that day, None for citizens.
        district_id: district of that institution.
        used: by cap key, what is claimed in its period.
        place: what the code that was scanned leads to, None for nothing.
        boost: what a campaign adds to an action of the kind at that instant, None for nothing.
    """

    earlier: Earlier | None
    department_id: int | None
    institution_id: int | None
    district_id: int | None
    used: Mapping[str, Used]
    place: PlaceAtCode | None
    boost: ActiveBoost | None


# One row per counter, or a single one; the place comes with the row of the first, once.
_COLUMNS = f"""
       s.cap_key, s.reduction_ng, s.points_npt, s.activity_nano, s.count_nano,
       s.request_digest, s.action_id, m.department_id, m.institution_id, i.district_id,
       {BOOST_COLUMNS}, {AT_CODE_COLUMNS}
"""
_ONE = f"""
SELECT {_COLUMNS}
  FROM ledger_member_state(%s::bigint, %s::text, %s::bigint[], %s::text[], %s::date[]) s
  LEFT JOIN membership m ON m.member_id = %s::bigint AND m.valid_from <= %s::date
                        AND (m.valid_until IS NULL OR m.valid_until > %s::date)
  LEFT JOIN institution i ON i.id = m.institution_id
{
    boost_join(
        member="%s::bigint",
        kind="%s::text",
        at="%s::timestamptz",
        institution="m.institution_id",
    )
}
  LEFT JOIN place p ON p.id = %s::bigint AND s.cap_key IS NOT DISTINCT FROM %s::text
  LEFT JOIN print_batch b ON b.key = %s::text AND b.place_id = p.id
"""


class StateQuery(NamedTuple):
    """Whose state is asked for, on which day, which counters count, and what was scanned.

    With a kind of action and its instant the boost of a campaign is looked for, too.
    """

    member_id: int
    reference: str
    on: date
    caps: Sequence[CounterKey]
    scanned: Scanned | None = None
    kind: str = ""
    occurred_at: datetime | None = None


def member_state(db: Connection, query: StateQuery) -> MemberState:
    """Reads, in one statement, what decides how a member's request goes on.

    Args:
        db: the request's transaction.
        query: who asks, under which reference, and the counters its assessment will read.
    """
    member_id, reference, on, caps, scanned, kind, occurred_at = query
    found = fetch_all(
        db,
        _ONE,
        (
            member_id,
            reference,
            array(cap.subject_id for cap in caps),
            array(cap.key for cap in caps),
            array(cap.period_start for cap in caps),
            member_id,
            on,
            on,
            occurred_at,
            kind,
            member_id,
            scanned and scanned.place_id,
            caps[0].key if caps else None,
            scanned and scanned.key,
        ),
    )
    return _state_of(found)


_MANY = f"""
SELECT k.seq, {_COLUMNS}
  FROM jsonb_to_recordset(%s::jsonb) AS k(seq integer, member_id bigint, reference text, day date,
                                          kind text, occurred_at timestamptz,
                                          subjects bigint[], keys text[], periods date[],
                                          place_id bigint, batch_key text)
 CROSS JOIN LATERAL ledger_member_state(k.member_id, k.reference, k.subjects, k.keys, k.periods) s
  LEFT JOIN membership m ON m.member_id = k.member_id AND m.valid_from <= k.day
                        AND (m.valid_until IS NULL OR m.valid_until > k.day)
  LEFT JOIN institution i ON i.id = m.institution_id
{
    boost_join(
        member="k.member_id", kind="k.kind", at="k.occurred_at", institution="m.institution_id"
    )
}
  LEFT JOIN place p ON p.id = k.place_id AND s.cap_key IS NOT DISTINCT FROM k.keys[1]
  LEFT JOIN print_batch b ON b.key = k.batch_key AND b.place_id = p.id
 ORDER BY k.seq
"""


def member_states(db: Connection, queries: Sequence[StateQuery]) -> list[MemberState]:
    """What `member_state` reads for each of several requests, in one statement."""
    if len(queries) == 1:
        return [member_state(db, queries[0])]
    keys = [
        {
            "seq": seq,
            "member_id": each.member_id,
            "reference": each.reference,
            "day": each.on.isoformat(),
            "kind": each.kind,
            "occurred_at": each.occurred_at and each.occurred_at.isoformat(),
            "subjects": [cap.subject_id for cap in each.caps],
            "keys": [cap.key for cap in each.caps],
            "periods": [cap.period_start.isoformat() for cap in each.caps],
            "place_id": each.scanned and each.scanned.place_id,
            "batch_key": each.scanned and each.scanned.key,
        }
        for seq, each in enumerate(queries)
    ]
    found = fetch_all(db, _MANY, (json.dumps(keys),))
    return [_state_of([row[1:] for row in rows]) for _, rows in groupby(found, itemgetter(0))]


def _state_of(rows: Sequence[Sequence[Any]]) -> MemberState:
    request_digest, action_id, department_id, institution_id, district_id = rows[0][5:10]
    return MemberState(
        earlier=None if request_digest is None else Earlier(bytes(request_digest), action_id),
        department_id=department_id,
        institution_id=institution_id,
        district_id=district_id,
        used={row[0]: Used(*row[1:5]) for row in rows if row[0] is not None},
        place=next((place_at_code(row[14:]) for row in rows if row[14] is not None), None),
        boost=active_boost(rows[0][10:14]),
    )
