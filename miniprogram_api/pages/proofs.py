"""Proofs of the ledger: one's own files to take away, and a public page that verifies them."""

import json
from typing import Any, Final

from flask import Response, render_template, request

from backend.errors import DomainError
from backend.proofs import queries
from backend.proofs.documents import ReceiptInvalidError
from backend.proofs.month_files import own_month_file
from backend.proofs.months import sealed_months
from backend.proofs.receipts import receipt_of
from backend.web.access import actor, member_page, public
from backend.web.paging import decode_cursor, page
from backend.web.transaction import connection
from miniprogram_api.flows.ledger_proofs import month_of
from miniprogram_api.pages.frame import page_blueprint
from miniprogram_api.pages.verdicts import Verdict, verdict_on

blueprint = page_blueprint("proofs", __name__)

_SHOWN: Final = 10
_MONTHS: Final = 12


@blueprint.get("/me/entries/<int:entry_id>/receipt.json")
@member_page
def download(entry_id: int) -> Response:
    """The receipt of one of the member's own entries, as a file."""
    receipt = receipt_of(connection(), member_id=actor().member_id, entry_id=entry_id)
    return _file(receipt.to_json(), f"receipt-{entry_id}.json")


@blueprint.get("/me/months/<month>/balances.json")
@member_page
def download_balances(month: str) -> Response:
    """The member's own balances of a sealed month, as a file."""
    first = month_of(month)
    found = own_month_file(connection(), month=first, member_id=actor().member_id)
    return _file(found.to_json(), f"balances-{first:%Y-%m}.json")


def _file(document: dict[str, Any], name: str) -> Response:
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    answer = Response(text, mimetype="application/json")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@blueprint.get("/proofs")
@public
def show() -> str:
    """Keys, months, checkpoints and a form to verify a file; open to everybody."""
    return _page(None, "", "")


@blueprint.post("/proofs")
@public
def check() -> str | tuple[str, int]:
    """Verifies a file that was pasted or uploaded; keeps nothing of it."""
    file = request.files.get("file")
    uploaded = file.read() if file is not None else b""
    pasted = request.form.get("receipt", "")
    try:
        return _page(verdict_on(uploaded or pasted.encode()), pasted, "")
    except DomainError as error:
        sentence = error.message
        if not isinstance(error, ReceiptInvalidError):
            sentence = "请粘贴下载的 JSON 文件的全部内容，或选择那个文件。"
        return _page(None, pasted, sentence), 422


def _page(verdict: Verdict | None, pasted: str, refusal: str) -> str:
    cursor = request.args.get("cursor")
    before = month_of(decode_cursor(cursor, str)[0]) if cursor else None
    rows = sealed_months(connection(), before=before, limit=_MONTHS + 1)
    months = page(rows, _MONTHS, lambda each: (f"{each.month:%Y-%m}",))
    return render_template(
        "proofs.html",
        verdict=verdict,
        pasted=pasted,
        refusal=refusal,
        keys=queries.published_keys(connection()),
        months=months["items"],
        next_cursor=months["next_cursor"],
        checkpoints=queries.checkpoints(connection(), before_size=None, limit=_SHOWN),
    )
