"""A footprint: answers kept, logged actions in it, a median only of five or more."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text

from backend.actions.queries import actions_of
from backend.actions.service import record
from backend.actions.totals import MemberTotal
from backend.clock import business_day
from backend.corrections.reviews import Decision, reverse
from backend.errors import InvalidInputError, UnavailableError
from backend.footprint.policy import totals_of
from backend.footprint.service import Footprint, Reply, answer, footprint_of, withdraw
from backend.organisations.queries import Scope
from backend.people.memberships import end_membership
from backend.ports.keys import KeyRing
from credit_rules import load_rulebook
from credit_rules.footprint import Estimate, load_questionnaires, to_json
from tests.builders.claims import a_claim
from tests.builders.drop_offs import a_reference, drop
from tests.builders.scene import Scene, a_scene

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
RULEBOOK = load_rulebook()
QUESTIONNAIRES = load_questionnaires()
KEYS = KeyRing("a secret of the tests, 32 characters")


@pytest.fixture
def scene(db: Connection) -> Scene:
    return a_scene(db, NOW)


@pytest.fixture
def log(db: Connection, scene: Scene) -> Callable[..., None]:
    def logged(kind: str, facts: Mapping[str, str], at: datetime = NOW) -> None:
        claim = a_claim(scene.members[0], a_reference(), kind, facts, at=at)
        record(db, RULEBOOK, KEYS, claim, now=at)

    return logged


def reply(db: Connection, member_id: int, *, counted: bool = True, **answers: str) -> None:
    answer(db, QUESTIONNAIRES, member_id=member_id, reply=Reply(answers, counted=counted), now=NOW)


def footprint(
    db: Connection, member_id: int, institution_id: int | None = None, now: datetime = NOW
) -> Footprint:
    return footprint_of(
        db,
        RULEBOOK,
        QUESTIONNAIRES,
        member_id=member_id,
        institution_id=institution_id,
        now=now,
    )


def line(estimate: Estimate, label: str) -> tuple[str, str]:
    """The kilometres of a line and how many were taken off it by logged trips."""
    lines: Any = to_json(estimate)["lines"]
    found = next(each for each in lines if each["label"] == label)
    return found["quantity_per_year"]["mid"], found["replaced"]


def test_without_answers_everything_is_assumed(db: Connection, scene: Scene) -> None:
    found = footprint(db, scene.members[0], scene.institution_id)
    assert (found.answered, found.comparison) == (None, None)
    assert (found.after, found.until) == (date(2025, 11, 18), date(2026, 11, 18))
    assert len(found.estimate.assumed) == len(found.estimate.questionnaire.questions)


def test_the_latest_answers_are_kept_until_they_are_withdrawn(db: Connection, scene: Scene) -> None:
    member = scene.members[0]
    reply(db, member, car_km="100", car_type="petrol")
    reply(db, member, car_km="50", counted=False)
    found = footprint(db, member)
    assert found.answered is not None
    assert (found.answered.answers, found.answered.counted) == ({"car_km": "50"}, False)
    assert found.estimate.region == "浙江"
    assert "car_km" not in found.estimate.assumed
    withdraw(db, member_id=member)
    withdraw(db, member_id=member)
    assert footprint(db, member).answered is None


def test_answers_that_cannot_be_used_are_named(db: Connection, scene: Scene) -> None:
    with pytest.raises(InvalidInputError) as refused:
        reply(db, scene.members[0], car_km="9999", car_type="steam", cars="2")
    assert {fault.field for fault in refused.value.fields} == {
        "answers.car_km",
        "answers.car_type",
        "answers.cars",
    }
    with pytest.raises(InvalidInputError) as nowhere:
        answer(
            db,
            QUESTIONNAIRES,
            member_id=scene.members[0],
            reply=Reply({}, region="西藏"),
            now=NOW,
        )
    assert [fault.field for fault in nowhere.value.fields] == ["region"]
    assert footprint(db, scene.members[0]).answered is None
    with pytest.raises(UnavailableError):
        footprint(db, scene.members[0], now=datetime(2025, 6, 1, tzinfo=UTC))


def test_an_answer_the_questionnaire_no_longer_takes_is_left_out(
    db: Connection, scene: Scene
) -> None:
    member = scene.members[0]
    reply(db, member, car_km="100", taxi_km="10")
    db.execute(text('UPDATE footprint_answers SET answers = answers || \'{"car_km": "9999"}\''))
    found = footprint(db, member)
    assert "car_km" in found.estimate.assumed
    assert "taxi_km" not in found.estimate.assumed


def test_logged_trips_refine_what_was_left_out_and_leave_answers(
    db: Connection, scene: Scene, log: Callable[..., None]
) -> None:
    member = scene.members[0]
    reply(db, member, flight_km="0")
    log("commute.metro", {"distance": "10"}, NOW - timedelta(days=1))
    log("commute.metro", {"distance": "10"}, NOW)
    log("commute.rule_135", {"mode": "cycle", "distance": "2000 m"}, NOW - timedelta(days=2))
    found = footprint(db, member).estimate
    assert line(found, "私家车") == ("3638", "2")
    assert line(found, "地铁") == ("1040", "0")  # 20 km are among those assumed
    assert line(found, "已记录的自行车出行") == ("2", "0")
    reply(db, member, car_km="100", metro_km="1")
    found = footprint(db, member).estimate
    assert (line(found, "私家车"), line(found, "地铁")) == (("5200", "0"), ("52", "0"))
    assert found.covered == ("metro",)


def test_other_reductions_come_off_what_was_assumed_in_their_category(
    db: Connection, scene: Scene, log: Callable[..., None]
) -> None:
    member = scene.members[0]
    drop(
        db,
        rulebook=RULEBOOK,
        keys=KEYS,
        member_id=member,
        code=scene.attended.url,
        now=NOW,
        mass="2",
    )
    log("dining.own_chopsticks", {"pairs": "1"})
    waste = next(each for each in footprint(db, member).estimate.categories if each.name == "waste")
    assert waste.logged_mg == waste.deducted.mid == 590_000


def test_what_was_taken_back_is_not_in_it(
    db: Connection, scene: Scene, log: Callable[..., None]
) -> None:
    log("commute.metro", {"distance": "10"})
    (action,) = actions_of(db, member_id=scene.members[0], before_id=None, limit=9)
    city = Scope(everything=True)
    decision = Decision(action.id, city, scene.members[1], "当日未乘车", NOW)
    reverse(db, RULEBOOK, decision)
    assert not any(each.logged for each in footprint(db, scene.members[0]).estimate.lines)


def test_a_year_ends_after_a_year(db: Connection, scene: Scene, log: Callable[..., None]) -> None:
    log("commute.bicycle", {"distance": "10"}, NOW - timedelta(hours=3))
    for now, kilometres in (
        (NOW + timedelta(days=364), True),
        (NOW + timedelta(days=365), False),
    ):
        lines = footprint(db, scene.members[0], now=now).estimate.lines
        assert any(each.logged for each in lines) is kilometres
    leap = datetime(2028, 2, 29, 4, tzinfo=UTC)
    assert footprint(db, scene.members[0], now=leap).after == date(2027, 2, 28)


def test_kilometres_beyond_the_questionnaire_stay_at_its_limit() -> None:
    questionnaire = QUESTIONNAIRES.on(business_day(NOW))
    trips = MemberTotal("commute.metro", 1, {"distance": "60"}, 4_000, 0)
    totals = totals_of(RULEBOOK, questionnaire, [trips])
    assert totals.kilometres == {"metro": 200_000}


def test_the_median_is_told_from_five_people_up_who_agreed(db: Connection, scene: Scene) -> None:
    mine, *others = scene.members
    reply(db, mine, car_km="0", flight_km="0", counted=False)
    for number, member in enumerate(others[:4]):
        reply(db, member, car_km=str(100 + number))
    assert footprint(db, mine, scene.institution_id).comparison is None
    reply(db, others[4], car_km="200", counted=False)
    assert footprint(db, mine, scene.institution_id).comparison is None
    reply(db, others[4], car_km="200")
    found = footprint(db, mine, scene.institution_id).comparison
    assert found is not None
    assert (found.people, found.relation) == (5, "below")
    assert "中位数" in found.sentence
    assert footprint(db, mine, None).comparison is None
    assert footprint(db, others[5], scene.institution_id).comparison is None
    end_membership(db, member_id=others[4], on=business_day(NOW), now=NOW)
    assert footprint(db, mine, scene.institution_id).comparison is None


def test_totals_of_another_questionnaire_are_not_compared(db: Connection, scene: Scene) -> None:
    for member in scene.members[:5]:
        reply(db, member, car_km="100")
    assert footprint(db, scene.members[0], scene.institution_id).comparison is not None
    db.execute(text("UPDATE footprint_answers SET questionnaire_version = 2"))
    assert footprint(db, scene.members[0], scene.institution_id).comparison is None
