"""What the caller holds: points by expiry, the statement, the history of actions."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from backend.actions.queries import Recorded, actions_of
from backend.clock import business_day
from backend.ledger.policy import month_end
from backend.ledger.queries import Notice, StatementLine, balance_of, notices_of, statement_of
from backend.web.access import actor, member_only
from backend.web.api import Blueprint
from backend.web.context import backend, now
from backend.web.paging import decode_cursor, page
from backend.web.schemas import PageQuery, page_schema
from backend.web.transaction import connection
from miniprogram_api.schemas.holdings import EntrySchema, PastActionSchema, PointsAnswer

blueprint = Blueprint("holdings", __name__, description="The caller's own points and records.")


@blueprint.route("/me/points", methods=["GET"])
@member_only
@blueprint.response(200, PointsAnswer)
def read_points() -> dict[str, Any]:
    """Read the balance, with the points that expire together."""
    today = business_day(now())
    held = balance_of(connection(), member_id=actor().member_id)
    notices = notices_of(connection(), member_id=actor().member_id, on=today)
    return {
        "reduction_mg": held.reduction_mg,
        "points_mpt": held.points_mpt,
        "lots": [
            {
                "expires_on": month_end(lot.expires_month).isoformat(),
                "points_mpt": lot.points_mpt,
            }
            for lot in held.lots
        ],
        "notices": [_notice_body(notice, today) for notice in notices],
        "as_of": now().isoformat(),
    }


@blueprint.route("/me/entries", methods=["GET"])
@member_only
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_schema(EntrySchema))
def list_entries(query: Mapping[str, Any]) -> dict[str, Any]:
    """List the entries of the caller's account, newest first."""
    lines = statement_of(
        connection(),
        member_id=actor().member_id,
        before_id=_before(query),
        limit=query["limit"] + 1,
    )
    shown = page(lines, query["limit"], lambda line: (line.entry_id,))
    return {**shown, "items": [_entry_body(line) for line in shown["items"]]}


@blueprint.route("/me/actions", methods=["GET"])
@member_only
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_schema(PastActionSchema))
def list_actions(query: Mapping[str, Any]) -> dict[str, Any]:
    """List the caller's actions, newest first."""
    rows = actions_of(
        connection(),
        member_id=actor().member_id,
        before_id=_before(query),
        limit=query["limit"] + 1,
    )
    shown = page(rows, query["limit"], lambda row: (row.id,))
    return {**shown, "items": [_past_action_body(row) for row in shown["items"]]}


def _before(query: Mapping[str, Any]) -> int | None:
    return decode_cursor(query["cursor"], int)[0] if query["cursor"] else None


def _notice_body(notice: Notice, today: date) -> dict[str, Any]:
    last_day = month_end(notice.expires_month)
    return {
        "expires_on": last_day.isoformat(),
        "days_left": (last_day - today).days,
        "points_mpt": notice.points_mpt,
        "noticed_on": notice.noticed_on.isoformat(),
    }


def _entry_body(line: StatementLine) -> dict[str, Any]:
    return {
        "id": line.entry_id,
        "kind": line.kind,
        "action_id": line.action_id,
        "effective_on": line.effective_on.isoformat(),
        "created_at": line.created_at.isoformat(),
        "reduction_mg": line.reduction_mg,
        "points_mpt": line.points_mpt,
        "balance_mg": line.balance_mg,
        "balance_mpt": line.balance_mpt,
    }


def _past_action_body(recorded: Recorded) -> dict[str, Any]:
    methodology = backend().rulebook.version(recorded.methodology_id, recorded.methodology_version)
    return {
        "id": recorded.id,
        "status": recorded.status.value,
        "reason": recorded.reason,
        "reference": recorded.reference,
        "kind": recorded.kind,
        "title": methodology.title,
        "occurred_at": recorded.occurred_at.isoformat(),
        "occurred_on": recorded.occurred_on.isoformat(),
        "tier": recorded.tier,
        "facts": dict(sorted(recorded.facts.items())),
        "reduction_mg": recorded.reduction_mg,
        "points_mpt": recorded.points_mpt,
    }
