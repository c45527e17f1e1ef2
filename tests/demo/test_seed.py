"""The demo city holds what its scale promises, and every invariant of the real system."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, func, select, text

from backend.actions.evidence import place_kind_of
from backend.actions.models import Action
from backend.actions.receipts import receipt_of
from backend.bootstrap import Backend
from backend.clock import business_day
from backend.demo import offers, processes
from backend.demo.deeds import KINDS
from backend.demo.loading import LoadingSpan, Part
from backend.demo.part_process import READY, arguments
from backend.demo.processes import PartFailedError
from backend.demo.scale import SCALES
from backend.demo.seed import CityNotEmptyError, is_empty, seed
from backend.donations.checks import _DONATIONS
from backend.footprint.models import FootprintAnswers
from backend.footprint.service import footprint_of
from backend.ledger import conservation
from backend.ledger.queries import drifting_balances
from backend.organisations.models import Department, District, Institution, InstitutionYear
from backend.organisations.queries import Scope
from backend.outbox import service as outbox
from backend.outbox.queries import backlog
from backend.people.models import Member, Membership, Role, RoleGrant
from backend.places.models import Place, PlaceKind, PlaceState, PrintBatch
from backend.places.policy import ALWAYS_OPEN, is_open
from backend.places.queries import places_in
from backend.rankings import jobs as rankings
from backend.rankings.jobs import differences
from backend.rankings.policy import Board, season_of
from backend.rankings.queries import groups
from backend.rankings.service import published
from backend.rewards.checks import _REDEMPTIONS, _STOCK
from tests.conftest import PATIENCE_SECONDS

TINY = SCALES["tiny"]


def count(db: Connection, table: type) -> int:
    return db.execute(select(func.count()).select_from(table)).scalar_one()


def test_the_city_has_the_size_of_its_scale(tiny: Backend) -> None:
    with tiny.engine.connect() as db:
        assert count(db, District) == TINY.districts + 1
        assert count(db, Institution) == TINY.institutions
        assert count(db, Department) == TINY.departments
        assert count(db, Member) == TINY.members
        assert count(db, Membership) == TINY.members - TINY.citizens
        assert count(db, Place) == TINY.points + 2 * TINY.institutions
        assert count(db, InstitutionYear) == 3 * TINY.institutions
        assert not is_empty(db)


def test_somebody_holds_every_role(tiny: Backend) -> None:
    with tiny.engine.connect() as db:
        assert set(db.scalars(select(RoleGrant.role))) == {role.value for role in Role}


def test_points_can_be_shown_in_every_state(tiny: Backend) -> None:
    with tiny.engine.connect() as db:
        everywhere = places_in(db, scope=Scope(everything=True), limit=100)
        revoked = db.scalars(select(PrintBatch.id).where(PrintBatch.revoked_at.is_not(None)))
        assert len(revoked.all()) == 1
    places = [place for place in everywhere if place.kind is PlaceKind.RECYCLING_POINT]
    assert any(place.hours == ALWAYS_OPEN for place in places)
    assert [place.state for place in places].count(PlaceState.PAUSED) == 1


def test_members_use_their_points(tiny: Backend) -> None:
    with tiny.engine.connect() as db:
        states = {row[0] for row in db.execute(text("SELECT DISTINCT state FROM redemption"))}
        units = {row[0] for row in db.execute(text("SELECT DISTINCT unit FROM donation"))}
        drawn = db.execute(text("SELECT state, commitment, seed FROM prize_draw ORDER BY id")).all()
        entered = db.scalar(text("SELECT count(*) FROM draw_entry"))
        statements = (_STOCK, _REDEMPTIONS, _DONATIONS)
        wrong = [found for each in statements if (found := db.execute(text(each)).first())]
        report = conservation.report(db, at=datetime.now(UTC))
    assert states == {"pending", "fulfilled", "cancelled"}
    assert units == {"mg", "mpt"}
    assert [row.state for row in drawn] == ["drawn", "open"]
    assert entered
    assert wrong == []
    assert report.holds


def test_members_do_more_than_drop_things_off(tiny: Backend) -> None:
    with tiny.engine.connect() as db:
        counted = db.execute(select(Action.kind, func.count()).group_by(Action.kind))
        done = {kind: times for kind, times in counted}  # noqa: C416 -- rows, not pairs, to the checker
    assert set(done) <= {"recycling.drop_off", *KINDS}
    assert len(done) >= 5
    assert done["recycling.drop_off"] > sum(done.values()) / 3


def test_a_member_can_compare_their_footprint_with_their_institution(tiny: Backend) -> None:
    now = tiny.clock.now()
    with tiny.engine.connect() as db:
        member_id, institution_id = db.execute(
            select(FootprintAnswers.member_id, Membership.institution_id)
            .join(Membership, Membership.member_id == FootprintAnswers.member_id)
            .limit(1)
        ).one()
        found = footprint_of(
            db,
            tiny.rulebook,
            tiny.questionnaires,
            member_id=member_id,
            institution_id=institution_id,
            now=now,
        )
    assert found.comparison is not None
    assert found.comparison.people == 8


def test_actions_keep_to_hours_history_and_the_present(tiny: Backend) -> None:
    now = tiny.clock.now()
    with tiny.engine.connect() as db:
        everywhere = places_in(db, scope=Scope(everything=True), limit=100)
        actions = db.execute(
            select(
                Action.kind,
                Action.place_id,
                Action.occurred_at,
                Action.received_at,
                Action.occurred_on,
            )
        ).all()
    places = {place.id: place for place in everywhere}
    assert len(actions) > 20
    for kind, place_id, occurred_at, received_at, day in actions:
        if place_id is not None:
            assert is_open(places[place_id].hours, occurred_at)
            assert places[place_id].kind is place_kind_of(kind)
        else:
            assert kind != "recycling.drop_off"
        assert occurred_at <= received_at <= now
        assert 0 <= (business_day(now) - day).days <= TINY.days


def test_balances_and_roll_ups_are_what_the_ledger_says(tiny: Backend) -> None:
    with tiny.engine.connect() as db:
        assert not drifting_balances(db)
        assert not differences(db)
        held, gone, earned, granted = db.execute(
            text("""
                SELECT (SELECT sum(amount) FROM balance WHERE unit = 'mpt'),
                       (SELECT sum(amount) FROM transfer WHERE unit = 'mpt' AND credit < 0),
                       (SELECT sum(points_mpt) FROM action),
                       (SELECT sum(t.amount) FROM transfer t
                          JOIN account a ON a.id = t.debit AND a.kind = 'budget_source')
            """)
        ).one()
    assert held + gone == earned + granted
    assert earned > gone > 0


def test_every_award_replays(tiny: Backend) -> None:
    with tiny.engine.connect() as db:
        for action_id, member_id in db.execute(select(Action.id, Action.member_id)).all():
            receipt_of(db, tiny.rulebook, member_id=member_id, action_id=action_id)


def test_nothing_is_left_for_the_relay(tiny: Backend) -> None:
    with tiny.engine.connect() as db:
        assert backlog(db).waiting == 0


def test_the_boards_of_the_season_are_published(
    empty_backends: Callable[[str], Backend],
) -> None:
    backend = empty_backends("demo_boards")
    seed(backend, scale="tiny", report=lambda _line: None)
    season = season_of(business_day(backend.clock.now()))
    board = published(backend.redis, board=Board.DEPARTMENTS, season=season)
    with backend.engine.connect() as db:
        assert board == groups(db, board=Board.DEPARTMENTS, season=season)
    assert any(group.points_mpt for group in board or ())


def test_the_running_system_waits_for_nothing_while_offers_are_entered(
    empty_backends: Callable[[str], Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that rolls up, and the relay, get their locks at once: the load has let go of them."""
    backend = empty_backends("demo_beside_jobs")
    entered = []

    def offer_beside_a_job(_db: Connection, _backend: Backend, *, now: datetime) -> None:
        with backend.engine.begin() as job:
            job.execute(text("SET LOCAL lock_timeout = 100"))
            rankings.roll_up(job, [])
            job.execute(text("UPDATE outbox SET attempts = attempts"))
        entered.append(now)

    monkeypatch.setattr(offers, "offer", offer_beside_a_job)
    seed(backend, scale="tiny", report=lambda _line: None, processes=2)
    assert entered


def test_what_a_job_has_taken_is_left_to_it(tiny: Backend) -> None:
    with tiny.engine.connect() as job, tiny.engine.connect() as bulk:
        outbox.put(job, kind="award.posted", payload={"action_id": 1})
        job.commit()
        taken = outbox.take_waiting(job, kind="award.posted", limit=1)
        assert len(taken) == 1
        assert outbox.take_waiting(bulk, kind="award.posted", limit=1) == []
        job.commit()


_HISTORY = text("""
SELECT i.credit_code, m.display_name, a.occurred_at, a.received_at, a.tier, a.channel,
       a.kind, a.facts::text, a.reduction_mg, a.points_mpt
  FROM action a JOIN member m ON m.id = a.member_id
  LEFT JOIN institution i ON i.id = a.institution_id
 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
""")


def history_digest(backend: Backend) -> str:
    with backend.engine.connect() as db:
        rows = [tuple(row) for row in db.execute(_HISTORY)]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_two_processes_build_the_city_that_one_builds(
    tiny: Backend, empty_backends: Callable[[str], Backend], lines: list[str]
) -> None:
    other = empty_backends("demo_two_processes")
    seed(other, scale="tiny", report=lines.append, processes=2)
    assert history_digest(other) == history_digest(tiny)
    with other.engine.connect() as db:
        assert not drifting_balances(db)
        assert not differences(db)
        assert backlog(db).waiting == 0
    assert "已就绪" in lines[-1]


def test_a_part_that_fails_leaves_nothing_behind(
    empty_backends: Callable[[str], Backend], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = empty_backends("demo_failing")

    def second_is_told_nonsense(part: Part, span: LoadingSpan) -> tuple[str, ...]:
        told = arguments(part, span)
        return told if part.number == 0 else ("no_such_scale", *told[1:])

    monkeypatch.setattr(processes, "arguments", second_is_told_nonsense)
    with pytest.raises(PartFailedError):
        seed(backend, scale="tiny", report=lambda _line: None, processes=2)
    with backend.engine.connect() as db:
        assert is_empty(db)
    monkeypatch.undo()
    seed(backend, scale="tiny", report=lambda _line: None)
    with backend.engine.connect() as db:
        assert count(db, Member) == TINY.members


def test_a_part_whose_starter_is_gone_keeps_nothing(
    empty_backends: Callable[[str], Backend],
) -> None:
    backend = empty_backends("demo_orphan")
    now = backend.clock.now()
    part = processes._start(backend, Part(TINY, 0, 1), LoadingSpan(business_day(now), now))
    assert part.stdin is not None
    assert part.stdout is not None
    assert any(line.strip() == READY for line in part.stdout)
    part.stdin.close()
    assert part.wait(timeout=PATIENCE_SECONDS) == 1
    part.stdout.close()
    with backend.engine.connect() as db:
        assert is_empty(db)


def test_a_database_with_content_is_refused(tiny: Backend) -> None:
    with pytest.raises(CityNotEmptyError, match="已有数据"):
        seed(tiny, scale="tiny", report=lambda _line: None)


def test_a_city_of_parts_commits_on_the_way(
    empty_backends: Callable[[str], Backend], tiny: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = empty_backends("demo_in_parts")
    monkeypatch.setitem(SCALES, "tiny", replace(TINY, actions_per_commit=7))
    seed(backend, scale="tiny", report=lambda _line: None)
    assert history_digest(backend) == history_digest(tiny)


@pytest.mark.drill
def test_the_small_city_loads_within_twenty_seconds(
    empty_backends: Callable[[str], Backend],
) -> None:
    backend = empty_backends("demo_small")
    begun = time.monotonic()
    seed(backend, scale="small", report=lambda _line: None)
    took = time.monotonic() - begun
    with backend.engine.connect() as db:
        assert count(db, Member) == SCALES["small"].members
        assert 4_500 <= count(db, Action) <= 6_500
        active = db.execute(select(func.count(Action.member_id.distinct()))).scalar_one()
        assert 0.35 <= active / SCALES["small"].members <= 0.55
        assert not drifting_balances(db)
        assert not differences(db)
    assert took < 20
