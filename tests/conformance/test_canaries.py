"""Every invariant has an implementation that breaks it on purpose, and the checks find each out.

A canary is a statement against the schema or a change to one of the database's functions, and work
done with it. One that no check notices fails the build: then the check is what is broken.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import Connection, text

from backend.actions import reviews
from backend.actions.reviews import Decision
from backend.invariants import Invariant
from backend.ledger import conservation, spending
from backend.organisations.queries import Scope
from backend.verification.service import CHECKS
from tests.builders.points import earn
from tests.conformance.conftest import Book

TODAY = date(2026, 11, 18)
Work = Callable[[Book], None]


def two_awards(book: Book) -> None:
    """Two awards of one member in one day: the second meets counters and balances of the first."""
    book.drop_off(2, minutes_ago=30)
    book.drop_off(2, minutes_ago=20)


def another_award(book: Book) -> None:
    """An award of a member who has one."""
    book.drop_off(0, minutes_ago=10)


def the_same_reference(book: Book) -> None:
    """Two contents under one reference."""
    book.drop_off(2, minutes_ago=30, reference="one-reference")
    book.drop_off(2, minutes_ago=20, reference="one-reference")


def the_same_evidence(book: Book) -> None:
    """One scan under two references."""
    book.drop_off(2, minutes_ago=30)
    book.drop_off(2, minutes_ago=30)


def reverse(book: Book) -> None:
    """Takes an award back."""
    action = book.drop_off(1, minutes_ago=30)
    decision = Decision(
        action_id=action,
        scope=Scope(everything=True),
        actor_id=book.scene.members[0],
        reason="误记",
        at=book.backend.clock.now(),
    )
    with book.backend.engine.begin() as db:
        reviews.reverse(db, book.backend.rulebook, decision)


def redeem_part(book: Book) -> None:
    """Redeems part of points that end in two different months."""
    member = book.scene.members[3]
    with book.backend.engine.begin() as db:
        _earn_in_two_months(db, member)
        _redeem(db, member, "part", 3_000)


def redeem_across_lots(book: Book) -> None:
    """Redeems more than the oldest lot holds."""
    member = book.scene.members[4]
    with book.backend.engine.begin() as db:
        _earn_in_two_months(db, member)
        _redeem(db, member, "across", 8_000)


def settle_twice(book: Book) -> None:
    """Hands a reward out and gives its points back."""
    member = book.scene.members[5]
    with book.backend.engine.begin() as db:
        earn(db, member, points_mpt=9_000, on=TODAY)
        first = _redeem(db, member, "first", 3_000)
        _redeem(db, member, "second", 3_000)
        spending.fulfil(db, redemption_id=first, reward="1", on=TODAY, actor_id=1)
        spending.cancel(db, redemption_id=first, on=TODAY, actor_id=1, forgive=False)


def _earn_in_two_months(db: Connection, member: int) -> None:
    earn(db, member, points_mpt=5_000, on=date(2026, 3, 2))
    earn(db, member, points_mpt=5_000, on=TODAY)


def _redeem(db: Connection, member: int, reference: str, points_mpt: int) -> int:
    made = spending.redeem(
        db,
        member_id=member,
        reference=reference,
        digest=b"content",
        points_mpt=points_mpt,
        on=TODAY,
        actor_id=member,
    )
    assert made.entry_id is not None
    return made.entry_id


def report_then_award(book: Book) -> None:
    """Keeps the report of this instant; awards go on."""
    with book.backend.engine.begin() as db:
        now = db.execute(text("SELECT clock_timestamp()")).scalar_one()
        conservation.keep(db, conservation.report(db, at=now))
    book.drop_off(4, minutes_ago=10)


def awards_into_the_tree(book: Book) -> None:
    """Awards, and the builder after them."""
    book.drop_off(5, minutes_ago=30)
    book.drop_off(5, minutes_ago=20)
    book.grow_tree()


def seal(book: Book) -> None:
    """Closes the month."""
    book.seal_months()


def nothing(_book: Book) -> None:
    """What is broken shows without any work."""


@dataclass(frozen=True, slots=True)
class Canary:
    """A broken implementation.

    Attributes:
        name: what is wrong with it.
        invariant: what it breaks.
        check: which check has to notice.
        work: what is done with it.
        statements: sabotage of the schema.
        function: which function of the database is changed.
        changes: pairs of text in it: what stands there, and what does instead.
    """

    name: str
    invariant: Invariant
    check: str
    work: Work
    statements: tuple[str, ...] = ()
    function: str = ""
    changes: tuple[tuple[str, str], ...] = ()


POST = "ledger_post_award"
CANARIES = (
    Canary(
        "a milli-point too many on each balance",
        Invariant.CONSERVATION,
        "ledger.conservation",
        two_awards,
        function=POST,
        changes=(("b.amount + excluded.amount", "b.amount + excluded.amount + 1"),),
    ),
    Canary(
        "points out of an account that is not there",
        Invariant.CONSERVATION,
        "ledger.accounts",
        two_awards,
        function=POST,
        changes=(("ledger_system_account(t.source, t.unit, p_methodology_id)", "-999999"),),
    ),
    Canary(
        "transfers can be changed",
        Invariant.IMMUTABILITY,
        "guards.immutable",
        nothing,
        statements=("DROP TRIGGER append_only ON transfer",),
    ),
    Canary(
        "the application may delete entries",
        Invariant.IMMUTABILITY,
        "guards.immutable",
        nothing,
        statements=("GRANT DELETE ON entry TO tanpuhui_app",),
    ),
    Canary(
        "a reference is forgotten",
        Invariant.IDEMPOTENCY,
        "ledger.doubled_references",
        the_same_reference,
        statements=(
            "ALTER TABLE idempotency DROP CONSTRAINT pk_idempotency",
            "ALTER FUNCTION ledger_standing RENAME TO remembering_standing",
            """CREATE FUNCTION ledger_standing(bigint, text, bigint[], text[], date[])
               RETURNS TABLE (request_digest bytea, action_id bigint, cap_key text,
                              reduction_ng bigint, points_npt bigint, activity_nano bigint,
                              count_nano bigint)
               LANGUAGE sql STABLE AS $$
                   SELECT * FROM remembering_standing($1, '', $3, $4, $5) $$""",
        ),
        function=POST,
        changes=(("i.reference = p_reference", "i.reference = ''"),),
    ),
    Canary(
        "two awards for one action",
        Invariant.ONE_AWARD,
        "ledger.awards",
        two_awards,
        function=POST,
        changes=(
            (
                "RETURN QUERY SELECT 'posted'::text, v_action;",
                """INSERT INTO entry (kind, member_id, action_id, effective_on, trace_digest)
                   VALUES ('award', p_member_id, v_action, p_occurred_on, p_trace_digest);
                   RETURN QUERY SELECT 'posted'::text, v_action;""",
            ),
        ),
    ),
    Canary(
        "a reversal takes back less",
        Invariant.REVERSAL,
        "ledger.mirrors",
        reverse,
        function="ledger_reverse_action",
        changes=(("array_agg(t.amount ORDER", "array_agg(t.amount - 1 ORDER"),),
    ),
    Canary(
        "a lot gives more than it holds",
        Invariant.NOT_NEGATIVE,
        "ledger.not_negative",
        redeem_across_lots,
        statements=("ALTER TABLE balance DROP CONSTRAINT ck_balance_not_negative",),
        function="ledger_oldest_lots",
        changes=(("least(lot.amount, p_points_mpt - lot.before)", "(p_points_mpt - lot.before)"),),
    ),
    Canary(
        "a balance stands still",
        Invariant.NO_DRIFT,
        "ledger.drift",
        two_awards,
        function=POST,
        changes=(("SET amount = b.amount + excluded.amount, version", "SET version"),),
    ),
    Canary(
        "entries are dated back among earlier ones",
        Invariant.STABLE_AS_OF,
        "ledger.order_of_time",
        another_award,
        statements=("ALTER TABLE entry ALTER created_at SET DEFAULT timestamptz '2020-01-01'",),
    ),
    Canary(
        "entries are dated back before a report",
        Invariant.STABLE_AS_OF,
        "ledger.kept_report",
        report_then_award,
        statements=("ALTER TABLE entry ALTER created_at SET DEFAULT timestamptz '2020-01-01'",),
    ),
    Canary(
        "counters are read as empty",
        Invariant.CAPS,
        "actions.replay",
        two_awards,
        statements=(
            "ALTER FUNCTION ledger_standing RENAME TO counting_standing",
            """CREATE FUNCTION ledger_standing(bigint, text, bigint[], text[], date[])
               RETURNS TABLE (request_digest bytea, action_id bigint, cap_key text,
                              reduction_ng bigint, points_npt bigint, activity_nano bigint,
                              count_nano bigint)
               LANGUAGE sql STABLE AS $$
                   SELECT request_digest, action_id, cap_key, 0::bigint, 0::bigint, 0::bigint,
                          0::bigint FROM counting_standing($1, $2, $3, $4, $5) $$""",
        ),
        function=POST,
        changes=(
            (
                "<> (coalesce(c.reduction_ng, 0)",
                "IS NULL AND (0, 0, 0, 0) <> (coalesce(c.reduction_ng, 0)",
            ),
        ),
    ),
    Canary(
        "a redemption is settled twice",
        Invariant.PENDING_ONCE,
        "ledger.settled_once",
        settle_twice,
        statements=("DROP INDEX uq_entry_settles_entry_id",),
        function="ledger_settlement",
        changes=(("e.settles_entry_id = p_redemption_id", "false"),),
    ),
    Canary(
        "the newest lot is spent first",
        Invariant.LOTS,
        "ledger.oldest_first",
        redeem_part,
        function="ledger_oldest_lots",
        changes=(("ORDER BY b.expires_month ROWS", "ORDER BY b.expires_month DESC ROWS"),),
    ),
    Canary(
        "an award without its trace",
        Invariant.PROVENANCE,
        "ledger.traces",
        two_awards,
        function=POST,
        changes=(("v_action, p_occurred_on, p_trace_digest)", "v_action, p_occurred_on, '')"),),
    ),
    Canary(
        "every second entry is left out of the tree",
        Invariant.TREE,
        "proofs.missing",
        awards_into_the_tree,
        function="proofs_append_leaves",
        changes=(("ORDER BY e.txid, e.id LIMIT", "AND e.id % 2 = 0 ORDER BY e.txid, e.id LIMIT"),),
    ),
    Canary(
        "a leaf says another amount",
        Invariant.TREE,
        "proofs.tree",
        awards_into_the_tree,
        function="proofs_append_leaves",
        changes=(("int8send(amount)", "int8send(amount + 1)"),),
    ),
    Canary(
        "a month is sealed with what was received alone",
        Invariant.SEALED_MONTHS,
        "proofs.months",
        seal,
        function="proofs_seal_balances",
        changes=((", (t.debit, t.unit, -t.amount))", ")"),),
    ),
    Canary(
        "an award without its message",
        Invariant.RANKING,
        "rankings.rollups",
        two_awards,
        function=POST,
        changes=(("VALUES ('award.posted'", "VALUES ('rankings.refresh'"),),
    ),
    Canary(
        "evidence is not kept apart",
        Invariant.EVIDENCE_ONCE,
        "ledger.evidence_once",
        the_same_evidence,
        statements=("ALTER TABLE evidence_use DROP CONSTRAINT pk_evidence_use",),
    ),
    Canary(
        "half of an award",
        Invariant.WHOLE_ENTRIES,
        "ledger.amounts",
        two_awards,
        function=POST,
        changes=(("WHERE t.amount > 0;", "WHERE t.amount > 0 AND t.seq = 1;"),),
    ),
    Canary(
        "a milligram more than was assessed",
        Invariant.REPLAY,
        "actions.replay",
        two_awards,
        function=POST,
        changes=(("p_reduction_mg", "(p_reduction_mg + 1)"),),
    ),
)


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_a_canary_does_not_survive(canary: Canary, book: Book, owner: Connection) -> None:
    for statement in canary.statements:
        owner.exec_driver_sql(statement)
    if canary.function:
        _change(owner, canary.function, canary.changes)
    owner.commit()
    canary.work(book)
    book.follow_up()
    (result,) = (each for each in book.verified().results if each.check.name == canary.check)
    assert canary.invariant in {finding.invariant for finding in result.findings}


def _change(owner: Connection, function: str, changes: tuple[tuple[str, str], ...]) -> None:
    """Replaces text in a function's body, wherever it stands there."""
    source: str = owner.execute(
        text("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = :name"),
        {"name": function},
    ).scalar_one()
    head, mark, body = source.partition("AS $function$")
    for old, new in changes:
        assert old in body, f"{function} has no {old!r} any more: change the canary with it"
        body = body.replace(old, new)
    owner.exec_driver_sql(head + mark + body, execution_options={"no_parameters": True})


# Refused where nothing is broken.
REFUSED = {the_same_reference, the_same_evidence}
# These begin with points that come out of no assessment: their own checks alone are asked.
SPENDING = {redeem_part, redeem_across_lots, settle_twice}


def test_the_same_work_done_well_is_not_found_fault_with(book: Book) -> None:
    works = {canary.work for canary in CANARIES} - REFUSED
    for together in (works - SPENDING, SPENDING):
        for work in sorted(together, key=lambda each: each.__name__):
            work(book)
        book.follow_up()
        asked = {canary.check for canary in CANARIES if canary.work in together}
        found = [
            finding
            for result in book.verified().results
            if result.check.name in asked
            for finding in result.findings
        ]
        assert found == []


def test_every_invariant_that_is_checked_has_a_canary() -> None:
    checked = {invariant for check in CHECKS for invariant in check.invariants}
    assert {canary.invariant for canary in CANARIES} == checked


def test_every_canary_names_a_check() -> None:
    checks = {check.name: check for check in CHECKS}
    for canary in CANARIES:
        assert canary.invariant in checks[canary.check].invariants
