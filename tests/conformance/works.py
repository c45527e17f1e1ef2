"""What is done with a book, well kept or broken."""

from collections.abc import Callable
from datetime import date

from sqlalchemy import Connection, text

from backend.actions import reviews
from backend.actions.reviews import Decision
from backend.ledger import conservation, spending
from backend.organisations.queries import Scope
from tests.builders.points import earn
from tests.conformance.conftest import Book

TODAY = date(2026, 11, 18)
Work = Callable[[Book], None]


def two_awards(book: Book) -> None:
    """Two awards of one member in one day: the second meets counters and balances of the first."""
    book.drop_off(2, minutes_ago=30)
    book.drop_off(2, minutes_ago=20)


def another_award(book: Book) -> None:
    """An award of a member who has one."""
    book.drop_off(0, minutes_ago=10)


def the_same_reference(book: Book) -> None:
    """Two contents under one reference."""
    book.drop_off(2, minutes_ago=30, reference="one-reference")
    book.drop_off(2, minutes_ago=20, reference="one-reference")


def the_same_evidence(book: Book) -> None:
    """One scan under two references."""
    book.drop_off(2, minutes_ago=30)
    book.drop_off(2, minutes_ago=30)


def reverse(book: Book) -> None:
    """Takes an award back."""
    action = book.drop_off(1, minutes_ago=30)
    decision = Decision(
        action_id=action,
        scope=Scope(everything=True),
        actor_id=book.scene.members[0],
        reason="误记",
        at=book.backend.clock.now(),
    )
    with book.backend.engine.begin() as db:
        reviews.reverse(db, book.backend.rulebook, decision)


def redeem_part(book: Book) -> None:
    """Redeems part of points that end in two different months."""
    member = book.scene.members[3]
    with book.backend.engine.begin() as db:
        _earn_in_two_months(db, member)
        _redeem(db, member, "part", 3_000)


def redeem_across_lots(book: Book) -> None:
    """Redeems more than the oldest lot holds."""
    member = book.scene.members[4]
    with book.backend.engine.begin() as db:
        _earn_in_two_months(db, member)
        _redeem(db, member, "across", 8_000)


def settle_twice(book: Book) -> None:
    """Hands a reward out and gives its points back."""
    member = book.scene.members[5]
    with book.backend.engine.begin() as db:
        earn(db, member, points_mpt=9_000, on=TODAY)
        first = _redeem(db, member, "first", 3_000)
        _redeem(db, member, "second", 3_000)
        spending.fulfil(db, redemption_id=first, reward="1", on=TODAY, actor_id=1)
        spending.cancel(db, redemption_id=first, on=TODAY, actor_id=1, forgive=False)


def _earn_in_two_months(db: Connection, member: int) -> None:
    earn(db, member, points_mpt=5_000, on=date(2026, 3, 2))
    earn(db, member, points_mpt=5_000, on=TODAY)


def _redeem(db: Connection, member: int, reference: str, points_mpt: int) -> int:
    made = spending.redeem(
        db,
        member_id=member,
        reference=reference,
        digest=b"content",
        points_mpt=points_mpt,
        on=TODAY,
        actor_id=member,
    )
    assert made.entry_id is not None
    return made.entry_id


def report_then_award(book: Book) -> None:
    """Keeps the report of this instant; awards go on."""
    with book.backend.engine.begin() as db:
        now = db.execute(text("SELECT clock_timestamp()")).scalar_one()
        conservation.keep(db, conservation.report(db, at=now))
    book.drop_off(4, minutes_ago=10)


def awards_into_the_tree(book: Book) -> None:
    """Awards, and the builder after them."""
    book.drop_off(5, minutes_ago=30)
    book.drop_off(5, minutes_ago=20)
    book.grow_tree()


def seal(book: Book) -> None:
    """Closes the month."""
    book.seal_months()


def nothing(_book: Book) -> None:
    """What is broken shows without any work."""
