"""Balances and reports of any instant: they add up, do not change afterwards, and scan nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from backend.db.engine import make_engine
from backend.ledger import amendments, conservation, queries, spending
from backend.ledger.budgets import fund_campaign
from backend.ledger.queries import balance_at, balance_of, drifting_balances, earned_between
from backend.ledger.service import Outcome, post_award
from backend.ledger.spending import Gift
from tests.backend.ledger.test_budgets import an_award
from tests.builders.points import DAY, a_member_of_number, earn

ME = 7


def instant(db: Connection) -> datetime:
    """The database's own clock: that of the entries."""
    at = db.scalar(text("SELECT clock_timestamp()"))
    assert isinstance(at, datetime)
    return at


def test_a_balance_of_then_is_the_balance_there_was(db: Connection) -> None:
    seen = [(instant(db), balance_of(db, member_id=ME))]
    earn(db, ME, points_mpt=10_000, reduction_mg=5_000, on=date(2026, 3, 3))
    seen.append((instant(db), balance_of(db, member_id=ME)))
    earn(db, ME, points_mpt=20_000)
    seen.append((instant(db), balance_of(db, member_id=ME)))
    made = spending.redeem(
        db, member_id=ME, reference="as-of-0001", digest=b"", points_mpt=15_000, on=DAY, actor_id=ME
    )
    seen.append((instant(db), balance_of(db, member_id=ME)))
    assert made.entry_id is not None
    spending.cancel(db, redemption_id=made.entry_id, on=DAY, actor_id=ME, forgive=False)
    seen.append((instant(db), balance_of(db, member_id=ME)))
    spending.donate(
        db,
        member_id=ME,
        reference="as-of-0002",
        digest=b"",
        gift=Gift("1", "mg", 5_000),
        on=DAY,
        actor_id=ME,
    )
    seen.append((instant(db), balance_of(db, member_id=ME)))
    assert [balance_at(db, member_id=ME, at=at) for at, _ in seen] == [then for _, then in seen]
    assert [then.points_mpt for _, then in seen] == [0, 10_000, 30_000, 15_000, 30_000, 30_000]


@pytest.fixture(scope="module")
def filled(copy_of_database: object) -> Iterator[Connection]:
    """A ledger of 400 members with 100 entries each, as the planner sees it."""
    assert callable(copy_of_database)
    engine = make_engine(copy_of_database(), owner=True)
    with engine.connect() as owner:
        owner.execute(
            text("""
            INSERT INTO entry (kind, member_id, effective_on, trace_digest, created_at)
            SELECT 'award', m, '2026-11-18', '', timestamptz '2026-01-01' + n * interval '1 day'
              FROM generate_series(1, 100) AS n, generate_series(1, 400) AS m;
            INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
            SELECT e.id, 1, e.member_id, -1, ledger_member_account(e.member_id, 'member_points',
                   date_trunc('month', e.created_at
                              AT TIME ZONE 'Asia/Shanghai')::date), 'mpt', 10 FROM entry e;
            INSERT INTO balance (account_id, member_id, kind, unit, expires_month, amount)
            SELECT t.credit, t.credit >> 16, 'member_points', 'mpt',
                   date_trunc('month', min(e.created_at)
                              AT TIME ZONE 'Asia/Shanghai')::date, sum(t.amount)
              FROM transfer t JOIN entry e ON e.id = t.entry_id GROUP BY t.credit;
            """)
        )
        owner.execute(text("ANALYZE entry, transfer, balance"))
        yield owner
    engine.dispose()


@pytest.mark.parametrize("statement", ["_AT", "_STATEMENT"])
def test_neither_balance_nor_statement_scans_a_table(filled: Connection, statement: str) -> None:
    parameters = {
        "member": 77,
        "at": datetime(2026, 2, 9, tzinfo=UTC),
        "before": 10**9,
        "limit": 21,
    }
    driver = filled.connection.driver_connection
    assert driver is not None
    ((plan,),) = driver.execute(
        "EXPLAIN (ANALYZE, FORMAT JSON) " + getattr(queries, statement), parameters
    ).fetchall()
    text_of_plan = json.dumps(plan)
    assert "Seq Scan" not in text_of_plan
    assert '"Index Only Scan"' in text_of_plan
    # A plan that reads what belongs to others would touch thousands of rows.
    assert _most_rows(plan[0]["Plan"]) <= 200


def _most_rows(node: dict[str, object]) -> float:
    rows, loops = Decimal(str(node["Actual Rows"])), Decimal(str(node["Actual Loops"]))
    below = node.get("Plans", [])
    assert isinstance(below, list)
    return max([float(rows * loops), *(_most_rows(child) for child in below)])


def test_a_balance_of_a_day_long_ago(filled: Connection) -> None:
    found = balance_at(filled, member_id=77, at=datetime(2026, 2, 9, tzinfo=UTC))
    assert [(lot.expires_month, lot.points_mpt) for lot in found.lots] == [
        (date(2026, 1, 1), 300),
        (date(2026, 2, 1), 90),
    ]


spends = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("earn", "redeem", "fulfil", "cancel", "forgive", "donate", "give_mg", "expire"),
                *("reverse", "grant", "bonus"),
            ]
        ),
        st.integers(1, 9),
        st.integers(1, 3),
    ),
    min_size=4,
    max_size=16,
)


class _Book:
    """Does what was drawn, for three members and three methodologies."""

    def __init__(self, db: Connection) -> None:
        self.db, self.number = db, 0
        self.open: list[int] = []
        self.actions: list[int] = []
        for member in (1, 2, 3):
            a_member_of_number(db, member)

    def do(self, verb: str, size: int, member: int) -> None:
        self.number += 1
        reference = f"drawn-{self.number:06d}"
        if verb == "earn":
            self.earn(size, member)
        elif verb == "grant":
            fund_campaign(self.db, campaign_id=member, points_mpt=size * 900, on=DAY, actor_id=None)
        elif verb == "bonus":
            self.bonus(size, member)
        elif verb == "redeem":
            made = spending.redeem(
                self.db,
                member_id=member,
                reference=reference,
                digest=b"",
                points_mpt=size * 700,
                on=DAY,
                actor_id=member,
            )
            self.open += [made.entry_id] if made.entry_id else []
        elif verb in {"donate", "give_mg"}:
            gift = Gift("c", "mpt" if verb == "donate" else "mg", size * 50)
            spending.donate(
                self.db,
                member_id=member,
                reference=reference,
                digest=b"",
                gift=gift,
                on=DAY,
                actor_id=None,
            )
        else:
            self.settle(verb, member)

    def earn(self, size: int, member: int) -> None:
        on = date(2025, 11, 3) if size % 2 else DAY
        action = earn(
            self.db,
            member,
            points_mpt=size * 1_000,
            reduction_mg=size * 70,
            on=on,
            methodology=f"method.{size % 3}",
        )
        self.actions.append(action)

    def bonus(self, size: int, member: int) -> None:
        """An award with a bonus of the campaign of the same number, where that can pay it."""
        with self.db.begin_nested() as savepoint:
            award = an_award(member, bonus_mpt=size * 300, campaign_id=1 + size % 3)
            posting = post_award(self.db, award)
            if posting.outcome is not Outcome.POSTED:
                savepoint.rollback()
            elif posting.action_id is not None:
                self.actions.append(posting.action_id)

    def settle(self, verb: str, member: int) -> None:
        if verb == "expire":
            month = date(2026, 11, 1)
            spending.expire(self.db, month=month, after=member - 1, limit=1, on=date(2026, 12, 1))
        elif verb == "reverse" and self.actions:
            taken_back = self.actions.pop(member % len(self.actions))
            amendments.reverse_action(
                self.db, action_id=taken_back, actor_id=None, reason="试验", on=DAY
            )
        elif verb != "reverse" and self.open:
            chosen = self.open.pop(0)
            if verb == "fulfil":
                spending.fulfil(self.db, redemption_id=chosen, reward="r", on=DAY, actor_id=None)
            else:
                forgive = verb == "forgive"
                spending.cancel(
                    self.db, redemption_id=chosen, on=DAY, actor_id=None, forgive=forgive
                )


@settings(max_examples=20)
@given(drawn=spends)
def test_everything_issued_is_somewhere_at_every_instant(
    db: Connection, drawn: list[tuple[str, int, int]]
) -> None:
    with db.begin_nested() as savepoint:
        book = _Book(db)
        reports = []
        for verb, size, member in drawn:
            book.do(verb, size, member)
            reports.append(conservation.report(db, at=instant(db)))
        assert all(made.holds for made in reports)
        assert drifting_balances(db) == []
        assert [conservation.report(db, at=made.as_of) for made in reports] == reports
        for unit, total in (
            ("mg", sum(balance_of(db, member_id=m).reduction_mg for m in (1, 2, 3))),
            ("mpt", sum(balance_of(db, member_id=m).points_mpt for m in (1, 2, 3))),
        ):
            assert sum(x.held for x in reports[-1].lines if x.unit == unit) == total
        savepoint.rollback()


def in_november(db: Connection) -> int:
    return earned_between(
        db, member_id=ME, unit="mpt", first=date(2026, 11, 1), last=date(2026, 11, 30)
    )


def test_what_was_taken_back_was_not_earned(db: Connection) -> None:
    kept = earn(db, ME, points_mpt=4_000, on=date(2026, 11, 3))
    gone = earn(db, ME, points_mpt=10_000, on=date(2026, 11, 4))
    assert kept != gone
    spending.redeem(
        db, member_id=ME, reference="earned-001", digest=b"", points_mpt=12_000, on=DAY, actor_id=ME
    )
    assert in_november(db) == 14_000
    # Most of it is spent: what is short comes from the other points, then from the programme.
    taken_over = amendments.reverse_action(
        db, action_id=gone, actor_id=None, reason="试验", on=date(2026, 12, 5)
    )
    assert taken_over == amendments.WrittenOff(0, 8_000)
    assert in_november(db) == 4_000
    (recycling, borne) = conservation.report(db, at=instant(db)).lines
    assert (borne.source_kind, borne.written_off) == ("write_off", -8_000)
    assert (recycling.issued, recycling.pending) == (4_000, 4_000)


def test_a_report_says_whose_points_went_where(db: Connection) -> None:
    earn(db, 1, points_mpt=10_000, methodology="stairs", on=date(2025, 11, 3))
    earn(db, 1, points_mpt=10_000, methodology="recycling")
    earn(db, 2, points_mpt=5_000, methodology="recycling")
    made = spending.redeem(
        db, member_id=1, reference="report-001", digest=b"", points_mpt=12_000, on=DAY, actor_id=1
    )
    assert made.entry_id is not None
    spending.fulfil(db, redemption_id=made.entry_id, reward="r", on=DAY, actor_id=None)
    report = conservation.report(db, at=instant(db))
    assert [(x.source, x.issued, x.held, x.spent) for x in report.lines] == [
        ("recycling", 15_000, 13_000, 2_000),
        ("stairs", 10_000, 0, 10_000),
    ]
    assert report.holds


def test_a_report_does_not_hold_where_lines_and_accounts_differ(db: Connection) -> None:
    earn(db, 1, points_mpt=10_000)
    whole = conservation.report(db, at=instant(db))
    assert whole.holds
    assert not replace(whole, lines=()).holds
    (line,) = whole.lines
    assert not replace(line, spent=1).holds
    assert not replace(whole, lines=(replace(line, held=9_999, spent=1),)).holds


def test_a_kept_report_is_found_again(db: Connection) -> None:
    earn(db, 1, points_mpt=10_000)
    made = conservation.report(db, at=instant(db))
    conservation.keep(db, made)
    kept = conservation.kept(db, until=instant(db))
    assert kept == (made.as_of, list(made.lines))
    assert conservation.kept(db, until=datetime(2020, 1, 1, tzinfo=UTC)) is None
