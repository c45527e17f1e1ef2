"""What is done with a book, well kept or broken."""

from datetime import date, timedelta

from sqlalchemy import Connection, text

from backend.clock import business_day
from backend.corrections import reviews
from backend.corrections.reviews import Decision
from backend.donations import service as donations
from backend.donations.service import GiftOrder
from backend.ledger import amendments, budgets, conservation, spending
from backend.ledger.policy import expires_month
from backend.ledger.service import post_award
from backend.offers.policy import Person
from backend.organisations.queries import Scope
from backend.rankings import closing
from backend.rankings import service as boards
from backend.rankings.jobs import rebuild
from backend.rankings.policy import Board, season_of
from backend.rewards import service
from backend.rewards.service import Order
from tests.backend.ledger.test_budgets import an_award
from tests.builders.points import earn
from tests.builders.rewards import a_cause, a_reward
from tests.conformance.book import Book

TODAY = date(2026, 11, 18)
LONG_AGO = date(2025, 6, 2)


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


def in_batches(book: Book) -> None:
    """Two backlogs: the second meets counters and balances that the first wrote."""
    book.backlog((6, 30), (7, 30), (6, 20))
    book.backlog((6, 10))


def the_same_reference_in_batches(book: Book) -> None:
    """Two contents under one reference, in two backlogs."""
    book.backlog((6, 30), reference="one-reference")
    book.backlog((6, 20), reference="one-reference")


def the_same_evidence_in_batches(book: Book) -> None:
    """One scan under two references, in two backlogs."""
    book.backlog((6, 30))
    book.backlog((6, 30))


def reverse(book: Book) -> None:
    """Takes an award back."""
    _reverse(book, book.drop_off(1, minutes_ago=30))


def reverse_the_first(book: Book) -> None:
    """Takes back the first of three awards; the others move up under the caps of the day."""
    first, *_ = [book.drop_off(9, minutes_ago=40 - n, mass="30") for n in range(3)]
    _reverse(book, first)


def _reverse(book: Book, action: int) -> None:
    decision = Decision(
        action_id=action,
        scope=Scope(everything=True),
        actor_id=book.scene.members[0],
        reason="误记",
        at=book.backend.clock.now(),
    )
    with book.backend.engine.begin() as db:
        reviews.reverse(db, book.backend.rulebook, decision)


def reverse_twice(book: Book) -> None:
    """Takes an award back, and again."""
    action = book.drop_off(8, minutes_ago=30)
    _reverse(book, action)
    with book.backend.engine.begin() as db:
        amendments.reverse_action(db, action_id=action, actor_id=None, reason="误记", on=TODAY)


def hold(book: Book) -> None:
    """An award that waits for its review."""
    book.drop_off(10, minutes_ago=30, mass="40")


def post_held(book: Book) -> None:
    """An award that passes its review."""
    _post(book, book.drop_off(11, minutes_ago=30, mass="40"))


def post_held_twice(book: Book) -> None:
    """An award that passes its review, and again."""
    action = book.drop_off(12, minutes_ago=30, mass="40")
    _post(book, action)
    _post(book, action)


def _post(book: Book, action: int) -> None:
    now = book.backend.clock.now()
    with book.backend.engine.begin() as db:
        amendments.resolve_hold(
            db,
            action_id=action,
            outcome="posted",
            actor_id=book.scene.members[0],
            reason="已核实",
            at=now,
            expires_month=expires_month(business_day(now)),
        )


def bonus(book: Book) -> None:
    """Awards with a bonus; the second is more than its slot of the budget holds."""
    member = book.scene.members[12]
    with book.backend.engine.begin() as db:
        budgets.fund_campaign(db, campaign_id=7, points_mpt=1_600, on=TODAY, actor_id=None)
        for amount in (60, 900):
            award = an_award(member, bonus_mpt=amount, campaign_id=7)
            post_award(db, award._replace(context='{"used": {}}'))


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


def redeem_ended(book: Book) -> None:
    """Redeems while points of a month that is over still lie there."""
    member = book.scene.members[6]
    with book.backend.engine.begin() as db:
        earn(db, member, points_mpt=5_000, on=LONG_AGO)
        earn(db, member, points_mpt=5_000, on=TODAY)
        _redeem(db, member, "ended", 3_000)


def end_early(book: Book) -> None:
    """Ends points in the month they were earned in."""
    member = book.scene.members[7]
    with book.backend.engine.begin() as db:
        earn(db, member, points_mpt=5_000, on=TODAY)
        spending.expire(db, month=expires_month(TODAY), after=0, limit=100, on=TODAY)


def end_ahead(book: Book) -> None:
    """Ends points on a day that only this process takes for today."""
    member, today = book.scene.members[7], business_day(book.backend.clock.now())
    with book.backend.engine.begin() as db:
        earn(db, member, points_mpt=5_000, on=today)
        month, after = expires_month(today), today + timedelta(days=430)
        spending.expire(db, month=month, after=0, limit=100, on=after)


def redeem_then_report(book: Book) -> None:
    """Redeems, and keeps the report of that instant."""
    member = book.scene.members[8]
    with book.backend.engine.begin() as db:
        earn(db, member, points_mpt=5_000, on=TODAY)
        _redeem(db, member, "reported", 3_000)
        _keep_report(db)


def hand_out(book: Book) -> None:
    """Hands a reward out."""
    member = book.scene.members[9]
    with book.backend.engine.begin() as db:
        earn(db, member, points_mpt=5_000, on=TODAY)
        made = _redeem(db, member, "handed", 3_000)
        spending.fulfil(db, redemption_id=made, reward="1", on=TODAY, actor_id=1)


def take_reward(book: Book) -> None:
    """Redeems a piece of a reward that is in stock."""
    member, now = book.scene.members[4], book.backend.clock.now()
    person = Person(member, book.scene.institution_id)
    book.drop_off(4, minutes_ago=30)
    with book.backend.engine.begin() as db:
        reward = a_reward(db, book.scene.institution_id, now, points_mpt=1_000)
        service.redeem(db, person, Order("a-reward", reward, 1), now=now)


def donate(book: Book) -> None:
    """Gives points to a cause, for a certificate."""
    member, now = book.scene.members[5], book.backend.clock.now()
    book.drop_off(5, minutes_ago=40)
    with book.backend.engine.begin() as db:
        cause = a_cause(db, book.scene.institution_id, now)
        donations.donate(
            db, member_id=member, order=GiftOrder("a-gift", cause, "mpt", 1_000), now=now
        )


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
        _keep_report(db)
    book.drop_off(4, minutes_ago=10)


def _keep_report(db: Connection) -> None:
    now = db.execute(text("SELECT clock_timestamp()")).scalar_one()
    conservation.keep(db, conservation.report(db, at=now))


def awards_into_the_tree(book: Book) -> None:
    """Awards, and the builder after them."""
    book.drop_off(5, minutes_ago=30)
    book.drop_off(5, minutes_ago=20)
    book.grow_tree()


def trees_twice(book: Book) -> None:
    """The builder, when it has read everything."""
    book.grow_tree()


def boards_then_award(book: Book) -> None:
    """Publishes the boards; awards go on."""
    now = book.backend.clock.now()
    with book.backend.engine.begin() as db:
        for board in Board:
            season = season_of(business_day(now))
            boards.publish(db, book.backend.redis, board=board, season=season)
    book.drop_off(13, minutes_ago=10)


def season_closed_then_award(book: Book) -> None:
    """Closes the season; awards that were offline come."""
    with book.backend.engine.begin() as db:
        rebuild(db)
        closing.close_due(db, now=book.backend.clock.now() + timedelta(days=70))
    book.drop_off(11, minutes_ago=10)


def seal(book: Book) -> None:
    """Closes the month."""
    book.seal_months()


def nothing(_book: Book) -> None:
    """What is broken shows without any work."""
