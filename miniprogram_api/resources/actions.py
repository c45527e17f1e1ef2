"""Actions: log one, log a backlog, explain one."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Response

from backend.actions.claims import ClaimInput
from backend.actions.evidence import place_kind_of
from backend.actions.queries import Recorded
from backend.actions.receipts import Receipt, receipt_of
from backend.actions.service import record_all
from backend.errors import DomainError
from backend.ledger.policy import expires_month, month_end
from backend.places.codes import place_code
from backend.web import problems
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import backend, now
from backend.web.limits import BATCHES, CLAIMS, limited
from backend.web.transaction import connection
from credit_rules import Source
from miniprogram_api.flows.actions import ITEM, claim_of, loaded_action, record_action
from miniprogram_api.schemas.actions import (
    BatchAnswer,
    BatchRequest,
    ExplanationSchema,
    ReceiptSchema,
)

blueprint = Blueprint("actions", __name__, description="Low-carbon actions and their receipts.")


@blueprint.route("/actions", methods=["POST"])
@member_only
@limited(*CLAIMS)
@blueprint.arguments(ITEM)
@blueprint.response(201, ReceiptSchema, description="Credited")
@blueprint.alt_response(200, schema=ReceiptSchema, description="Credited before", success=True)
def log_action(values: Mapping[str, Any]) -> Response:
    """Log one action.

    The same reference with the same content gives the same receipt, with status 200, and credits
    nothing; with other content it is refused.
    """
    receipt = record_action(values)
    return Response(
        receipt_bytes(receipt), status=201 if receipt.first else 200, mimetype="application/json"
    )


@blueprint.route("/actions/batch", methods=["POST"])
@member_only
@limited(*BATCHES)
@blueprint.arguments(BatchRequest)
@blueprint.response(200, BatchAnswer)
def log_batch(values: Mapping[str, Any]) -> dict[str, Any]:
    """Log a backlog of up to 100 actions; each stands or falls by itself.

    Results come in the order of the actions. Any order and any repetition leads to the same
    ledger.
    """
    items = values["actions"]
    results: dict[int, Receipt | DomainError] = {}
    claims: dict[int, ClaimInput] = {}
    for index in _by_occurrence(items):
        try:
            claims[index] = claim_of(loaded_action(items[index]))
        except DomainError as error:
            results[index] = error
    recorded = record_all(
        connection(), backend().rulebook, backend().keys, list(claims.values()), now=now()
    )
    results |= zip(claims, recorded, strict=True)
    return {"results": [_batch_result(results[index]) for index in range(len(items))]}


@blueprint.route("/actions/<int:action_id>/explanation", methods=["GET"])
@member_only
@blueprint.response(200, ExplanationSchema)
def explain_action(action_id: int) -> dict[str, Any]:
    """Explain one of the caller's own actions: every step, factor, source and cap.

    The award is recomputed from the stored facts under the stored version.
    """
    rulebook = backend().rulebook
    receipt = receipt_of(connection(), rulebook, member_id=actor().member_id, action_id=action_id)
    recorded = receipt.action
    methodology = rulebook.version(recorded.methodology_id, recorded.methodology_version)
    return {
        **receipt_body(receipt),
        "rulebook_digest": recorded.rulebook_digest.hex(),
        "sources": [_source_body(source) for source in methodology.sources.values()],
    }


def _by_occurrence(items: Sequence[Any]) -> list[int]:
    """The order in which a batch is credited: by time and content, whatever order it came in.

    Of two actions that exclude one another the earlier one is credited, as it would have been
    with a network.
    """

    def when(index: int) -> tuple[str, str, str]:
        item = items[index]
        said = item if isinstance(item, dict) else {}
        try:
            at = datetime.fromisoformat(said["occurred_at"]).astimezone(UTC).isoformat()
        except (KeyError, TypeError, ValueError, OverflowError):
            at = ""  # refused, wherever it stands
        return at, str(said.get("reference")), json.dumps(said, sort_keys=True, default=str)

    return sorted(range(len(items)), key=when)


def _batch_result(result: Receipt | DomainError) -> dict[str, Any]:
    """What one action of a batch came to."""
    if isinstance(result, DomainError):
        problem = problems.of_domain(result)
        return {"status": problem.status, "receipt": None, "problem": problem.body()}
    return {
        "status": 201 if result.first else 200,
        "receipt": receipt_body(result),
        "problem": None,
    }


def receipt_bytes(receipt: Receipt) -> bytes:
    """The receipt as JSON, without the detour over its schema, which documents it.

    The trace is the bytes its digest was taken of: the largest part is rendered once.
    """
    rest = json.dumps(_without_trace(receipt), ensure_ascii=False, separators=(",", ":")).encode()
    return rest[:-1] + b',"trace":' + receipt.assessment.trace.canonical() + b"}"


def receipt_body(receipt: Receipt) -> dict[str, Any]:
    """The receipt as `ReceiptSchema` documents it; the same action gives the same body."""
    return {**_without_trace(receipt), "trace": receipt.assessment.trace.to_json()}


def _without_trace(receipt: Receipt) -> dict[str, Any]:
    recorded, assessment = receipt.action, receipt.assessment
    return {
        "action": action_body(recorded),
        "award": {
            "reduction_mg": assessment.reduction_mg,
            "points_mpt": assessment.points_mpt,
            "bonus_mpt": assessment.bonus_mpt,
            "ranked": assessment.ranked,
            "expires_on": points_expire_on(recorded),
        },
        "sentences": assessment.trace.sentences(),
        "methodology": {
            "id": assessment.methodology_id,
            "version": assessment.methodology_version,
            "digest": assessment.digest,
            "title": assessment.trace.title,
        },
    }


def action_body(recorded: Recorded) -> dict[str, Any]:
    """An action as it stands in the book."""
    return {
        "id": recorded.id,
        "status": recorded.status.value,
        "reason": recorded.reason,
        "reference": recorded.reference,
        "kind": recorded.kind,
        "occurred_at": recorded.occurred_at.isoformat(),
        "occurred_on": recorded.occurred_on.isoformat(),
        "received_at": recorded.received_at.isoformat(),
        "tier": recorded.tier,
        "channel": recorded.channel,
        "place": _place_body(recorded),
        "facts": dict(sorted(recorded.facts.items())),
    }


def points_expire_on(recorded: Recorded) -> str:
    """The last day of the points an action earned."""
    return month_end(expires_month(recorded.occurred_on)).isoformat()


def _place_body(recorded: Recorded) -> dict[str, str] | None:
    kind = place_kind_of(recorded.kind)
    if recorded.place_id is None or kind is None:
        return None
    return {"code": place_code(kind, recorded.place_id)}


def _source_body(source: Source) -> dict[str, str]:
    return {
        "title": source.title,
        "clause": source.clause,
        "href": source.href,
    }
