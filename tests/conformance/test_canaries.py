"""Every invariant has implementations that break it on purpose, and the checks find each out.

A canary that no check notices fails the build: then the check is what is broken.
"""

import pytest
from sqlalchemy import Connection, text

from backend.verification.service import CHECKS
from tests.conformance.canaries import CANARIES, Canary
from tests.conformance.conftest import Book
from tests.conformance.works import (
    redeem_across_lots,
    redeem_part,
    settle_twice,
    the_same_evidence,
    the_same_reference,
)


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_a_canary_does_not_survive(canary: Canary, book: Book, owner: Connection) -> None:
    for statement in canary.statements:
        owner.exec_driver_sql(statement)
    if canary.function:
        _change(owner, canary.function, canary.changes)
    owner.commit()
    canary.work(book)
    book.follow_up()
    (result,) = (each for each in book.verified().results if each.check.name == canary.check)
    assert canary.invariant in {finding.invariant for finding in result.findings}


def _change(owner: Connection, function: str, changes: tuple[tuple[str, str], ...]) -> None:
    """Replaces text in a function's body, wherever it stands there."""
    source: str = owner.execute(
        text("SELECT pg_get_functiondef(oid) FROM pg_proc WHERE proname = :name"),
        {"name": function},
    ).scalar_one()
    head, mark, body = source.partition("AS $function$")
    for old, new in changes:
        assert old in body, f"{function} has no {old!r} any more: change the canary with it"
        body = body.replace(old, new)
    owner.exec_driver_sql(head + mark + body, execution_options={"no_parameters": True})


# Refused where nothing is broken.
REFUSED = {the_same_reference, the_same_evidence}
# These begin with points that come out of no assessment: their own checks alone are asked.
SPENDING = {redeem_part, redeem_across_lots, settle_twice}


def test_the_same_work_done_well_is_not_found_fault_with(book: Book) -> None:
    works = {canary.work for canary in CANARIES} - REFUSED
    for together in (works - SPENDING, SPENDING):
        for work in sorted(together, key=lambda each: each.__name__):
            work(book)
        book.follow_up()
        asked = {canary.check for canary in CANARIES if canary.work in together}
        found = [
            finding
            for result in book.verified().results
            if result.check.name in asked
            for finding in result.findings
        ]
        assert found == []


def test_every_invariant_that_is_checked_has_a_canary() -> None:
    checked = {invariant for check in CHECKS for invariant in check.invariants}
    assert {canary.invariant for canary in CANARIES} == checked


def test_every_canary_names_a_check() -> None:
    checks = {check.name: check for check in CHECKS}
    for canary in CANARIES:
        assert canary.invariant in checks[canary.check].invariants
