"""Which objects the arguments of a route can stand for, found in the database of a world.

A route with arguments that are not listed here fails the test: say how to find its objects, one
of every state, and bring them into the world if they are not there yet.
"""

from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text
from werkzeug.routing import Rule

from backend.rankings.policy import Board

# One id of every state, then of every way in which pages show it differently.
_ACTIONS = """
SELECT max(a.id) FROM action a LEFT JOIN action_state s ON s.action_id = a.id
 JOIN member m ON m.id = a.member_id
 WHERE {whose}
 GROUP BY a.kind, s.status, s.reassessment_id IS NULL, a.place_id IS NULL, m.erased_at IS NULL,
          m.display_name LIKE '%<%'
"""
_MEMBERS = """
SELECT max(m.id) FROM member m LEFT JOIN role_grant g ON g.member_id = m.id
 GROUP BY g.role, m.erased_at IS NULL, m.deactivated_at IS NULL, length(m.display_name) > 20,
          m.display_name LIKE '%<%'
"""
_PLACES = """
SELECT max(id) FROM place GROUP BY kind, state, name LIKE '%<%', length(name) > 30, latitude IS NULL
"""
SINGLE: Mapping[str, str] = {
    "action_id": _ACTIONS.format(whose="true"),
    "batch_id": "SELECT id FROM print_batch",
    "board": "VALUES ('departments'), ('institutions'), ('districts')",
    "campaign_id": "SELECT id FROM campaign",
    "consent_id": "SELECT id FROM second_consent",
    "cause_id": "SELECT id FROM cause",
    "department_id": "SELECT id FROM department",
    "district_id": "SELECT id FROM district",
    "draw_id": "SELECT id FROM prize_draw",
    "form": "VALUES ('svg'), ('png'), ('pdf')",
    "grant_id": "SELECT max(id) FROM role_grant GROUP BY role, revoked_at, valid_until",
    "institution_id": "SELECT id FROM institution",
    "pending_id": "SELECT id FROM console_invitation",
    "kind": "SELECT DISTINCT methodology_id FROM methodology_version UNION VALUES ('no.such')",
    "member_id": _MEMBERS,
    "month": "SELECT to_char(max(month), 'YYYY-MM') FROM sealed_month UNION VALUES ('1999-13')",
    "number": "SELECT max(certificate) FROM donation GROUP BY unit UNION VALUES ('NO-SUCH')",
    "place_id": _PLACES,
    "redemption_id": "SELECT id FROM redemption",
    "request_id": "SELECT max(id) FROM roster_request GROUP BY released",
    "reward_id": "SELECT id FROM reward",
    "run_id": "SELECT id FROM correction_run",
    "size": "SELECT max(size) FROM checkpoint UNION VALUES (1)",
    "statement_id": "SELECT max(id) FROM energy_statement GROUP BY state, version",
    "system_id": "SELECT id FROM system",
}
# What only its owner sees: theirs in every state, and one of somebody else's.
_OTHERS = "SELECT max(id) FROM {} WHERE member_id IS DISTINCT FROM :me UNION "
OWN: Mapping[str, str] = {
    "action_id": _OTHERS.format("action") + _ACTIONS.format(whose="a.member_id = :me"),
    "donation_id": _OTHERS.format("donation") + "SELECT id FROM donation WHERE member_id = :me",
    "entry_id": _OTHERS.format("entry")
    + "SELECT max(id) FROM entry WHERE member_id = :me GROUP BY kind",
    "redemption_id": _OTHERS.format("redemption")
    + "SELECT id FROM redemption WHERE member_id = :me",
}
# What belongs together: a poster of its place, a role of its holder.
TOGETHER: Mapping[frozenset[str], str] = {
    frozenset({"board", "subject"}): """
        SELECT 'departments' AS board, id AS subject FROM department UNION
        SELECT 'institutions', id FROM institution UNION
        SELECT 'districts', id FROM district UNION
        VALUES ('no-such-board', 1)""",
    frozenset({"place_id", "batch_id"}): "SELECT place_id, id AS batch_id FROM print_batch",
    frozenset({"institution_id", "invitation_id"}): """
        SELECT institution_id, id AS invitation_id FROM invitation""",
    frozenset({"member_id", "session_id"}): """
        SELECT member_id, max(id) AS session_id FROM access_token GROUP BY member_id""",
}
# `code` means another thing on each route; what is no argument goes behind the question mark.
OF_ENDPOINT: Mapping[str, str] = {
    "client.client_file": "SELECT 'index.html' AS name UNION VALUES ('no-such-file.js')",
    "login.confirm": "SELECT 'no-such-code' AS code",
    "login.welcome": "SELECT 'no-such-code' AS code UNION SELECT 'an-open-invitation'",
    "login.confirm_link": "SELECT 'no-such-code' AS code",
    "ledger_proofs.prove_consistency": """
        SELECT max(size) AS size, min(size) AS from FROM checkpoint HAVING count(*) > 0""",
    "places.read_place": "SELECT code FROM place UNION VALUES ('R9999999')",
    "posters.show": """
        SELECT p.code, coalesce(b.key, 'NOSUCHKEY0') AS k
          FROM place p LEFT JOIN print_batch b ON b.place_id = p.id""",
}
# What stands behind the question mark, where a page shows different things for it.
QUERIES: Mapping[str, tuple[str, ...]] = {
    "drop_offs.newest": ("after=0",),
    "giving.look_up": ("", "number=NO-SUCH"),
    "places.list_places": ("", "near=30.2459,120.2108"),
    "posters.sheets": ("place=1", "place=1&place=2&place=3"),
    "register.listing": ("", "year=2025"),
    "register.yearly_report": ("", "year=2025", "year=2025&by=institution", "by=type"),
    "register.doubts": ("", "year=2025"),
    "roles.choose": ("", "role=attendant", "role=department_manager"),
    "roles.choose_invitation": ("", "role=district_manager", "role=department_manager"),
    "rankings.board": ("", "board=institutions", "board=districts", "season=2026Q1"),
    "rankings.why": ("", *(f"board={board}&subject=1" for board in Board)),
    "boards.show": ("", "board=institutions", "board=districts"),
    "rankings.read_board": ("board=departments", "board=members", "board=districts"),
}


def arguments_of(
    db: Connection, rule: Rule, *, me: int | None, own: bool
) -> Iterator[dict[str, object]]:
    """The arguments to call a route with, one set for each state of its objects.

    Args:
        db: a connection to the world.
        rule: the route.
        me: the member who will call it.
        own: what has an owner is shown to the owner alone.

    Raises:
        LookupError: nobody has said how to find them.
    """
    names = frozenset(rule.arguments)
    if not names:
        yield {}
    elif found := OF_ENDPOINT.get(rule.endpoint) or TOGETHER.get(names):
        for row in db.execute(text(found)).mappings():
            yield dict(row)
    else:
        known = {**SINGLE, **OWN} if own else SINGLE
        if missing := names - known.keys():
            told = f"{rule}: say in tests/scenes/objects.py what {sorted(missing)} can be"
            raise LookupError(told)
        yield from _of_each(db, {name: known[name] for name in sorted(names)}, me)


def _of_each(
    db: Connection, statements: Mapping[str, str], me: int | None
) -> Iterator[dict[str, object]]:
    """Each value of the first argument with the values of the others in turn."""
    names = list(statements)
    columns = [
        [value for value in db.scalars(text(statements[name]), {"me": me}) if value]
        for name in names
    ]
    for number in range(max(len(column) for column in columns)):
        if all(columns):
            yield {
                name: column[number % len(column)]
                for name, column in zip(names, columns, strict=True)
            }
