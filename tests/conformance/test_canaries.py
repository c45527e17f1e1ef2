"""Every invariant has implementations that break it on purpose, and the checks find each out.

A canary that no check notices fails the build: then the check is what is broken.
"""

import pytest
from sqlalchemy import Connection, text

from backend.verification.service import CHECKS
from tests.conformance import works
from tests.conformance.book import Book
from tests.conformance.canaries import CANARIES
from tests.conformance.canary import Canary, Work


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_a_canary_does_not_survive(
    canary: Canary, book: Book, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for statement in canary.statements:
        owner.exec_driver_sql(statement)
    if canary.function:
        _change(owner, canary.function, canary.changes)
    owner.commit()
    if canary.undone:
        monkeypatch.setattr(canary.undone, lambda *_, **__: None)
    canary.work(book)
    book.follow_up()
    found = book.found_by({canary.check})
    assert canary.invariant in {finding.invariant for finding in found}


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
REFUSED = {
    works.the_same_reference,
    works.the_same_evidence,
    works.the_same_reference_in_batches,
    works.the_same_evidence_in_batches,
    works.end_ahead,
    works.end_early,
}
# These begin with points that come out of no assessment: their own checks alone are asked.
SPENDING = {
    works.bonus,
    works.redeem_part,
    works.redeem_across_lots,
    works.redeem_ended,
    works.redeem_then_report,
    works.settle_twice,
    works.hand_out,
}
OTHERS = {canary.work for canary in CANARIES} - REFUSED - SPENDING


@pytest.mark.parametrize("together", [OTHERS, SPENDING], ids=["acts", "points"])
def test_the_same_work_done_well_is_not_found_fault_with(book: Book, together: set[Work]) -> None:
    for work in sorted(together, key=lambda each: each.__name__):
        work(book)
    book.follow_up()
    asked = {canary.check for canary in CANARIES if canary.work in together}
    assert book.found_by(asked) == []


def test_every_check_has_a_canary_for_each_invariant_it_speaks_of() -> None:
    spoken = {(check.name, invariant) for check in CHECKS for invariant in check.invariants}
    assert {(canary.check, canary.invariant) for canary in CANARIES} == spoken


def test_every_canary_has_a_name_of_its_own() -> None:
    assert len({canary.name for canary in CANARIES}) == len(CANARIES)
