"""What a member holds: balance, expiry, records, and where their department stands."""

from collections.abc import Sequence
from typing import Any

from flask import render_template, request

from backend.actions.queries import Recorded, actions_of
from backend.clock import business_day
from backend.ledger.labels import ENTRY_KINDS
from backend.ledger.policy import month_end
from backend.ledger.queries import balance_of, notices_of, statement_of
from backend.rankings.policy import Board, BoardMeasure
from backend.web.access import actor, member_page
from backend.web.context import backend, now
from backend.web.paging import decode_cursor, page
from backend.web.transaction import connection
from miniprogram_api.flows.rankings import leaderboard_of, own_group
from miniprogram_api.pages.entries import titles_of
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("mine", __name__)

_LATEST = 5
_PAGE = 20


@blueprint.get("/me")
@member_page
def overview() -> str:
    """Balance, points by expiry, the latest records and the own department's rank."""
    found = leaderboard_of(Board.DEPARTMENTS, None, BoardMeasure.INDEX)
    own_id = own_group(actor(), found)
    return render_template(
        "mine.html",
        **_holdings(),
        records=_records(
            actions_of(connection(), member_id=actor().member_id, before_id=None, limit=_LATEST)
        ),
        own=next((place for place in found.places if place.group.id == own_id), None),
        board=found,
        in_department=actor().department_id is not None,
    )


@blueprint.get("/me/points")
@member_page
def points() -> str:
    """The balance, the lots, what ends soon, and the latest entries of the statement."""
    lines = statement_of(connection(), member_id=actor().member_id, before_id=None, limit=_LATEST)
    return render_template(
        "points.html",
        **_holdings(),
        lines=lines,
        titles=titles_of(lines),
        kinds=ENTRY_KINDS,
        later=False,
    )


def _holdings() -> dict[str, Any]:
    """Balance, lots with their last days, and notices of what ends soon."""
    today = business_day(now())
    held = balance_of(connection(), member_id=actor().member_id)
    notices = notices_of(connection(), member_id=actor().member_id, on=today)
    return {
        "held": held,
        "lots": [(month_end(lot.expires_month), lot.points_mpt) for lot in held.lots],
        "notices": [(month_end(each.expires_month), each.points_mpt) for each in notices],
    }


@blueprint.get("/me/records")
@member_page
def records() -> str:
    """All records, newest first."""
    cursor = request.args.get("cursor")
    rows = actions_of(
        connection(),
        member_id=actor().member_id,
        before_id=decode_cursor(cursor, int)[0] if cursor else None,
        limit=_PAGE + 1,
    )
    shown = page(rows, _PAGE, lambda row: (row.id,))
    return render_template(
        "records.html", records=_records(shown["items"]), next_cursor=shown["next_cursor"]
    )


def _records(rows: Sequence[Recorded]) -> list[dict[str, Any]]:
    """Records with the titles and the choices of their methodologies."""
    return [_record(row) for row in rows]


def _record(row: Recorded) -> dict[str, Any]:
    methodology = backend().rulebook.version(row.methodology_id, row.methodology_version)
    chosen = [
        choice.label
        for spec in methodology.inputs.values()
        for choice in spec.choices
        if choice.value == row.facts.get(spec.name)
    ]
    amounts = [
        f"{row.facts[spec.name]} {spec.unit.label}"
        for spec in methodology.inputs.values()
        if spec.unit is not None and spec.name in row.facts
    ]
    return {"action": row, "title": methodology.title, "what": "，".join(chosen + amounts)}
