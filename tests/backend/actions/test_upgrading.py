"""The same meal or trip, shown better later: one action, and the difference posted once."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from backend.actions.exclusions import ExcludedError
from backend.actions.receipts import Receipt, receipt_of
from backend.actions.refusals import (
    ReferenceMismatchError,
    UsageLimitReachedError,
)
from backend.actions.service import record, record_all
from backend.bootstrap import Backend
from backend.corrections.reviews import Decision, reverse
from backend.ledger.queries import balance_of, statement_of
from backend.organisations.queries import Scope
from backend.places.models import PlaceKind
from backend.places.policy import USES_PER_STEP
from tests.builders.books import assert_sound
from tests.builders.city import a_city
from tests.builders.claims import (
    KEYS,
    NOON,
    RULEBOOK,
    Log,
    MakePlace,
    a_claim,
    code_at,
    log_for,
    places_for,
)
from tests.builders.scene import Scene, a_scene
from tests.conftest import PATIENCE_SECONDS

PLATE: tuple[str, dict[str, str]] = ("dining.clean_plate", {})
DINNER = ("dining.clean_plate", {"meal": "dinner"})


@pytest.fixture
def scene(db: Connection) -> Scene:
    return a_scene(db, NOON, members=USES_PER_STEP + 2)


@pytest.fixture
def log(db: Connection, scene: Scene) -> Log:
    return log_for(db, scene, NOON)


@pytest.fixture
def place(db: Connection, scene: Scene) -> MakePlace:
    return places_for(db, scene)


def held(db: Connection, scene: Scene) -> tuple[int, int]:
    balance = balance_of(db, member_id=scene.members[0])
    return balance.reduction_mg, balance.points_mpt


def test_a_meal_on_the_members_word_is_upgraded_by_the_code_of_the_canteen(
    log: Log, place: MakePlace, db: Connection, scene: Scene
) -> None:
    canteen = place(PlaceKind.CANTEEN)
    stated = log(*PLATE, reference="stated-0001")
    assert (stated.action.tier, stated.assessment.reduction_mg) == ("T0", 0)
    shown = log(*PLATE, reference="shown-0001", occurred_at=NOON, code=code_at(canteen, NOON))
    assert shown.first
    assert shown.action.id == stated.action.id
    assert (shown.action.tier, shown.action.channel) == ("T2", "rotating_code")
    assert shown.action.ranked
    award = (shown.assessment.reduction_mg, shown.assessment.points_mpt)
    assert held(db, scene) == award == (87_420, 4_000)
    kinds = [e.kind for e in statement_of(db, member_id=scene.members[0], before_id=None, limit=9)]
    assert kinds == ["correction", "award"]
    again = log(*PLATE, reference="shown-0001", occurred_at=NOON, code=code_at(canteen, NOON))
    assert (again.first, again.action) == (False, shown.action)
    with pytest.raises(ReferenceMismatchError):
        log(*DINNER, reference="shown-0001", occurred_at=NOON, code=code_at(canteen, NOON))
    assert_sound(db, RULEBOOK)


def test_what_is_shown_no_better_stays_excluded(log: Log, place: MakePlace, db: Connection) -> None:
    canteen = place(PlaceKind.CANTEEN)
    log(*PLATE, occurred_at=NOON, code=code_at(canteen, NOON))
    with pytest.raises(ExcludedError):
        log(*PLATE)
    later = NOON + timedelta(minutes=2)
    with pytest.raises(ExcludedError):
        log(*PLATE, occurred_at=later, code=code_at(canteen, later), now=later)
    # Another methodology of the same meal is another act: nothing of it can be upgraded.
    evening = NOON + timedelta(hours=6)
    log("dining.small_portion", {}, occurred_at=evening, now=evening)
    with pytest.raises(ExcludedError, match="小份"):
        log(*PLATE, occurred_at=evening, code=code_at(canteen, evening), now=evening)
    assert_sound(db, RULEBOOK)


def test_upgrading_uses_up_the_usage_limit_of_a_shared_code(
    log: Log, place: MakePlace, db: Connection
) -> None:
    code = code_at(place(PlaceKind.CANTEEN), NOON)
    for member in range(USES_PER_STEP):
        log(*PLATE, member=member)
        log(*PLATE, member=member, occurred_at=NOON, code=code)
    log(*PLATE, member=USES_PER_STEP)
    undone = db.begin_nested()
    with pytest.raises(UsageLimitReachedError):
        log(*PLATE, member=USES_PER_STEP, occurred_at=NOON, code=code)
    undone.rollback()
    assert_sound(db, RULEBOOK)


def test_an_upgraded_meal_is_taken_back_as_a_whole_and_may_be_told_anew(
    log: Log, place: MakePlace, db: Connection, scene: Scene
) -> None:
    log(*PLATE)
    upgraded = log(*PLATE, occurred_at=NOON, code=code_at(place(PlaceKind.CANTEEN), NOON))
    decision = Decision(upgraded.action.id, Scope(everything=True), scene.members[1], "误记", NOON)
    reverse(db, RULEBOOK, decision)
    assert held(db, scene) == (0, 0)
    assert log(*PLATE).action.id != upgraded.action.id
    assert_sound(db, RULEBOOK)


@pytest.mark.parametrize("turned", [False, True])
def test_a_backlog_comes_to_the_same_in_any_order(
    db: Connection, scene: Scene, place: MakePlace, *, turned: bool
) -> None:
    code = code_at(place(PlaceKind.CANTEEN), NOON)
    member = scene.members[0]
    claims = [
        a_claim(member, "word-0001", *PLATE, at=NOON - timedelta(hours=1)),
        a_claim(member, "shown-0001", *PLATE, at=NOON, code=code),
        a_claim(member, "sticks-0001", "dining.own_chopsticks", {"pairs": "1"}, at=NOON, code=code),
    ]
    results = record_all(db, RULEBOOK, KEYS, claims[::-1] if turned else claims, now=NOON)
    credited = [each for each in results if isinstance(each, Receipt)]
    tiers = {
        receipt_of(db, RULEBOOK, member_id=scene.members[0], action_id=each.action.id).action.tier
        for each in credited
        if each.action.kind == PLATE[0]
    }
    assert tiers == {"T2"}
    assert held(db, scene) == (87_420 + 20_000, 4_000 + 2_000)
    assert_sound(db, RULEBOOK)


def test_two_phones_upgrade_a_meal_once(backend: Backend) -> None:
    scene = a_city(backend).scene
    with backend.engine.begin() as db:
        canteen = places_for(db, scene)(PlaceKind.CANTEEN)
        log_for(db, scene, NOON)(*PLATE)
    outcomes: list[object] = []
    barrier = threading.Barrier(4)

    def raise_it(number: int) -> None:
        claim = a_claim(
            scene.members[0], f"phone-{number % 2:04}", *PLATE, at=NOON, code=code_at(canteen, NOON)
        )
        barrier.wait(PATIENCE_SECONDS)
        try:
            with backend.engine.begin() as db:
                receipt = record(db, RULEBOOK, KEYS, claim, now=NOON)
            outcomes.append(receipt.first)
        except ExcludedError:
            outcomes.append("excluded")

    phones = [threading.Thread(target=raise_it, args=(number,)) for number in range(4)]
    for phone in phones:
        phone.start()
    for phone in phones:
        phone.join(PATIENCE_SECONDS)
    assert sorted(map(str, outcomes)) == ["False", "True", "excluded", "excluded"]
    with backend.engine.begin() as db:
        assert balance_of(db, member_id=scene.members[0]).points_mpt == 4_000
        assert db.execute(text("SELECT count(*) FROM action")).scalar_one() == 1
        assert_sound(db, RULEBOOK)
