"""Claims of every kind: what each evidence amounts to, and what excludes what."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from backend.actions.evidence import (
    LABELS,
    TIERS,
    EvidenceKind,
    EvidenceNotAcceptedError,
    EvidenceOutOfTimeError,
    EvidenceRequiredError,
    EvidenceUnverifiableError,
    accepted_by,
)
from backend.actions.exclusions import ExcludedError
from backend.actions.judging import WrongPlaceError
from backend.actions.refusals import EvidenceUsedError
from backend.actions.replaying import replay
from backend.clock import business_day
from backend.errors import DomainError, InvalidInputError
from backend.ledger.queries import balance_of
from backend.places.models import PlaceKind
from backend.places.policy import PlaceNotOpenError
from tests.builders.claims import (
    NOON,
    NOW,
    RULEBOOK,
    Log,
    MakePlace,
    code_at,
    first_example,
    log_for,
    places_for,
)
from tests.builders.scene import OFFICE_HOURS, Scene, a_scene

TODAY = business_day(NOW)
Told = tuple[str, dict[str, str]]
PLATE: Told = ("dining.clean_plate", {})


@pytest.fixture
def scene(db: Connection) -> Scene:
    return a_scene(db, NOW)


@pytest.fixture
def log(db: Connection, scene: Scene) -> Log:
    return log_for(db, scene)


@pytest.fixture
def place(db: Connection, scene: Scene) -> MakePlace:
    return places_for(db, scene)


def test_every_kind_that_takes_a_members_word_can_be_logged(log: Log, db: Connection) -> None:
    taken = [
        methodology
        for methodology in RULEBOOK.in_force(TODAY)
        if "T0" in methodology.evidence.accepts
    ]
    assert len(taken) >= 20
    for methodology in taken:
        apart = db.begin_nested()
        receipt = log(methodology.id, first_example(methodology))
        apart.rollback()
        assert (receipt.action.tier, receipt.action.channel) == ("T0", "self_declared")
        assert not receipt.action.ranked
        assert receipt.assessment.reduction_mg == 0
        assert receipt.assessment.points_mpt <= 5_000
        again = replay(RULEBOOK, receipt.action)
        assert again.trace.to_json() == receipt.assessment.trace.to_json()


def test_every_kind_of_evidence_of_the_rulebook_leads_to_a_tier_it_takes() -> None:
    assert set(TIERS) == set(LABELS) == set(EvidenceKind)
    for methodology in RULEBOOK.all_versions():
        named = set(methodology.evidence.kinds)
        assert {offer.kind for offer in accepted_by(methodology)} == named, methodology.id


UNCHECKED: tuple[tuple[str, EvidenceKind | None, type[DomainError]], ...] = (
    ("dining.clean_plate", EvidenceKind.PHOTO, EvidenceUnverifiableError),
    ("dining.clean_plate", EvidenceKind.WEIGHING, EvidenceUnverifiableError),
    ("commute.metro", EvidenceKind.RIDE_SCREENSHOT, EvidenceUnverifiableError),
    ("commute.metro", EvidenceKind.THIRD_PARTY, EvidenceUnverifiableError),
    ("commute.metro", EvidenceKind.PHOTO, EvidenceNotAcceptedError),
    ("dining.clean_plate", EvidenceKind.ROTATING_CODE, EvidenceNotAcceptedError),
    ("commute.walk", EvidenceKind.ROTATING_CODE, EvidenceUnverifiableError),
    # What a methodology requires cannot be shown yet, so nothing else counts either.
    ("commute.car_to_bus", EvidenceKind.RIDE_SCREENSHOT, EvidenceUnverifiableError),
    ("commute.car_to_bus", EvidenceKind.PARKING_RECORD, EvidenceUnverifiableError),
    ("commute.car_to_bus", None, EvidenceUnverifiableError),
    ("office.video_meeting", None, EvidenceUnverifiableError),
    ("culture.museum_visit", None, EvidenceRequiredError),
    ("commute.steps", None, EvidenceUnverifiableError),
)


def test_evidence_that_nobody_can_check_raises_no_tier(log: Log) -> None:
    for kind, evidence, error in UNCHECKED:
        given = first_example(RULEBOOK.methodology(kind, TODAY))
        with pytest.raises(error) as refused:
            log(kind, given, evidence=evidence)
        assert refused.value.fields
        assert refused.value.message.endswith("。")


@pytest.mark.parametrize(
    "kind,where",
    [
        ("stairs.climb", PlaceKind.STAIRWELL),
        ("dining.clean_plate", PlaceKind.CANTEEN),
        ("culture.museum_visit", PlaceKind.VENUE),
    ],
)
def test_the_rotating_code_of_the_right_place_counts_in_full(
    log: Log, place: MakePlace, kind: str, where: PlaceKind
) -> None:
    there = place(where)
    given = first_example(RULEBOOK.methodology(kind, TODAY))
    at_noon = {"occurred_at": NOON, "now": NOON, "code": code_at(there, NOON)}
    receipt = log(kind, given, **at_noon)
    assert (receipt.action.tier, receipt.action.channel) == ("T2", "rotating_code")
    assert receipt.action.place_id == there.id
    assert receipt.action.ranked
    with pytest.raises((EvidenceUsedError, ExcludedError)):
        log(kind, given, **at_noon)


def test_one_scan_serves_several_kinds(log: Log, place: MakePlace) -> None:
    code = code_at(place(PlaceKind.CANTEEN), NOON)
    for kind, facts in (PLATE, ("dining.own_chopsticks", {"pairs": "1"})):
        assert log(kind, facts, occurred_at=NOON, code=code, now=NOON).action.tier == "T2"


def test_a_code_shows_neither_another_place_nor_another_time(
    log: Log, place: MakePlace, scene: Scene
) -> None:
    stairs, canteen = place(PlaceKind.STAIRWELL), place(PlaceKind.CANTEEN, hours=OFFICE_HOURS)
    floors = {"floors": "6"}
    with pytest.raises(WrongPlaceError, match="一号楼"):
        log("stairs.climb", floors, occurred_at=NOW, code=code_at(canteen))
    with pytest.raises(EvidenceOutOfTimeError):
        log("stairs.climb", floors, code=code_at(stairs))
    with pytest.raises(EvidenceUnverifiableError):
        log("commute.walk", {"distance": "1"}, occurred_at=NOW, code=code_at(stairs))
    evening = NOW + timedelta(hours=12)
    with pytest.raises(PlaceNotOpenError):
        log(*PLATE, occurred_at=evening, code=code_at(canteen, evening), now=evening)
    with pytest.raises(EvidenceNotAcceptedError):
        log("stairs.climb", floors, occurred_at=NOW, code=scene.attended.url)
    with pytest.raises(EvidenceNotAcceptedError, match="不符"):
        log(*PLATE, occurred_at=NOW, code=code_at(canteen), evidence=EvidenceKind.PHOTO)


RODE: Told = ("commute.bicycle", {"distance": "3"})
METRO: Told = ("commute.metro", {"distance": "10"})
PARKED: Told = ("commute.car_free_day", {"habit": "drives", "restricted": "no"})
SMALL: Told = ("dining.small_portion", {})
TOGETHER: tuple[tuple[Told, Told, timedelta, bool], ...] = (
    (RODE, METRO, timedelta(minutes=10), True),
    (RODE, METRO, timedelta(minutes=-25), True),
    (RODE, METRO, timedelta(hours=-1), False),
    (RODE, RODE, timedelta(minutes=-20), True),
    (RODE, RODE, timedelta(hours=-9), False),
    (RODE, PARKED, timedelta(hours=-5), True),
    (RODE, PARKED, timedelta(hours=-15), False),
    (PLATE, SMALL, timedelta(0), True),
    (PLATE, SMALL, timedelta(hours=-4), False),
    (PLATE, PLATE, timedelta(hours=-1), True),
    (PLATE, PLATE, timedelta(days=-1), False),
)


@pytest.mark.parametrize("turned", [False, True])
def test_one_trip_one_meal_one_day_is_credited_once(
    log: Log, db: Connection, *, turned: bool
) -> None:
    for first, second, apart, excluded in TOGETHER:
        at = NOON + timedelta(hours=1)
        told = [(first, at), (second, at + apart)]
        (kind, facts), when = told[turned]
        other, other_when = told[not turned]
        undone = db.begin_nested()
        assert (
            log(kind, facts, occurred_at=when, now=NOON + timedelta(hours=2)).action.context[
                "credited"
            ]
            == []
        )
        if excluded:
            with pytest.raises(ExcludedError, match=RULEBOOK.methodology(kind, TODAY).title):
                log(*other, occurred_at=other_when, now=NOON + timedelta(hours=2))
        else:
            assert log(*other, occurred_at=other_when, now=NOON + timedelta(hours=2)).first
        undone.rollback()


def test_a_trip_over_midnight_is_one_trip(log: Log) -> None:
    midnight = datetime(2026, 11, 17, 16, 0, tzinfo=UTC)
    log(*RODE, occurred_at=midnight - timedelta(minutes=5))
    with pytest.raises(ExcludedError):
        log("commute.bus", {"distance": "3"}, occurred_at=midnight + timedelta(minutes=5))


def test_exclusions_cost_no_statement(log: Log, statements: list[str]) -> None:
    log("office.paperless", {"sheets": "9"})
    statements.clear()
    log("office.paperless", {"sheets": "9"})
    plain = [statement.split()[0] for statement in statements]
    log(*METRO)
    statements.clear()
    log(*METRO, occurred_at=NOW - timedelta(hours=9))
    assert [statement.split()[0] for statement in statements] == plain == ["SELECT", "SELECT"]


def test_wrong_facts_are_told_before_an_exclusion(log: Log) -> None:
    log(*RODE)
    with pytest.raises(InvalidInputError) as refused:
        log("commute.metro", {"distance": "1000"})
    assert [field.field for field in refused.value.fields] == ["facts.distance"]


def test_each_kind_has_its_own_window_and_a_late_action_counts_in_its_own_day(
    log: Log, db: Connection, scene: Scene
) -> None:
    walk = ("commute.walk", {"distance": "1"})
    for told, days in ((walk, 7), (PLATE, 3)):
        edge = NOON - timedelta(days=days)
        receipt = log(*told, occurred_at=edge, now=NOON)
        assert receipt.action.occurred_on == business_day(edge)
        assert receipt.assessment.points_mpt > 0
        with pytest.raises(InvalidInputError, match=f"{days} 天以内") as refused:
            log(*told, occurred_at=edge - timedelta(minutes=1), now=NOON)
        assert [field.field for field in refused.value.fields] == ["occurred_at"]
    with pytest.raises(InvalidInputError, match="晚于现在"):
        log(*walk, occurred_at=NOW + timedelta(minutes=3))
    # Yesterday's cap on a member's word is yesterday's: today's is still whole.
    yesterday = log(*RODE, occurred_at=NOW - timedelta(days=1))
    today = log(*RODE)
    assert today.assessment.points_mpt == yesterday.assessment.points_mpt > 0
    assert balance_of(db, member_id=scene.members[0]).reduction_mg == 0
