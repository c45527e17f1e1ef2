"""The file of a member's own balances of a sealed month, and whether one holds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection

from backend.errors import NotFoundError
from backend.ledger.chart import OWNER_BITS, kind_of
from backend.ports.signed_notes import NoteError, VerifierKey
from backend.proofs.documents import (
    ReceiptInvalidError,
    decoded,
    encoded,
    field,
    fields_of,
    opened,
    require_under,
)
from backend.proofs.months import (
    MonthBalance,
    Sealed,
    origin_suffix,
    own_balance_proofs,
    read_balance,
    sealed_month,
)
from backend.proofs.policy import CheckpointText, read_ledger_line
from backend.proofs.receipts import LONGEST_PATH, still_holds

FORMAT: Final = "tanpuhui.month.v1"
_FIELDS: Final = ("format", "month", "items")
_MONTH_FIELDS: Final = ("month", "tree_size", "accounts", "root", "note", "sealed_at")
_ITEM_FIELDS: Final = ("account_id", "kind", "unit", "amount", "leaf", "index", "path")
_MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])", re.ASCII)
# A member has an account for reductions, and two for points of each of thirteen months of expiry.
_MOST_ITEMS: Final = 100


@dataclass(frozen=True, slots=True)
class BalanceClaim:
    """What the file says of one account: in mg or mpt, with the leaf and its way to the root."""

    account_id: int
    kind: str
    unit: str
    amount: int
    leaf: bytes
    index: int
    path: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class MonthFile:
    """What proves to anybody what a member's accounts held at the end of a month.

    Attributes:
        sealed: the month as it was closed; that it was at `sealed_at`, nothing proves.
        items: the accounts in their order; none where the member held nothing yet.
    """

    sealed: Sealed
    items: Sequence[BalanceClaim]

    def to_json(self) -> dict[str, Any]:
        """The file as a JSON document, bytes in base64."""
        return {
            "format": FORMAT,
            "month": month_json(self.sealed),
            "items": [
                {
                    **asdict(item),
                    "leaf": encoded(item.leaf),
                    "path": [encoded(hashed) for hashed in item.path],
                }
                for item in self.items
            ],
        }

    @classmethod
    def from_json(cls, document: object) -> "MonthFile":
        """Reads such a file as strictly as it was written.

        Raises:
            ReceiptInvalidError: it is none.
        """
        if not isinstance(document, Mapping) or document.get("format") != FORMAT:
            raise ReceiptInvalidError(
                f"这不是月末余额文件：缺少 format 字段，或其值不是 {FORMAT}。"
            )
        fields = fields_of(document, _FIELDS)
        items = field(fields, "items", list)
        if len(items) > _MOST_ITEMS:
            raise ReceiptInvalidError("文件里的账户太多，不是一个人的，请使用原始文件。")
        return cls(_read_sealed(fields["month"]), [_read_claim(item) for item in items])


def month_json(sealed: Sealed) -> dict[str, Any]:
    """A closed month as a JSON document."""
    return {
        "month": f"{sealed.month:%Y-%m}",
        "tree_size": sealed.tree_size,
        "accounts": sealed.accounts,
        "root": encoded(sealed.root),
        "note": sealed.note,
        "sealed_at": sealed.sealed_at.isoformat(),
    }


def read_month(text: str) -> date | None:
    """The first day of a month such as `2026-10`; None where the text names none."""
    if not _MONTH.fullmatch(text) or text.startswith("0000"):
        return None
    return date(int(text[:4]), int(text[5:]), 1)


def own_month_file(db: Connection, *, month: date, member_id: int) -> MonthFile:
    """The file of a member's own balances of a month.

    Raises:
        NotFoundError: the month is not sealed.
    """
    sealed, proofs = own_balance_proofs(db, month=month, member_id=member_id)
    return MonthFile(
        sealed,
        [
            BalanceClaim(
                account_id=proof.balance.account_id,
                kind=str(kind_of(proof.balance.account_id)),
                unit=proof.balance.unit,
                amount=proof.balance.amount,
                leaf=proof.leaf,
                index=proof.balance.index,
                path=proof.path,
            )
            for proof in proofs
        ],
    )


@dataclass(frozen=True, slots=True)
class ProvenMonth:
    """What a file that holds proves.

    Attributes:
        month: its first day.
        member_id: whose the balances are; None where there are none, and nothing is proven.
        balances: of the accounts, in their order.
        seal: the signed root over all balances.
        ledger: the tree whose entries were counted.
        signed_by: the key that signed it.
    """

    month: date
    member_id: int | None
    balances: Sequence[MonthBalance]
    seal: CheckpointText
    ledger: CheckpointText
    signed_by: VerifierKey


def verify_month(file: MonthFile, keys: Sequence[VerifierKey]) -> ProvenMonth:
    """Holds a file against itself and against trusted keys; needs no database.

    Raises:
        ReceiptInvalidError: it does not hold; the sentence says where.
    """
    sealed = file.sealed
    seal, signed_by = opened(sealed.note, keys, log=origin_suffix(sealed.month))
    try:
        ledger = read_ledger_line(signed_by.name, seal.extensions)
    except NoteError as error:
        raise ReceiptInvalidError("封存的签名内容没有写明账本的大小和树根。") from error
    if (sealed.accounts, sealed.root, sealed.tree_size) != (seal.size, seal.root, ledger.size):
        raise ReceiptInvalidError("文件里的账户数、树根或账本大小与签名的内容不一致：被改动过。")
    balances = [_verified(item, sealed.month, seal) for item in file.items]
    owners = {balance.account_id >> OWNER_BITS for balance in balances}
    places = [balance.index for balance in balances]
    if len(owners) > 1 or places != sorted(set(places)):
        raise ReceiptInvalidError("文件里的账户不是一个人的，或顺序被改动过。")
    member_id = owners.pop() if owners else None
    return ProvenMonth(sealed.month, member_id, balances, seal, ledger, signed_by)


def month_still_holds(db: Connection, proven: ProvenMonth) -> bool:
    """Whether the month is sealed in the ledger as it is now, over a tree that is still there."""
    try:
        sealed = sealed_month(db, proven.month)
    except NotFoundError:
        return False
    return (sealed.root, sealed.tree_size) == (
        proven.seal.root,
        proven.ledger.size,
    ) and still_holds(db, proven.ledger)


def _verified(item: BalanceClaim, month: date, seal: CheckpointText) -> MonthBalance:
    require_under(seal, item.leaf, index=item.index, path=item.path)
    try:
        of_month, balance = read_balance(item.leaf, item.index)
    except ValueError as error:
        raise ReceiptInvalidError("文件中的内容不是封存的余额，请使用原始文件。") from error
    said = (of_month, balance.account_id, balance.unit, balance.amount)
    kind = kind_of(balance.account_id)
    if said != (month, item.account_id, item.unit, item.amount) or kind != item.kind:
        raise ReceiptInvalidError("账户、单位或余额与封存的内容不一致：文件被改动过。")
    return balance


def _read_sealed(document: object) -> Sealed:
    fields = fields_of(document, _MONTH_FIELDS)
    month, sealed_at = read_month(field(fields, "month", str)), _instant(fields)
    if month is None or sealed_at is None:
        raise ReceiptInvalidError("文件里的月份或封存时间格式不对，请使用原始文件。")
    return Sealed(
        month=month,
        tree_size=field(fields, "tree_size", int),
        accounts=field(fields, "accounts", int),
        root=decoded(fields["root"], "root"),
        note=field(fields, "note", str),
        sealed_at=sealed_at,
    )


def _instant(fields: Mapping[str, object]) -> datetime | None:
    text = field(fields, "sealed_at", str)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant if instant.isoformat() == text and instant.tzinfo is not None else None


def _read_claim(document: object) -> BalanceClaim:
    fields = fields_of(document, _ITEM_FIELDS)
    return BalanceClaim(
        account_id=field(fields, "account_id", int),
        kind=field(fields, "kind", str),
        unit=field(fields, "unit", str),
        amount=field(fields, "amount", int),
        leaf=decoded(fields["leaf"], "leaf"),
        index=field(fields, "index", int),
        path=[
            decoded(hashed, "path") for hashed in field(fields, "path", list)[: LONGEST_PATH + 1]
        ],
    )
