"""A meal is that of the time it happened: what a phone says of it decides nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from backend.actions.exclusions import ExcludedError
from backend.actions.refusals import EvidenceUsedError
from backend.actions.replaying import replay
from backend.errors import InvalidInputError
from backend.places.models import PlaceKind
from tests.builders.books import assert_sound
from tests.builders.claims import NOON, RULEBOOK, Log, MakePlace, code_at, log_for, places_for
from tests.builders.scene import Scene, a_scene

KINDS = ("dining.clean_plate", "dining.small_portion")
PLATE = KINDS[0]


@pytest.fixture
def scene(db: Connection) -> Scene:
    return a_scene(db, NOON)


@pytest.fixture
def log(db: Connection, scene: Scene) -> Log:
    return log_for(db, scene, NOON)


@pytest.fixture
def place(db: Connection, scene: Scene) -> MakePlace:
    return places_for(db, scene)


def refused(error: InvalidInputError) -> list[tuple[str, str]]:
    assert error.message.endswith("。")
    return [(fault.field, fault.code) for fault in error.fields]


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_no_dinner_at_four_in_the_morning(log: Log, kind: str) -> None:
    four = NOON - timedelta(hours=8)
    with pytest.raises(InvalidInputError, match="请在用餐时记录") as untold:
        log(kind, {}, occurred_at=four)
    assert refused(untold.value) == [("facts.meal", "not_eligible")]
    for meal in ("breakfast", "lunch", "dinner"):
        with pytest.raises(InvalidInputError, match="请改正时间") as told:
            log(kind, {"meal": meal}, occurred_at=four)
        assert refused(told.value) == [("facts.meal", "decided")]


def test_breakfast_and_dinner_by_one_code_are_one_breakfast(
    log: Log, place: MakePlace, db: Connection
) -> None:
    morning = NOON - timedelta(hours=4)
    code = code_at(place(PlaceKind.CANTEEN), morning)
    breakfast = log(PLATE, {"meal": "breakfast"}, occurred_at=morning, code=code, now=morning)
    assert breakfast.action.tier == "T2"
    later = morning + timedelta(seconds=25)
    for meal in ("lunch", "dinner"):
        with pytest.raises(InvalidInputError, match="“早餐”") as told:
            log(PLATE, {"meal": meal}, occurred_at=later, code=code, now=later)
        assert refused(told.value) == [("facts.meal", "decided")]
    for kind, apart in ((PLATE, later), (PLATE, morning), (KINDS[1], later)):
        undone = db.begin_nested()
        with pytest.raises((EvidenceUsedError, ExcludedError)):
            log(kind, {}, occurred_at=apart, code=code, now=later)
        undone.rollback()
    assert_sound(db, RULEBOOK)


@pytest.mark.parametrize("hours, meal", [(-4, "breakfast"), (0, "lunch"), (6, "dinner")])
@pytest.mark.parametrize("kind", KINDS)
def test_the_meal_of_the_clock_is_stored_and_replays(
    log: Log, db: Connection, kind: str, hours: int, meal: str
) -> None:
    at = NOON + timedelta(hours=hours)
    found = []
    for said in ({}, {"meal": meal}):
        apart = db.begin_nested()
        receipt = log(kind, said, reference="meal-0001", occurred_at=at, now=at)
        again = log(kind, said, reference="meal-0001", occurred_at=at, now=at)
        assert (again.first, again.action) == (False, receipt.action)
        assert replay(RULEBOOK, again.action).trace.to_json() == receipt.assessment.trace.to_json()
        assert_sound(db, RULEBOOK)
        apart.rollback()
        found.append((receipt.action.facts, receipt.assessment.trace.digest()))
    assert found[0] == found[1]
    assert found[0][0] == {"meal": meal}


def test_a_client_that_repeats_a_fact_of_the_clock_gets_its_first_answer(log: Log) -> None:
    """A reference is answered as it was, whatever the fact that came with it then."""
    first = log(PLATE, {"meal": "lunch"}, reference="kept-0001")
    later = NOON + timedelta(hours=9)
    again = log(
        PLATE,
        {"meal": "lunch"},
        reference="kept-0001",
        occurred_at=first.action.occurred_at,
        now=later,
    )
    assert (again.first, again.action.id) == (False, first.action.id)
