"""What the public page says of a file that was handed in: whether it holds, and what it proves."""

from dataclasses import dataclass
from typing import Final

from backend.ledger.chart import AccountKind, expires_month_of, is_held, kind_of
from backend.ledger.entries import PostedEntry
from backend.ledger.labels import ENTRY_KINDS
from backend.ledger.policy import month_end
from backend.proofs import queries
from backend.proofs.leaves import SealedAction, read_action
from backend.proofs.month_files import (
    FORMAT,
    MonthFile,
    month_still_holds,
    verify_month,
)
from backend.proofs.months import MonthBalance
from backend.proofs.receipts import LedgerReceipt, still_holds, verify
from backend.web import strict_json
from backend.web.context import backend
from backend.web.transaction import connection
from miniprogram_api.pages import wording

_ACCOUNTS: Final = {
    AccountKind.MEMBER_REDUCTION: "减排量",
    AccountKind.MEMBER_POINTS: "可用积分",
    AccountKind.REDEMPTION_PENDING: "兑换冻结的积分",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the page says of a file that holds against itself and the published keys.

    Attributes:
        what: was handed in.
        proves: whether it proves anything; the file of a month without balances does not.
        holds: whether the ledger as it is now agrees with it.
        facts: what it proves, with labels.
        signed_by: the public key.
    """

    what: str
    proves: bool
    holds: bool
    facts: list[tuple[str, str]]
    signed_by: str


def verdict_on(content: bytes) -> Verdict:
    """Verifies a receipt, or the file of a month.

    Raises:
        DomainError: it is none, or does not hold.
    """
    document = strict_json.parse(content.strip())
    if isinstance(document, dict) and document.get("format") == FORMAT:
        return _on_month(MonthFile.from_json(document))
    return _on_receipt(LedgerReceipt.from_json(document))


def _on_receipt(receipt: LedgerReceipt) -> Verdict:
    proven = verify(receipt, queries.published_keys(connection()))
    entry, size = proven.entry, proven.checkpoint.size
    posted = wording.dated_moment_text(entry.created_at)
    kind = ENTRY_KINDS.get(entry.kind, entry.kind)
    facts = [
        ("分录", f"第 {entry.id} 号，{kind}"),
        ("入账时间", posted),
        ("计入日期", wording.day_text(entry.effective_on)),
    ]
    if points := _moved(entry, "mpt"):
        facts.append(("积分", f"{wording.points_text(points)} 分"))
    if reduction := _moved(entry, "mg"):
        facts.append(("减排量", wording.carbon_text(reduction)))
    if receipt.action is not None:
        facts += _done(read_action(receipt.action))
    facts.append(("位置", f"第 {receipt.index} 号叶，共 {size} 片"))
    holds = still_holds(connection(), proven.checkpoint)
    return Verdict(
        what="凭证",
        proves=True,
        holds=holds,
        facts=facts,
        signed_by=proven.signed_by.text,
    )


def _on_month(file: MonthFile) -> Verdict:
    proven = verify_month(file, queries.published_keys(connection()))
    month = wording.month_text(proven.month)
    facts = [("月份", f"{month}末，封存 {proven.seal.size} 个账户")]
    if proven.member_id is not None:
        facts.append(("成员编号", str(proven.member_id)))
    facts += [_held(balance) for balance in proven.balances]
    facts.append(("计入的分录", f"账本的前 {proven.ledger.size} 片叶"))
    facts.append(("没有证明", "这位成员没有别的账户"))
    return Verdict(
        what="月末余额文件",
        proves=proven.member_id is not None,
        holds=month_still_holds(connection(), proven),
        facts=facts,
        signed_by=proven.signed_by.text,
    )


def _held(balance: MonthBalance) -> tuple[str, str]:
    """What an account is called and what it held: points with the day on which they end."""
    kind, ends = kind_of(balance.account_id), expires_month_of(balance.account_id)
    name = _ACCOUNTS.get(kind, str(kind)) if kind else "系统账户"
    if balance.unit == "mg":
        return name, wording.carbon_text(balance.amount)
    until = "" if ends is None else f"，{wording.day_text(month_end(ends))}到期"
    return name, f"{wording.points_text(balance.amount)} 分{until}"


def _done(action: SealedAction) -> list[tuple[str, str]]:
    """The title of what was done, and the facts with their labels."""
    methodology = backend().rulebook.version(action.methodology_id, action.methodology_version)
    told = [("行为", methodology.title)]
    for name, value in action.facts.items():
        spec = methodology.inputs[name]
        choices = {choice.value: choice.label for choice in spec.choices}
        unit = f" {spec.unit.label}" if spec.unit else ""
        told.append((spec.label, choices.get(value, f"{value}{unit}")))
    return told


def _moved(entry: PostedEntry, unit: str) -> int:
    """What came to accounts of members less what left them."""
    return sum(
        each.amount * (is_held(each.credit) - is_held(each.debit))
        for each in entry.transfers
        if each.unit == unit
    )
