"""Proofs of the ledger: receipts of one's own entries; checkpoints and keys for everybody."""

import base64
from collections.abc import Mapping
from typing import Any

from backend.proofs import queries
from backend.proofs.month_files import month_json, own_month_file
from backend.proofs.months import sealed_months
from backend.proofs.queries import SignedRoot
from backend.proofs.receipts import consistency, receipt_of
from backend.web.access import actor, member_only, public
from backend.web.api import Blueprint
from backend.web.paging import decode_cursor, page
from backend.web.schemas import PageQuery, page_schema
from backend.web.transaction import connection
from miniprogram_api.flows.ledger_proofs import month_of
from miniprogram_api.schemas.ledger_proofs import (
    CheckpointSchema,
    ConsistencyQuery,
    ConsistencySchema,
    LedgerReceiptSchema,
    MonthSchema,
    SealedBalancesAnswer,
    VerifierKeysAnswer,
)

blueprint = Blueprint("ledger_proofs", __name__, description="Proofs of the ledger, for everybody.")


@blueprint.route("/receipts/<int:entry_id>", methods=["GET"])
@member_only
@blueprint.response(200, LedgerReceiptSchema)
def read_receipt(entry_id: int) -> dict[str, Any]:
    """Read the receipt of one of the caller's own entries.

    It verifies offline against the published keys. An entry is sealed within a minute of its
    posting; until then the answer is 409 with `Retry-After`.
    """
    return receipt_of(connection(), member_id=actor().member_id, entry_id=entry_id).to_json()


@blueprint.route("/checkpoints", methods=["GET"])
@public
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_schema(CheckpointSchema))
def list_checkpoints(query: Mapping[str, Any]) -> dict[str, Any]:
    """List the signed roots of the ledger's tree, newest first."""
    before = decode_cursor(query["cursor"], int)[0] if query["cursor"] else None
    rows = queries.checkpoints(connection(), before_size=before, limit=query["limit"] + 1)
    shown = page(rows, query["limit"], lambda row: (row.size,))
    return {**shown, "items": [_checkpoint_body(row) for row in shown["items"]]}


@blueprint.route("/checkpoints/<int:size>/consistency", methods=["GET"])
@public
@blueprint.arguments(ConsistencyQuery, location="query")
@blueprint.response(200, ConsistencySchema)
def prove_consistency(query: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Prove that the tree of this size begins with the whole tree of the size `from`."""
    proof = consistency(connection(), old_size=query["earlier"], size=size)
    return {
        "earlier": _checkpoint_body(proof.earlier),
        "later": _checkpoint_body(proof.later),
        "path": [_base64(hashed) for hashed in proof.path],
    }


@blueprint.route("/verifier-keys", methods=["GET"])
@public
@blueprint.response(200, VerifierKeysAnswer)
def list_keys() -> dict[str, Any]:
    """List every public key that has ever signed a checkpoint, oldest first."""
    return {"items": [{"key": key.text} for key in queries.published_keys(connection())]}


@blueprint.route("/months", methods=["GET"])
@public
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_schema(MonthSchema))
def list_months(query: Mapping[str, Any]) -> dict[str, Any]:
    """List the closed months with their signed roots over all balances, newest first."""
    before = month_of(decode_cursor(query["cursor"], str)[0]) if query["cursor"] else None
    rows = sealed_months(connection(), before=before, limit=query["limit"] + 1)
    shown = page(rows, query["limit"], lambda row: (f"{row.month:%Y-%m}",))
    return {**shown, "items": [month_json(row) for row in shown["items"]]}


@blueprint.route("/me/months/<month>/balances", methods=["GET"])
@member_only
@blueprint.response(200, SealedBalancesAnswer)
def read_sealed_balances(month: str) -> dict[str, Any]:
    """Read what the caller's accounts held at the end of a closed month, with the proofs.

    It verifies offline against the published keys. Without accounts it proves nothing.
    """
    found = own_month_file(connection(), month=month_of(month), member_id=actor().member_id)
    return found.to_json()


def _checkpoint_body(row: SignedRoot) -> dict[str, Any]:
    return {
        "size": row.size,
        "root": _base64(row.root),
        "note": row.note,
        "signed_at": row.signed_at.isoformat(),
    }


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
