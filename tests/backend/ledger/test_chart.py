"""The database accepts exactly the accounts and entries that the chart declares."""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import product

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from backend.db.engine import make_engine
from backend.ledger.chart import (
    CAMPAIGN_SLOTS,
    CHART,
    AccountKind,
    AccountType,
    EntryKind,
    Owner,
    campaign_account,
    expires_month_of,
    is_held,
    kind_of,
    member_account,
)

MONTHS = (None, date(2020, 1, 1), date(2026, 12, 1), date(2200, 3, 1))
MEMBERS = (1, 7, 2**40)
MEMBER_KINDS = [line.kind for line in CHART if line.owner is Owner.MEMBER]
EXPIRING = {AccountKind.MEMBER_POINTS, AccountKind.REDEMPTION_PENDING}


@pytest.fixture(scope="module")
def owner_engine(copy_of_database: Callable[[], str]) -> Iterator[Engine]:
    engine = make_engine(copy_of_database(), owner=True)
    yield engine
    engine.dispose()


@pytest.fixture
def owner(owner_engine: Engine) -> Iterator[Connection]:
    with owner_engine.connect() as connection:
        yield connection


def _accepts(owner: Connection, statement: str, **values: object) -> bool:
    try:
        with owner.begin_nested():
            owner.execute(text(statement), values)
    except IntegrityError:
        return False
    return True


def _opens(owner: Connection, line: AccountType, unit: str) -> bool:
    if line.owner is Owner.SYSTEM:
        statement = "INSERT INTO account (kind, unit, subject) VALUES (:kind, :unit, :subject)"
        return _accepts(owner, statement, kind=line.kind, unit=unit, subject=line.subject)
    campaign = line.owner is Owner.CAMPAIGN
    return _accepts(
        owner,
        "INSERT INTO balance (account_id, member_id, campaign_id, kind, unit, expires_month,"
        " amount) VALUES (1, :member, :campaign, :kind, :unit, :month, 0)",
        member=0 if campaign else 1,
        campaign=1 if campaign else None,
        kind=line.kind,
        unit=unit,
        month=date(2027, 1, 1) if line.kind in EXPIRING else None,
    )


@pytest.mark.parametrize("line", CHART, ids=lambda line: line.kind)
def test_each_account_opens_in_its_units_only(owner: Connection, line: AccountType) -> None:
    assert {unit for unit in ("mg", "mpt") if _opens(owner, line, unit)} == set(line.units)


def test_no_account_opens_that_the_chart_does_not_know(owner: Connection) -> None:
    invented = AccountType(AccountKind.ISSUANCE, Owner.MEMBER, ("mpt",))
    assert not _opens(owner, invented, "mpt")
    stranger = AccountType(AccountKind.MEMBER_POINTS, Owner.SYSTEM, ("mpt",), "methodology")
    assert not _opens(owner, stranger, "mpt")


@pytest.mark.parametrize("line", CHART, ids=lambda line: line.kind)
def test_a_system_account_is_named_after_what_the_chart_says(
    owner: Connection, line: AccountType
) -> None:
    if line.owner is not Owner.SYSTEM:
        return
    statement = "INSERT INTO account (kind, unit, subject) VALUES (:kind, :unit, :subject)"
    wrong = "" if line.subject else "something"
    assert not _accepts(owner, statement, kind=line.kind, unit=line.units[0], subject=wrong)


@pytest.mark.parametrize("kind", [*EntryKind, "invented"])
def test_the_database_takes_the_kinds_of_entry_declared(owner: Connection, kind: str) -> None:
    grant, reverses = kind == EntryKind.GRANT, kind == EntryKind.REVERSAL
    settles = kind in {EntryKind.FULFILMENT, EntryKind.CANCELLATION}
    first = owner.execute(
        text(
            "INSERT INTO entry (kind, member_id, effective_on, trace_digest)"
            " VALUES ('award', 1, '2026-11-18', '') RETURNING id"
        )
    ).scalar_one()
    accepted = _accepts(
        owner,
        "INSERT INTO entry (kind, member_id, campaign_id, reverses_entry_id, settles_entry_id,"
        " effective_on, trace_digest)"
        " VALUES (:kind, :member, :campaign, :reverses, :settles, '2026-11-18', '')",
        kind=kind,
        member=0 if grant else 1,
        campaign=1 if grant else None,
        reverses=first if reverses else None,
        settles=first if settles else None,
    )
    assert accepted == (kind in set(EntryKind))


def test_accounts_have_the_same_ids_on_both_sides(owner: Connection) -> None:
    seen: dict[int, AccountKind] = {}
    for member, kind, month in product(MEMBERS, MEMBER_KINDS, MONTHS):
        account = member_account(member, kind, month)
        assert account == owner.scalar(
            text("SELECT ledger_member_account(:member, :kind, :month)"),
            {"member": member, "kind": kind, "month": month},
        )
        seen[account] = kind
    for campaign, slot in product(MEMBERS, range(CAMPAIGN_SLOTS)):
        account = campaign_account(campaign, slot)
        assert account == owner.scalar(
            text("SELECT ledger_campaign_account(:campaign, :slot)"),
            {"campaign": campaign, "slot": slot},
        )
        seen[account] = AccountKind.CAMPAIGN_BUDGET
    assert len(seen) == len(MEMBERS) * (len(MEMBER_KINDS) * len(MONTHS) + CAMPAIGN_SLOTS)
    assert {account: kind_of(account) for account in seen} == seen
    assert kind_of(-1) is None
    assert {kind for account, kind in seen.items() if is_held(account)} == {
        AccountKind.MEMBER_REDUCTION,
        AccountKind.MEMBER_POINTS,
    }


@pytest.mark.parametrize("kind", MEMBER_KINDS)
def test_the_month_of_expiry_is_read_from_the_account(kind: AccountKind) -> None:
    for member, month in product(MEMBERS, MONTHS[1:]):
        account = member_account(member, kind, month if kind in EXPIRING else None)
        assert expires_month_of(account) == (month if kind in EXPIRING else None)
    assert expires_month_of(campaign_account(7, 3)) is None
    assert expires_month_of(-4) is None
