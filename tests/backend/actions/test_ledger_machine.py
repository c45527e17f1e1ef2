"""Awards, holds, verdicts, reversals, better evidence, gifts, batches, a correction: in any order.

After every step the whole book is sound, nobody is below nothing, no cap is passed, and each member
holds what their actions earn, less what they gave away, plus what the book had to bear.
"""

import contextlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, text

from backend.actions.claims import ClaimInput
from backend.actions.models import ActionStatus, HoldOutcome
from backend.actions.queries import RECORDED, Recorded, recorded_of
from backend.actions.refusals import EvidenceUsedError
from backend.actions.service import record_all
from backend.corrections import jobs, queries, service
from backend.corrections.models import RunState
from backend.corrections.reviews import AlreadyDecidedError, Decision, resolve, reverse, time_out
from backend.corrections.service import CorrectionDraft
from backend.ledger.queries import balance_of
from backend.ledger.spending import Gift, SpendingOutcome, donate
from backend.organisations.queries import Scope
from backend.places.models import Datum
from backend.places.policy import Position
from backend.ports.keys import KeyRing
from credit_rules import Rulebook, load_draft, load_rulebook
from tests.builders.books import assert_sound
from tests.builders.drafts import a_draft
from tests.builders.drop_offs import a_drop_off, a_reference, drop
from tests.builders.scene import LATITUDE, LONGITUDE, a_scene

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 18)
KIND = "recycling.drop_off"
KEYS = KeyRing("a secret of the tests, 32 characters")
RULEBOOK = load_rulebook()
MEMBERS = 3
CAP_MPT, CAP_MG = 30_000, 10_000_000

people = st.integers(0, MEMBERS - 1)
materials = st.sampled_from(("paper", "plastic", "glass", "aluminium", "battery"))
masses = st.sampled_from(("0.05", "1", "2.5", "12", "31", "50"))
minutes = st.integers(0, 30)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """The rulebook with a second version of drop-offs, in which plastic weighs half as much."""
    folder: Path = tmp_path_factory.mktemp("rules")
    files = a_draft(folder, KIND, ('plastic = "1.2"', 'plastic = "0.6"'), start=DAY.isoformat())
    return load_draft(files, RULEBOOK).rulebook


class Book(RuleBasedStateMachine):
    """The book of three members over one day; a subclass says on which connection."""

    db: Connection
    later: Rulebook

    def __init__(self) -> None:
        super().__init__()
        self.rulebook = RULEBOOK
        self.outer = self.db.begin_nested()
        self.scene = a_scene(self.db, NOW, members=MEMBERS + 2)
        self.judges = self.scene.members[MEMBERS:]
        self.given: Counter[int] = Counter()

    def teardown(self) -> None:
        self.outer.rollback()

    @rule(person=people, material=materials, mass=masses, ago=minutes)
    def drop_off(self, person: int, material: str, mass: str, ago: int) -> None:
        self._drop(person, material, mass, ago)

    @rule(person=people, ago=minutes)
    def drop_off_shown_better_later(self, person: int, ago: int) -> None:
        there = Position(LATITUDE, LONGITUDE, accuracy_m=10, datum=Datum.GCJ02)
        for position in (None, there, there):
            self._drop(person, "paper", "2", ago, position=position, located=True)

    @rule(said=st.lists(st.tuples(people, materials, masses, minutes), max_size=5))
    def backlog(self, said: list[tuple[int, str, str, int]]) -> None:
        requests = [self._request(*each) for each in said]
        results = record_all(self.db, self.rulebook, KEYS, requests, now=NOW)
        assert len(results) == len(said)

    @rule(data=st.data(), outcome=st.sampled_from((HoldOutcome.POSTED, HoldOutcome.VOIDED)))
    def decide(self, data: st.DataObject, outcome: HoldOutcome) -> None:
        self._on_any(data, lambda d: resolve(self.db, self.rulebook, d, outcome=outcome))

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        self._on_any(data, lambda d: reverse(self.db, self.rulebook, d))

    @rule()
    def nobody_decides(self) -> None:
        time_out(self.db, self.rulebook, now=NOW + timedelta(hours=72), limit=2)

    @rule(person=people, points=st.sampled_from((1_000, 9_999, 25_000)))
    def give_away(self, person: int, points: int) -> None:
        member = self.scene.members[person]
        spent = donate(
            self.db,
            member_id=member,
            reference=a_reference(),
            digest=b"x" * 32,
            gift=Gift("trees", "mpt", points),
            on=DAY,
            actor_id=None,
        )
        if spent.outcome is SpendingOutcome.POSTED:
            self.given[member] += points

    @precondition(lambda self: self.rulebook is RULEBOOK)
    @rule()
    def make_the_error_good(self) -> None:
        self.rulebook = self.later
        draft = CorrectionDraft(KIND, DAY, DAY, "塑料折算系数误用")
        first, second = self.judges
        run_id = service.open_run(self.db, self.later, draft, actor_id=first, now=NOW)
        self._work(run_id)
        for judge in (first, second):
            service.approve(self.db, run_id=run_id, actor_id=judge, now=NOW)
        service.start(self.db, self.later, run_id=run_id, actor_id=first, now=NOW)
        self._work(run_id)

    @invariant()
    def the_book_is_sound(self) -> None:
        assert_sound(self.db, self.later)

    @invariant()
    def members_hold_what_is_theirs(self) -> None:
        earned: Counter[int] = Counter()
        avoided: Counter[int] = Counter()
        for action in self._actions():
            if action.counts:
                earned[action.member_id] += action.points_mpt
                avoided[action.member_id] += action.reduction_mg
        for member in self.scene.members[:MEMBERS]:
            assert earned[member] <= CAP_MPT
            assert avoided[member] <= CAP_MG
            held = balance_of(self.db, member_id=member)
            assert held.reduction_mg == avoided[member]
            borne = self._written_off(member)
            assert held.points_mpt == earned[member] - self.given[member] + borne

    def _actions(self) -> list[Recorded]:
        return [recorded_of(row) for row in self.db.execute(RECORDED)]

    def _written_off(self, member: int) -> int:
        found: int = self.db.scalar(
            text("""
            SELECT coalesce(sum(t.amount), 0)::bigint FROM transfer t
              JOIN entry e ON e.id = t.entry_id AND e.member_id = :member
              JOIN account a ON a.id = t.debit AND a.kind = 'write_off'
            """),
            {"member": member},
        )
        return found

    def _work(self, run_id: int) -> None:
        while queries.run_of(self.db, run_id=run_id).state in {
            RunState.SIMULATING,
            RunState.RUNNING,
        }:
            jobs.step(self.db, self.later, run_id=run_id, now=NOW, members_at_once=2)

    def _request(self, person: int, material: str, mass: str, ago: int) -> ClaimInput:
        return a_drop_off(
            member_id=self.scene.members[person],
            occurred_at=NOW - timedelta(minutes=ago),
            code=self.scene.attended.url,
            material=material,
            mass=mass,
        )

    def _drop(
        self,
        person: int,
        material: str,
        mass: str,
        ago: int,
        *,
        position: Position | None = None,
        located: bool = False,
    ) -> None:
        point = self.scene.located if located else self.scene.attended
        with contextlib.suppress(EvidenceUsedError), self.db.begin_nested():
            drop(
                self.db,
                rulebook=self.rulebook,
                keys=KEYS,
                member_id=self.scene.members[person],
                code=point.url,
                now=NOW,
                occurred_at=NOW - timedelta(minutes=ago),
                material=material,
                mass=mass,
                position=position,
            )

    def _on_any(self, data: st.DataObject, verdict: Callable[[Decision], object]) -> None:
        """Judges any action, twice: what is decided is decided once."""
        actions = self._actions()
        if not actions:
            return
        action = data.draw(st.sampled_from(actions))
        decision = Decision(action.id, Scope(everything=True), self.judges[0], "核对", NOW)
        with contextlib.suppress(AlreadyDecidedError):
            verdict(decision)
            assert action.status in {ActionStatus.CREDITED, ActionStatus.HELD}
        with pytest.raises(AlreadyDecidedError):
            verdict(decision)


def _run(connection: Connection, corrected: Rulebook, *, examples: int, steps: int) -> None:
    class Bound(Book):
        db = connection
        later = corrected

    run_state_machine_as_test(
        Bound,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_book_is_sound_after_every_step(db: Connection, later: Rulebook) -> None:
    _run(db, later, examples=12, steps=10)


@pytest.mark.drill
@pytest.mark.timeout(1800)
def test_the_book_is_sound_after_many_more_steps(db: Connection, later: Rulebook) -> None:
    _run(db, later, examples=400, steps=50)
