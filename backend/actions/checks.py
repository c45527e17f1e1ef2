"""Whether every award follows from its facts, and every counter from its actions."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from backend.actions.assessing import Readings
from backend.actions.history import HistoryOrder, RecordedAward, recorded_award_of, with_traces
from backend.actions.queries import TAKES_ROOM, Recorded
from backend.actions.replaying import reassess
from backend.actions.versions import caps_of, exclusions_under, stored_methodology
from backend.invariants import Books, Check, Finding, Invariant, check_of_rows, stream
from backend.ledger.queries import CounterKey
from credit_rules import Assessment, FactsRefused, NotInForce, Used

_REPORT_EVERY = 5_000


class _Counter(NamedTuple):
    """A row of `cap_usage`: whose it is, its key, the first day of its period."""

    subject_id: int
    key: str
    period_start: date


# The counters of members; those of places have their scope in the key.
_COUNTERS = text("""
SELECT subject_id, cap_key, period_start, reduction_ng, points_npt, activity_nano, count_nano
  FROM cap_usage WHERE cap_key NOT LIKE '%:place:%' ORDER BY subject_id
""")

_UNREGISTERED = """
SELECT a.id AS action_id, a.methodology_id, a.methodology_version
  FROM action a
  LEFT JOIN methodology_version v ON v.methodology_id = a.methodology_id
                                 AND v.version = a.methodology_version
 WHERE v.digest IS DISTINCT FROM a.methodology_digest
    OR NOT EXISTS (SELECT FROM rulebook_release l WHERE l.digest = a.rulebook_digest)
 ORDER BY a.id
"""

_WITHOUT_EVIDENCE = """
SELECT a.id AS action_id, a.tier
  FROM action a
 WHERE a.tier <> 'T0' AND NOT EXISTS (SELECT FROM evidence_use u WHERE u.action_id = a.id)
 ORDER BY a.id
"""


def _replayed(books: Books) -> Iterator[Finding]:
    """Assesses every action again and follows the counters of every member through its entries."""
    members = groupby(
        stream(books.db, with_traces(HistoryOrder.BY_MEMBER)), key=lambda row: int(row.member_id)
    )
    held = groupby(stream(books.db, _COUNTERS), key=lambda row: int(row.subject_id))
    gone_through = 0
    for member_id, own, rows in _side_by_side(members, held):
        counters: dict[_Counter, Used] = {}
        for row in own:
            yield from _judged(books, recorded_award_of(row), counters)
            gone_through += 1
            if gone_through % _REPORT_EVERY == 0:
                books.advance(_REPORT_EVERY)
        stored = {
            _Counter(member_id, row.cap_key, row.period_start): Used(
                row.reduction_ng, row.points_npt, row.activity_nano, row.count_nano
            )
            for row in rows
        }
        yield from _miscounted(member_id, stored, counters)
    books.advance(gone_through % _REPORT_EVERY)


_Groups = Iterator[tuple[int, Iterator[Row[Any]]]]


def _side_by_side(
    left: _Groups, right: _Groups
) -> Iterator[tuple[int, Iterable[Row[Any]], Iterable[Row[Any]]]]:
    """Two streams of groups in the order of their keys, joined by key; either may lack one."""
    first, second = next(left, None), next(right, None)
    while first or second:
        key = min(group[0] for group in (first, second) if group)
        mine = first[1] if first and first[0] == key else ()
        other = second[1] if second and second[0] == key else ()
        yield key, mine, other
        first = next(left, None) if first and first[0] == key else first
        second = next(right, None) if second and second[0] == key else second


def _judged(
    books: Books, award: RecordedAward, counters: dict[_Counter, Used]
) -> Iterator[Finding]:
    """Judges one award, and moves the member's counters on if it takes up room under them.

    The member's lock numbers actions in the order in which they read the counters; what was
    assessed again says what it read then.
    """
    recorded = award.action
    try:
        assessment = reassess(books.rulebook, recorded)
    except (NotInForce, FactsRefused) as error:
        yield Finding(Invariant.REPLAY, f"action {recorded.id}", f"无法重算：{error}")
        return
    yield from _differences(recorded, award.trace_digest, assessment)
    if recorded.status in TAKES_ROOM:
        yield from _moved_on(books, recorded, assessment, counters)


def _differences(
    recorded: Recorded, trace_digest: bytes | None, again: Assessment
) -> Iterator[Finding]:
    if (again.reduction_mg, again.points_mpt) != (recorded.reduction_mg, recorded.points_mpt):
        yield Finding(
            Invariant.REPLAY,
            f"action {recorded.id}",
            f"账上 {recorded.reduction_mg} mg、{recorded.points_mpt} mpt，"
            f"重算 {again.reduction_mg} mg、{again.points_mpt} mpt。",
        )
    elif bytes.fromhex(again.digest) != recorded.methodology_digest or (
        bytes.fromhex(again.trace.digest()) != trace_digest
    ):
        yield Finding(
            Invariant.REPLAY,
            f"action {recorded.id}",
            "方法学或计算过程与入账时的摘要不符。",
        )


def _moved_on(
    books: Books, recorded: Recorded, assessment: Assessment, counters: dict[_Counter, Used]
) -> Iterator[Finding]:
    """Holds what the award read of each counter against what had been claimed by then."""
    read = Readings.of_context(recorded.context).used
    exclusions = exclusions_under(stored_methodology(books.rulebook, recorded), recorded)
    for mark in exclusions.caps:
        if mark.key in exclusions.blocking and any(counters.get(_counter(mark), ())):
            other, period = exclusions.blocking[mark.key]
            yield Finding(
                Invariant.CAPS,
                f"action {recorded.id}",
                f"同一 {period} 此前已按 {other} 计入，两者不能同时计。",
            )
    marks = {mark.key for mark in exclusions.marks}
    for counter, added in _added(books, recorded, assessment).items():
        claimed = counters.get(counter, Used())
        if counter.key not in marks and read.get(counter.key, Used()) != claimed:
            yield Finding(
                Invariant.CAPS,
                f"action {recorded.id}",
                f"入账时读到的上限用量（{counter.key}，{counter.period_start}）"
                "与此前各次行为的合计不符。",
            )
        counters[counter] = claimed.plus(added)


def _added(books: Books, recorded: Recorded, assessment: Assessment) -> dict[_Counter, Used]:
    """What an action claims of each of the member's own counters."""
    methodology = stored_methodology(books.rulebook, recorded)
    caps = caps_of(
        methodology, scope="member", subject_id=recorded.member_id, on=recorded.occurred_on
    )
    exclusions = exclusions_under(methodology, recorded)
    added = {**assessment.usage, **exclusions.added}
    return {_counter(cap): added.get(cap.key, Used()) for cap in (*caps, *exclusions.marks)}


def _counter(cap: CounterKey) -> _Counter:
    return _Counter(cap.subject_id, cap.key, cap.period_start)


def _miscounted(
    member_id: int, stored: Mapping[_Counter, Used], counters: Mapping[_Counter, Used]
) -> Iterator[Finding]:
    """Holds a member's rows of `cap_usage` against what the actions claim."""
    for counter in sorted(stored.keys() | counters.keys()):
        if stored.get(counter, Used()) != counters.get(counter, Used()):
            yield Finding(
                Invariant.CAPS,
                f"member {member_id}",
                f"上限用量（{counter.key}，{counter.period_start}）与各次行为的合计不符。",
            )


_UNRESOLVED = """
SELECT s.action_id, s.status, coalesce(r.outcome, '无') AS outcome
  FROM action_state s
  LEFT JOIN held_award h ON h.action_id = s.action_id
  LEFT JOIN hold_resolution r ON r.action_id = s.action_id
 WHERE CASE s.status WHEN 'held' THEN h.action_id IS NULL OR r.action_id IS NOT NULL
                     WHEN 'voided' THEN r.outcome IS DISTINCT FROM 'voided'
                     WHEN 'timed_out' THEN r.outcome IS DISTINCT FROM 'timed_out'
                     ELSE h.action_id IS NOT NULL AND r.outcome IS DISTINCT FROM 'posted' END
UNION ALL
SELECT h.action_id, '无', coalesce(r.outcome, '无')
  FROM held_award h
  LEFT JOIN action_state s ON s.action_id = h.action_id
  LEFT JOIN hold_resolution r ON r.action_id = h.action_id
 WHERE s.action_id IS NULL
 ORDER BY 1
"""

CHECKS: tuple[Check, ...] = (
    check_of_rows(
        "actions.holds",
        "待审核的入账只了结一次",
        Invariant.PENDING_ONCE,
        statement=_UNRESOLVED,
        subject="action {action_id}",
        detail="状态为 {status}，审核结果为 {outcome}。",
    ),
    check_of_rows(
        "actions.registered",
        "行为所依据的方法学版本与规则集已登记",
        Invariant.PROVENANCE,
        statement=_UNREGISTERED,
        subject="action {action_id}",
        detail="方法学 {methodology_id} 第 {methodology_version} 版的摘要与登记的不符，"
        "或当时的规则集没有登记。",
    ),
    check_of_rows(
        "actions.evidence",
        "T1 及以上的行为占用了凭证",
        Invariant.EVIDENCE_ONCE,
        statement=_WITHOUT_EVIDENCE,
        subject="action {action_id}",
        detail="凭证等级 {tier}，却没有占用任何凭证。",
    ),
    Check(
        "actions.replay",
        "每次行为重算得到同样的奖励与上限用量",
        (Invariant.REPLAY, Invariant.CAPS),
        _replayed,
    ),
)
