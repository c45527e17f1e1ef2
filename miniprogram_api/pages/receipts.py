"""A receipt: what one action earned, and every step of why."""

from typing import Any

from flask import render_template, request

from backend.actions.labels import CHANNELS
from backend.actions.receipts import receipt_of
from backend.ledger.labels import ENTRY_KINDS
from backend.ledger.policy import expires_month, month_end
from backend.places.queries import by_id
from backend.proofs.queries import proofs_of_action
from backend.web.access import actor, member_page
from backend.web.context import backend
from backend.web.transaction import connection
from credit_rules.units import parse_unit
from miniprogram_api.flows.scans import tier_body
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("receipts", __name__)


@blueprint.get("/me/receipts/<int:action_id>")
@member_page
def show(action_id: int) -> str:
    """The receipt of one of the member's own actions; `again` says that it was there before."""
    rulebook = backend().rulebook
    receipt = receipt_of(connection(), rulebook, member_id=actor().member_id, action_id=action_id)
    recorded, assessment = receipt.action, receipt.assessment
    methodology = rulebook.version(recorded.methodology_id, recorded.methodology_version)
    trace: dict[str, Any] = assessment.trace.to_json()
    return render_template(
        "receipt.html",
        again="again" in request.args,
        action=recorded,
        assessment=assessment,
        methodology=methodology,
        inputs=[_input_text(item) for item in trace["inputs"]],
        sentences=assessment.trace.sentences(),
        factors=[_factor(item) for item in trace["factors"]],
        tier=tier_body(methodology, recorded.tier),
        place=None if recorded.place_id is None else by_id(connection(), recorded.place_id),
        channel=CHANNELS.get(recorded.channel, recorded.channel),
        proofs=proofs_of_action(connection(), action_id=action_id),
        kinds=ENTRY_KINDS,
        expires_on=month_end(expires_month(recorded.occurred_on)),
    )


def _input_text(item: dict[str, Any]) -> tuple[str, str]:
    """An input's label and its value as it reads."""
    if "value_label" in item:
        return item["label"], item["value_label"]
    return item["label"], f"{item['value']} {parse_unit(item['unit']).label}"


def _factor(item: dict[str, Any]) -> dict[str, str]:
    """A factor with its value in Chinese units."""
    value = f"{item['value']} {parse_unit(item['unit']).label}".strip()
    return {**item, "value": value}
