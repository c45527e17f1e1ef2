"""A methodology's error is made good: simulated, approved by two, posted once, though killed."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from backend.actions.receipts import receipt_of
from backend.corrections import jobs, queries, service
from backend.corrections.models import RunState
from backend.corrections.reviews import Decision, reverse
from backend.corrections.service import CorrectionDraft, RunStateError
from backend.errors import InvalidInputError
from backend.ledger.queries import balance_of, statement_of
from backend.organisations.queries import Scope
from backend.ports.keys import KeyRing
from credit_rules import Rulebook, load_draft, load_rulebook
from tests.builders.books import assert_sound
from tests.builders.drafts import a_draft
from tests.builders.drop_offs import drop
from tests.builders.scene import Scene, a_scene

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
DAY = date(2026, 11, 18)
KIND = "recycling.drop_off"
RULEBOOK = load_rulebook()
KEYS = KeyRing("a secret of the tests, 32 characters")
DRAFT = CorrectionDraft(KIND, DAY, DAY, "塑料折算系数误用")


@pytest.fixture(scope="module")
def corrected(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    """The rulebook with a second version of drop-offs, in which plastic weighs half as much."""
    folder: Path = tmp_path_factory.mktemp("rules")
    files = a_draft(folder, KIND, ('plastic = "1.2"', 'plastic = "0.6"'), start="2026-11-18")
    return load_draft(files, RULEBOOK).rulebook


@pytest.fixture
def scene(db: Connection) -> Scene:
    """Three members with two drop-offs each, and one with glass alone."""
    scene = a_scene(db, NOW)
    for number, member in enumerate(scene.members[:4]):
        for minutes in (1, 0):
            drop(
                db,
                rulebook=RULEBOOK,
                keys=KEYS,
                member_id=member,
                code=scene.attended.url,
                now=NOW,
                occurred_at=NOW - timedelta(minutes=minutes),
                material="plastic" if number < 3 else "glass",
                mass="1",
            )
    return scene


def _open(db: Connection, rulebook: Rulebook, scene: Scene) -> int:
    run_id = service.open_run(db, rulebook, DRAFT, actor_id=scene.members[10], now=NOW)
    _go_on(db, rulebook, run_id)
    return run_id


def _go_on(db: Connection, rulebook: Rulebook, run_id: int) -> None:
    """What the worker does until the run waits for somebody."""
    while True:
        state = queries.run_of(db, run_id=run_id).state
        if state not in {RunState.SIMULATING, RunState.RUNNING}:
            return
        jobs.step(db, rulebook, run_id=run_id, now=NOW, members_at_once=2)


def _approved(db: Connection, rulebook: Rulebook, scene: Scene) -> int:
    run_id = _open(db, rulebook, scene)
    for approver in scene.members[10:12]:
        service.approve(db, run_id=run_id, actor_id=approver, now=NOW)
    service.start(db, rulebook, run_id=run_id, actor_id=scene.members[10], now=NOW)
    return run_id


def _points(db: Connection, scene: Scene) -> list[int]:
    return [balance_of(db, member_id=member).points_mpt for member in scene.members[:4]]


def test_a_simulation_posts_nothing_and_foretells_what_is_posted(
    db: Connection, corrected: Rulebook, scene: Scene
) -> None:
    before = _points(db, scene)
    run_id = _open(db, corrected, scene)
    assert queries.run_of(db, run_id=run_id).state is RunState.SIMULATED
    assert _points(db, scene) == before
    expected = queries.totals(db, run_id=run_id)
    assert expected.simulated_mpt < 0
    assert expected.simulated_mg == 0
    largest = queries.largest(db, run_id=run_id, limit=9)
    assert {line.member_id for line in largest if line.simulated_mpt} == set(scene.members[:3])
    for approver in scene.members[10:12]:
        service.approve(db, run_id=run_id, actor_id=approver, now=NOW)
    service.start(db, corrected, run_id=run_id, actor_id=scene.members[10], now=NOW)
    _go_on(db, corrected, run_id)
    done = queries.totals(db, run_id=run_id)
    assert queries.run_of(db, run_id=run_id).state is RunState.DONE
    assert (done.posted_mpt, done.written_off_mpt) == (expected.simulated_mpt, 0)
    assert done.done == done.member_days == 4
    assert sum(_points(db, scene)) - sum(before) == expected.simulated_mpt
    assert _points(db, scene)[3] == before[3]
    assert_sound(db, corrected)


def test_what_is_corrected_equals_what_the_right_version_would_have_earned(
    db: Connection, corrected: Rulebook, scene: Scene
) -> None:
    _go_on(db, corrected, _approved(db, corrected, scene))
    for minutes in (1, 0):
        drop(
            db,
            rulebook=corrected,
            keys=KEYS,
            member_id=scene.members[5],
            code=scene.attended.url,
            now=NOW,
            occurred_at=NOW - timedelta(minutes=minutes),
            material="plastic",
            mass="1",
        )
    right = balance_of(db, member_id=scene.members[5]).points_mpt
    assert _points(db, scene)[:3] == [right] * 3
    (latest, *_) = statement_of(db, member_id=scene.members[0], before_id=None, limit=9)
    assert latest.kind == "correction"
    assert latest.action_id is not None
    receipt = receipt_of(db, corrected, member_id=scene.members[0], action_id=latest.action_id)
    assert receipt.action.methodology_version == 2


def test_two_different_people_approve(db: Connection, corrected: Rulebook, scene: Scene) -> None:
    run_id = _open(db, corrected, scene)
    first, second = scene.members[10:12]
    assert service.approve(db, run_id=run_id, actor_id=first, now=NOW) == 1
    with pytest.raises(RunStateError, match="已经批准过"):
        service.approve(db, run_id=run_id, actor_id=first, now=NOW)
    with pytest.raises(RunStateError, match="还缺少批准"):
        service.start(db, corrected, run_id=run_id, actor_id=first, now=NOW)
    with pytest.raises(IntegrityError, match="two approvals"), db.begin_nested():
        db.execute(text("UPDATE correction_run SET state = 'running'"))
    assert service.approve(db, run_id=run_id, actor_id=second, now=NOW) == 2
    with pytest.raises(RunStateError, match="规则文件有变动"):
        service.start(db, RULEBOOK, run_id=run_id, actor_id=first, now=NOW)
    service.start(db, corrected, run_id=run_id, actor_id=first, now=NOW)
    with pytest.raises(RunStateError):
        service.cancel(db, run_id=run_id, actor_id=first, now=NOW)
    events = db.scalars(text("SELECT tag FROM audit_event WHERE object_type = 'correction_run'"))
    assert [tag.rpartition(":")[2] for tag in events] == ["open", "approve", "approve", "start"]


def test_a_kill_between_batches_and_a_repeat_change_nothing(
    db: Connection, corrected: Rulebook, scene: Scene
) -> None:
    run_id = _approved(db, corrected, scene)
    jobs.step(db, corrected, run_id=run_id, now=NOW, members_at_once=1)
    once = _points(db, scene)
    with db.begin_nested() as killed:
        jobs.step(db, corrected, run_id=run_id, now=NOW, members_at_once=2)
        killed.rollback()
    assert _points(db, scene) == once
    _go_on(db, corrected, run_id)
    done, entries = _points(db, scene), _corrections(db)
    jobs.step(db, corrected, run_id=run_id, now=NOW)
    assert (_points(db, scene), _corrections(db)) == (done, entries)
    # The second drop-off of each earns what it did: more of it falls into the day's first tier.
    assert entries == 3
    assert_sound(db, corrected)


def _corrections(db: Connection) -> int:
    found: int = db.scalars(text("SELECT count(*) FROM entry WHERE kind = 'correction'")).one()
    return found


def test_an_action_corrected_before_is_still_taken_back_whole(
    db: Connection, corrected: Rulebook, scene: Scene
) -> None:
    _go_on(db, corrected, _approved(db, corrected, scene))
    ids = db.scalars(
        text("SELECT id FROM action WHERE member_id = :member"), {"member": scene.members[0]}
    ).all()
    for action_id in ids:
        everything = Scope(everything=True)
        reverse(db, corrected, Decision(action_id, everything, scene.members[10], "重复", NOW))
    assert _points(db, scene)[0] == 0
    assert_sound(db, corrected)


@pytest.mark.parametrize(
    "draft",
    [
        CorrectionDraft("no.such_kind", DAY, DAY, "x"),
        CorrectionDraft(KIND, DAY, DAY - timedelta(days=1), "x"),
        CorrectionDraft(KIND, DAY, DAY + timedelta(days=1), "x"),
    ],
)
def test_a_run_over_nothing_is_refused(db: Connection, draft: CorrectionDraft) -> None:
    with pytest.raises(InvalidInputError):
        service.open_run(db, RULEBOOK, draft, actor_id=1, now=NOW)
