"""Receipts and files of months made by hand, and the offline script that verifies them."""

import base64
import copy
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from backend.clock import business_day
from backend.ledger.chart import AccountKind, kind_of, member_account
from backend.ledger.entries import PostedEntry, PostedTransfer
from backend.ports.signed_notes import Signer
from backend.proofs import merkle
from backend.proofs.leaves import entry_bytes
from backend.proofs.merkle import Leaves, Span
from backend.proofs.months import MonthBalance, balance_bytes
from tests.backend.proofs.conftest import NOW
from tests.conftest import PATIENCE_SECONDS

TODAY = business_day(NOW)

SCRIPT = Path(__file__).parents[3] / "miniprogram_api/static/verify_receipt.py"
MONTH = date(2026, 10, 1)
MEMBER = 7
POINTS = member_account(MEMBER, AccountKind.MEMBER_POINTS, date(2027, 10, 1))
ACCOUNTS = (
    (-2, "mg", -590_000),
    (-1, "mpt", -15_500),
    (member_account(6, AccountKind.MEMBER_POINTS, date(2027, 9, 1)), "mpt", 1),
    (member_account(MEMBER, AccountKind.MEMBER_REDUCTION), "mg", 590_000),
    (POINTS, "mpt", 12_499),
    (member_account(MEMBER, AccountKind.REDEMPTION_PENDING, date(2027, 10, 1)), "mpt", 3_000),
)


def encoded(content: bytes) -> str:
    """Bytes as they stand in a document."""
    return base64.b64encode(content).decode()


def flipped(text: str, at: int) -> str:
    """Base64 of other bytes: one bit of the byte at `at` is turned."""
    content = bytearray(base64.b64decode(text))
    content[at] ^= 1
    return encoded(bytes(content))


def leaf_of(entry_id: int) -> bytes:
    """The leaf of an award of 10 points that is about no action."""
    moved = (PostedTransfer(1, -1, POINTS, "mpt", 10_000),)
    nothing = (None,) * 6
    entry = PostedEntry(entry_id, "award", NOW, TODAY, MEMBER, *nothing[:5], None, moved)
    return entry_bytes(entry, None, bytes(range(16)))


def path_to(leaves: Sequence[bytes], index: int) -> tuple[bytes, list[bytes]]:
    """The root over some leaves, and the way to it from one of them."""
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]

    def fetch(spans: Sequence[Span]) -> list[list[bytes]]:
        return [hashes[span.begin : span.end] for span in spans]

    (root,) = merkle.hashes_of([Leaves(0, len(leaves))], fetch)
    return root, merkle.hashes_of(merkle.inclusion_path(index, len(leaves)), fetch)


def note_text(origin: str, size: int, root: bytes, *more: str) -> str:
    """The text of a checkpoint, with further lines."""
    return "".join(f"{line}\n" for line in (origin, size, encoded(root), *more))


def a_receipt(signer: Signer, *, log: str = "") -> dict[str, Any]:
    """The receipt of the fourth of seven entries, under a root of this log."""
    leaves = [leaf_of(number) for number in range(1, 8)]
    root, path = path_to(leaves, 3)
    return {
        "format": "tanpuhui.receipt.v1",
        "entry_id": 4,
        "leaf": encoded(leaves[3]),
        "action": None,
        "index": 3,
        "path": [encoded(hashed) for hashed in path],
        "checkpoint": signer.sign(note_text(signer.verifier.name + log, 7, root)),
    }


def a_month(
    signer: Signer,
    *,
    log: str = "/month/2026-10",
    ledger: str = f"ledger 30 {encoded(bytes(32))}",
    member: int = MEMBER,
) -> dict[str, Any]:
    """The file of a member's balances of October: reductions, points, and points set aside."""
    balances = [
        MonthBalance(index, account, unit, amount, bytes([index] * 16))
        for index, (account, unit, amount) in enumerate(ACCOUNTS)
    ]
    leaves = [balance_bytes(MONTH, balance) for balance in balances]
    root, _ = path_to(leaves, 0)
    text = note_text(signer.verifier.name + log, len(leaves), root, ledger, "held mpt 15500")
    items: list[dict[str, Any]] = [
        {
            "account_id": each.account_id,
            "kind": str(kind_of(each.account_id)),
            "unit": each.unit,
            "amount": each.amount,
            "leaf": encoded(leaf),
            "index": each.index,
            "path": [encoded(hashed) for hashed in path_to(leaves, each.index)[1]],
        }
        for each, leaf in zip(balances, leaves, strict=True)
    ]
    return {
        "format": "tanpuhui.month.v1",
        "month": {
            "month": "2026-10",
            "tree_size": 30,
            "accounts": len(leaves),
            "root": encoded(root),
            "note": signer.sign(text),
            "sealed_at": "2026-11-11T00:00:00+00:00",
        },
        "items": [item for item in items if item["account_id"] >> 16 == member],
    }


def changed(document: dict[str, Any], *steps: str | int, to: Any) -> dict[str, Any]:
    """The document with something else at one place."""
    other = copy.deepcopy(document)
    at: Any = other
    for step in steps[:-1]:
        at = at[step]
    at[steps[-1]] = to
    return other


def run(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
    """The offline script, alone: no package, no site, assertions off."""
    return subprocess.run(
        [sys.executable, "-ISO", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )


def script() -> dict[str, Any]:
    """What the script defines: run here for many changes, a process each would take minutes."""
    defined: dict[str, Any] = {"__name__": "verify_receipt"}
    exec(compile(SCRIPT.read_text(encoding="utf-8"), SCRIPT, "exec"), defined)  # noqa: S102 - ours
    return defined
