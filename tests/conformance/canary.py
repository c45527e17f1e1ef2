"""What a broken implementation is made of."""

from collections.abc import Callable
from dataclasses import dataclass

from backend.invariants import Invariant
from tests.conformance.book import Book

Work = Callable[[Book], None]


@dataclass(frozen=True, slots=True)
class Canary:
    """A broken implementation: sabotage of the schema, of a function, and work done with it.

    Attributes:
        name: what is wrong with it.
        invariant: what it breaks.
        check: which check has to notice.
        work: what is done with it.
        statements: sabotage of the schema.
        function: which function of the database is changed.
        changes: pairs of text in it: what stands there, and what does instead.
        undone: a function of the program, by its dotted name, that does nothing.
    """

    name: str
    invariant: Invariant
    check: str
    work: Work
    statements: tuple[str, ...] = ()
    function: str = ""
    changes: tuple[tuple[str, str], ...] = ()
    undone: str = ""


_MEMBER_STATE = """CREATE FUNCTION ledger_member_state(bigint, text, bigint[], text[], date[])
    RETURNS TABLE (request_digest bytea, action_id bigint, cap_key text, reduction_ng bigint,
                   points_npt bigint, activity_nano bigint, count_nano bigint)
    LANGUAGE sql STABLE AS $$ {} $$"""
_SET_ASIDE = "ALTER FUNCTION ledger_member_state RENAME TO true_member_state"

FORGETFUL = (
    "ALTER TABLE idempotency DROP CONSTRAINT pk_idempotency",
    _SET_ASIDE,
    _MEMBER_STATE.format("SELECT * FROM true_member_state($1, '', $3, $4, $5)"),
)
"""No reference is found again."""

UNCOUNTED = (
    _SET_ASIDE,
    _MEMBER_STATE.format(
        "SELECT request_digest, action_id, cap_key, 0::bigint, 0::bigint, 0::bigint, 0::bigint"
        "  FROM true_member_state($1, $2, $3, $4, $5)"
    ),
)
"""Every counter is read as empty."""
