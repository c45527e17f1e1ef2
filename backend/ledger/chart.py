"""The chart of accounts and the kinds of entry, declared once.

System accounts have a row in `account`, opened at their first use, and no balance. Accounts with a
balance have no row in `account`: their id is computed (`ledger_member_account`,
`ledger_campaign_account`), their row is the balance itself, which never falls below 0.
`tests/backend/ledger/test_chart.py` holds the database against this page.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

CAMPAIGN_SLOTS = 16
_FIRST_YEAR = 2020
OWNER_BITS = 16
_CODE_BITS = 12


class EntryKind(StrEnum):
    """What a business event in the book is."""

    AWARD = "award"
    REVERSAL = "reversal"
    CORRECTION = "correction"
    GRANT = "grant"
    REDEMPTION = "redemption"
    FULFILMENT = "fulfilment"
    CANCELLATION = "cancellation"
    DONATION = "donation"
    EXPIRY = "expiry"


class AccountKind(StrEnum):
    """What an account is for."""

    AVOIDED_SOURCE = "avoided_source"
    ISSUANCE = "issuance"
    REDEMPTION_DONE = "redemption_done"
    DONATED = "donated"
    EXPIRED = "expired"
    WRITE_OFF = "write_off"
    BUDGET_SOURCE = "budget_source"
    MEMBER_REDUCTION = "member_reduction"
    MEMBER_POINTS = "member_points"
    CAMPAIGN_BUDGET = "campaign_budget"
    REDEMPTION_PENDING = "redemption_pending"


class Owner(StrEnum):
    """Whose an account is."""

    SYSTEM = "system"
    MEMBER = "member"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class AccountType:
    """One line of the chart.

    Attributes:
        kind: what the account is for.
        owner: whose it is; only the system's have no balance.
        units: `mg` (reductions) or `mpt` (points), or both.
        subject: what a system account is named after; empty where there is one for all.
        code: of an account with a balance, the four bits in its id.
    """

    kind: AccountKind
    owner: Owner
    units: tuple[str, ...]
    subject: str = ""
    code: int | None = None


CHART: tuple[AccountType, ...] = (
    AccountType(AccountKind.AVOIDED_SOURCE, Owner.SYSTEM, ("mg",), "methodology"),
    AccountType(AccountKind.ISSUANCE, Owner.SYSTEM, ("mpt",), "methodology"),
    AccountType(AccountKind.REDEMPTION_DONE, Owner.SYSTEM, ("mpt",), "reward"),
    AccountType(AccountKind.DONATED, Owner.SYSTEM, ("mg", "mpt"), "cause"),
    AccountType(AccountKind.EXPIRED, Owner.SYSTEM, ("mpt",)),
    AccountType(AccountKind.WRITE_OFF, Owner.SYSTEM, ("mg", "mpt")),
    AccountType(AccountKind.BUDGET_SOURCE, Owner.SYSTEM, ("mpt",)),
    AccountType(AccountKind.MEMBER_REDUCTION, Owner.MEMBER, ("mg",), code=1),
    AccountType(AccountKind.MEMBER_POINTS, Owner.MEMBER, ("mpt",), code=2),
    AccountType(AccountKind.CAMPAIGN_BUDGET, Owner.CAMPAIGN, ("mpt",), code=3),
    AccountType(AccountKind.REDEMPTION_PENDING, Owner.MEMBER, ("mpt",), code=4),
)
_BY_CODE = {line.code: line.kind for line in CHART if line.code is not None}
_CODES = {line.kind: line.code for line in CHART if line.code is not None}


def member_account(member_id: int, kind: AccountKind, expires_month: date | None = None) -> int:
    """The id of a member's account; equals SQL's `ledger_member_account`."""
    month = 0
    if expires_month is not None:
        month = (expires_month.year - _FIRST_YEAR) * 12 + expires_month.month
    return member_id << OWNER_BITS | _CODES[kind] << _CODE_BITS | month


def expires_month_of(account_id: int) -> date | None:
    """The month with which a member's points in an account end; None where it holds no points."""
    if kind_of(account_id) not in {AccountKind.MEMBER_POINTS, AccountKind.REDEMPTION_PENDING}:
        return None
    months = account_id & (1 << _CODE_BITS) - 1
    return date(_FIRST_YEAR + (months - 1) // 12, (months - 1) % 12 + 1, 1)


def campaign_account(campaign_id: int, slot: int) -> int:
    """The id of one slot of a campaign's budget; equals SQL's `ledger_campaign_account`."""
    return campaign_id << OWNER_BITS | _CODES[AccountKind.CAMPAIGN_BUDGET] << _CODE_BITS | slot


def kind_of(account_id: int) -> AccountKind | None:
    """The kind of an account with a balance, read from its id; None for a system account."""
    if account_id < 0:
        return None
    return _BY_CODE[account_id >> _CODE_BITS & (1 << OWNER_BITS - _CODE_BITS) - 1]


def is_held(account_id: int) -> bool:
    """Whether what lies in this account is a member's to spend: their reductions and points."""
    return kind_of(account_id) in {AccountKind.MEMBER_REDUCTION, AccountKind.MEMBER_POINTS}
