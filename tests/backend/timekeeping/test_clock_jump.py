"""A clock that jumps changes nothing that cannot be undone, and an operator lets work go on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from admin.app import create_app as create_console
from backend import schedule, worker
from backend.bootstrap import Backend
from backend.cli import main
from backend.clock import FixedClock, SystemClock, business_day
from backend.ledger.policy import expires_month, month_end
from backend.offers.policy import Person
from backend.outbox import service as outbox
from backend.ports.signed_notes import Signer
from backend.rewards import service as rewards
from backend.rewards.service import Order
from backend.timekeeping import service
from backend.timekeeping.policy import HoldReason
from backend.timekeeping.queries import JobsHold, clock_state
from miniprogram_api.app import create_app as create_api
from tests.builders.drop_offs import drop
from tests.builders.points import earn
from tests.builders.rewards import a_draw, a_reward
from tests.builders.scene import a_scene

JUMP = timedelta(days=400)
# What time alone does to a book, and what nobody can take back.
_IRREVERSIBLE = {
    "expiries": "SELECT count(*) FROM entry WHERE kind = 'expiry'",
    "notices": "SELECT count(*) FROM expiry_notice",
    "reports": "SELECT count(*) FROM conservation_line",
    "sealed": "SELECT count(*) FROM sealed_month",
    "redemptions": "SELECT string_agg(state, ',' ORDER BY id) FROM redemption",
    "draws": "SELECT string_agg(state, ',' ORDER BY id) FROM prize_draw",
    "held awards": "SELECT count(*) FROM held_award LEFT JOIN hold_resolution USING (action_id)"
    " WHERE outcome IS NULL",
    "points": "SELECT sum(amount) FROM balance WHERE kind = 'member_points'",
}


@dataclass(frozen=True, slots=True)
class Town:
    """A backend whose clock can jump, with something in it for every irreversible job."""

    backend: Backend
    clock: FixedClock

    def live(self, seconds: int) -> None:
        """Ticks every second and delivers whatever is put, as relay and workers do."""
        for _ in range(seconds):
            worker.run_once(self.backend)
            self.deliver()
            self.clock.instant += timedelta(seconds=1)

    def deliver(self) -> None:
        """Hands every waiting message to its handler once."""
        with self.backend.engine.begin() as db:
            db.execute(text("UPDATE outbox SET available_at = now() WHERE done_at IS NULL"))
            due = outbox.hand_out(db, limit=1_000)
        for message in due:
            worker.perform(message.kind, [message.id])

    def irreversible(self) -> dict[str, Any]:
        with self.backend.engine.connect() as db:
            return {name: db.scalar(text(question)) for name, question in _IRREVERSIBLE.items()}

    def hold(self) -> JobsHold | None:
        with self.backend.engine.connect() as db:
            return clock_state(db, now=self.clock.now()).hold

    def next_runs(self) -> set[timedelta]:
        with self.backend.engine.connect() as db:
            due = db.scalars(text("SELECT due_at FROM periodic_run"))
            return {at - self.clock.now() for at in due}


def _earned_on(clock: FixedClock) -> date:
    return business_day(clock.now()) - timedelta(days=40)


@pytest.fixture
def town(backend: Backend, clock: FixedClock) -> Town:
    now = clock.instant = SystemClock().now()
    backend = replace(backend, signer=Signer.generate("tanpuhui.test/ledger"))
    with backend.engine.begin() as db:
        scene = a_scene(db, now)
        dropping, *others = scene.members
        for member in others:
            earn(db, member, points_mpt=20_000, on=_earned_on(clock))
        order = Order("reference-1", a_reward(db, scene.institution_id, now), 1)
        person = Person(others[0], scene.institution_id)
        rewards.redeem(db, person, order, now=now)
        a_draw(db, backend.keys, scene.institution_id, now)
        drop(
            db,
            rulebook=backend.rulebook,
            keys=backend.keys,
            member_id=dropping,
            code=scene.attended.url,
            now=now,
            mass="40",
        )
    worker.serve(backend)
    return Town(backend, clock)


def test_a_clock_400_days_ahead_for_90_seconds_changes_nothing(town: Town) -> None:
    town.live(20)
    before = town.irreversible()
    assert before["held awards"] == 1
    assert before["redemptions"] == "pending"
    town.clock.instant += JUMP
    town.live(90)
    town.clock.instant -= JUMP
    town.live(2)
    assert town.irreversible() == before
    assert all(ahead <= timedelta(days=1) for ahead in town.next_runs())


def test_without_the_watch_the_jump_would_change_all_of_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The story above can fail: the town holds something for each of these jobs."""
    monkeypatch.setattr(service, "watch", lambda *_, **__: None)
    town.live(20)
    before = town.irreversible()
    start, last = town.clock.instant, month_end(expires_month(_earned_on(town.clock)))
    town.clock.instant += last - business_day(start) - timedelta(days=3)  # of notices
    town.live(5)
    town.clock.instant = start + JUMP
    town.live(5)
    after = town.irreversible()
    assert [name for name in before if after[name] == before[name]] == []


def test_a_worker_whose_own_clock_jumped_holds_what_a_good_tick_has_put(town: Town) -> None:
    town.live(1)
    before = town.irreversible()
    with town.backend.engine.begin() as db:
        for name, job in schedule.PERIODIC.items():
            if job.irreversible:
                outbox.put(db, kind=name, payload={})
    town.clock.instant += JUMP
    town.deliver()
    assert town.irreversible() == before
    hold = town.hold()
    assert hold is not None
    assert hold.reason is HoldReason.CLOCKS_DIFFER
    with town.backend.engine.connect() as db:
        waiting = db.scalar(text("SELECT count(*) FROM outbox WHERE done_at IS NULL"))
    assert waiting >= sum(job.irreversible for job in schedule.PERIODIC.values())


@pytest.mark.parametrize("days", [2, -2])
def test_time_that_passed_unseen_holds_until_an_operator_confirms(town: Town, days: int) -> None:
    town.live(1)
    with town.backend.engine.begin() as db:  # the clocks of both, since the last tick
        db.execute(
            text(
                "UPDATE clock_watch SET"
                " application_at = application_at - make_interval(days => :d),"
                " database_at = database_at - make_interval(days => :d)"
            ),
            {"d": days},
        )
    town.live(1)
    hold = town.hold()
    assert hold is not None
    assert hold.reason is HoldReason.GAP
    told = CliRunner().invoke(main, ["clock"])
    assert (told.exit_code, hold.sentence in told.output) == (1, True)
    confirmed = CliRunner().invoke(main, ["clock", "confirm"])
    assert confirmed.exit_code == 0
    assert town.hold() is None
    town.live(1)
    assert town.hold() is None
    assert CliRunner().invoke(main, ["clock", "--json"]).exit_code == 0
    again = CliRunner().invoke(main, ["clock", "confirm"])
    assert (again.exit_code, "nothing_held" in again.output) == (2, True)
    with town.backend.engine.connect() as db:
        tags = db.scalars(text("SELECT tag FROM audit_event WHERE tag LIKE 'timekeeping:%'")).all()
    assert tags == ["timekeeping:clock_watch:confirm"]


def test_a_hold_is_not_confirmed_while_the_clocks_are_apart(town: Town) -> None:
    town.clock.instant += JUMP
    town.live(1)
    with (
        pytest.raises(service.ClocksDifferError, match="校准"),
        town.backend.engine.begin() as db,
    ):
        service.confirm(db, now=town.clock.now())
    assert town.hold() is not None


def test_confirmed_work_is_done(town: Town) -> None:
    with town.backend.engine.begin() as db:
        db.execute(
            text("INSERT INTO clock_watch (application_at, database_at) VALUES (:at, :at)"),
            {"at": town.clock.now() - timedelta(days=3)},
        )
        earn(db, 1, points_mpt=5_000, on=business_day(town.clock.now()) - timedelta(days=430))
        outbox.put(db, kind="ledger.expire", payload={})
    town.deliver()
    town.deliver()
    assert town.irreversible()["expiries"] == 0
    with town.backend.engine.begin() as db:
        service.confirm(db, now=town.clock.now())
    town.deliver()
    town.deliver()
    assert town.irreversible()["expiries"] == 1


@pytest.mark.parametrize("create_app", [create_api, create_console])
def test_readiness_and_metrics_tell(town: Town, create_app: Callable[[Backend], Any]) -> None:
    client = create_app(town.backend).test_client()
    town.live(1)
    assert client.get("/readyz").json["checks"]["jobs"] == {"ok": True}
    town.clock.instant += JUMP
    town.live(1)
    apart = client.get("/readyz")
    assert apart.status_code == 503
    assert "时钟" in apart.text
    town.clock.instant -= JUMP
    back = client.get("/readyz")
    assert (back.status_code, back.json["checks"]["jobs"]["ok"]) == (200, False)
    assert "tanpuhui clock confirm" in back.json["checks"]["jobs"]["detail"]
    assert "tanpuhui_irreversible_jobs_held 1.0" in client.get("/metrics").text


def test_sealing_by_hand_waits_too(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    town.clock.instant += JUMP
    town.live(1)
    monkeypatch.setattr("backend.cli.ledger_proofs.build", lambda _settings: town.backend)
    refused = CliRunner().invoke(main, ["ledger", "seal"])
    assert (refused.exit_code, "jobs_held" in refused.output) == (2, True)
