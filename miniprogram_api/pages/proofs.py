"""Proofs of the ledger: one's own receipts to take away, and a public page that verifies them."""

import json
from dataclasses import dataclass
from typing import Final

from flask import Response, render_template, request

from backend.errors import DomainError
from backend.ledger.chart import is_held
from backend.ledger.entries import PostedEntry
from backend.proofs import queries
from backend.proofs.leaves import SealedAction, read_action
from backend.proofs.months import sealed_months
from backend.proofs.receipts import (
    LedgerReceipt,
    Proven,
    ReceiptInvalidError,
    receipt_of,
    still_holds,
    verify,
)
from backend.web import strict_json
from backend.web.access import actor, member_page, public
from backend.web.context import backend
from backend.web.transaction import connection
from miniprogram_api.pages.frame import page_blueprint
from miniprogram_api.resources import labels

blueprint = page_blueprint("proofs", __name__)

_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the page says of a receipt.

    Attributes:
        receipt: as handed in.
        proven: what it proves.
        kind: what the entry is, in Chinese.
        points_mpt: points that came to the holder (negative: that went).
        reduction_mg: reductions, likewise.
        facts: of the action, if it is about one, with their labels.
        holds: whether the ledger as it is now begins with the tree of its checkpoint.
    """

    receipt: LedgerReceipt
    proven: Proven
    kind: str
    points_mpt: int
    reduction_mg: int
    facts: list[tuple[str, str]]
    holds: bool


@blueprint.get("/me/entries/<int:entry_id>/receipt.json")
@member_page
def download(entry_id: int) -> Response:
    """The receipt of one of the member's own entries, as a file."""
    receipt = receipt_of(connection(), member_id=actor().member_id, entry_id=entry_id)
    answer = Response(
        json.dumps(receipt.to_json(), indent=2, ensure_ascii=False) + "\n",
        mimetype="application/json",
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="receipt-{entry_id}.json"'
    return answer


@blueprint.get("/proofs")
@public
def show() -> str:
    """Keys, checkpoints and a form to verify a receipt; open to everybody."""
    return _page(None, "", "")


@blueprint.post("/proofs")
@public
def check() -> str | tuple[str, int]:
    """Verifies a receipt that was pasted or uploaded; keeps nothing of it."""
    file = request.files.get("file")
    uploaded = file.read() if file is not None else b""
    pasted = request.form.get("receipt", "")
    try:
        return _page(_verdict(uploaded or pasted.encode()), pasted, "")
    except DomainError as error:
        sentence = error.message
        if not isinstance(error, ReceiptInvalidError):
            sentence = "请粘贴账本凭证的全部内容，或选择下载的 JSON 文件。"
        return _page(None, pasted, sentence), 422


def _verdict(content: bytes) -> Verdict:
    receipt = LedgerReceipt.from_json(strict_json.parse(content.strip()))
    proven = verify(receipt, queries.published_keys(connection()))
    return Verdict(
        receipt=receipt,
        proven=proven,
        kind=labels.ENTRY_KINDS.get(proven.entry.kind, proven.entry.kind),
        points_mpt=_moved(proven.entry, "mpt"),
        reduction_mg=_moved(proven.entry, "mg"),
        facts=[] if receipt.action is None else _facts(read_action(receipt.action)),
        holds=still_holds(connection(), proven.checkpoint),
    )


def _facts(action: SealedAction) -> list[tuple[str, str]]:
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


def _page(verdict: Verdict | None, pasted: str, refusal: str) -> str:
    return render_template(
        "proofs.html",
        verdict=verdict,
        pasted=pasted,
        refusal=refusal,
        keys=queries.published_keys(connection()),
        months=sealed_months(connection(), limit=_SHOWN),
        checkpoints=queries.checkpoints(connection(), before_size=None, limit=_SHOWN),
    )
