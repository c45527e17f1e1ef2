"""A scan at a recycling point becomes an award once, and every other way is refused kindly."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection

from backend.actions.drop_offs import HOURLY_SHARE, MaterialNotAcceptedError, NotAtPointError
from backend.actions.evidence import EvidenceOutOfTimeError
from backend.actions.receipts import Receipt
from backend.actions.refusals import (
    EvidenceUsedError,
    ReferenceMismatchError,
    UsageLimitPassedError,
    UsageLimitReachedError,
)
from backend.errors import DomainError, InvalidInputError
from backend.ledger.queries import balance_of, drifting_balances, statement_of
from backend.organisations.queries import Scope
from backend.places.codes import (
    CodeExpiredError,
    CodeForgedError,
    CodeRevokedError,
    place_key,
    rotating_code,
)
from backend.places.models import Datum, PlaceState
from backend.places.policy import USES_PER_STEP, PlaceNotOpenError, Position
from backend.places.service import revoke_batch, update_place
from backend.ports.keys import KeyRing
from backend.recycling.service import scan
from credit_rules import load_rulebook
from tests.builders.drop_offs import a_reference, drop
from tests.builders.scene import LATITUDE, LONGITUDE, Scene, a_scene

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
EVERYTHING = Scope(everything=True)
RULEBOOK = load_rulebook()
KEYS = KeyRing("a secret of the tests, 32 characters")
AT_THE_POINT = Position(LATITUDE, LONGITUDE, 10, Datum.GCJ02)
FAR_AWAY = Position(Decimal("30.300000"), Decimal("120.300000"), 10, Datum.GCJ02)


@pytest.fixture
def scene(db: Connection) -> Scene:
    return a_scene(db, NOW)


@pytest.fixture
def log(db: Connection, scene: Scene) -> Callable[..., Receipt]:
    def logged(**changes: object) -> Receipt:
        arguments = {
            "rulebook": RULEBOOK,
            "keys": KEYS,
            "member_id": scene.members[0],
            "code": scene.attended.url,
            "now": NOW,
        } | changes
        return drop(db, **arguments)  # type: ignore[arg-type]  # a test's own keywords

    return logged


def rotating(scene: Scene, at: datetime = NOW) -> str:
    place_id = scene.located.place.id
    return rotating_code(place_key(KEYS, place_id), place_id, at)


def test_a_drop_off_earns_grams_and_points(
    db: Connection, scene: Scene, log: Callable[..., Receipt]
) -> None:
    receipt = log(material="paper", mass="1.25")
    assert receipt.first
    assert receipt.assessment.reduction_mg == 368_750  # 1.25 kg x 0.295 kg/kg
    assert receipt.assessment.points_mpt == 16_000  # 1 kg x 10 + 0.25 kg x 4 + 5 for the first
    assert receipt.action.department_id == scene.departments[0]
    assert receipt.action.institution_id == scene.institution_id
    balance = balance_of(db, member_id=scene.members[0])
    assert (balance.reduction_mg, balance.points_mpt) == (368_750, 16_000)
    assert [str(lot.expires_month) for lot in balance.lots] == ["2027-11-01"]
    (line,) = statement_of(db, member_id=scene.members[0], before_id=None, limit=10)
    assert (line.reduction_mg, line.points_mpt) == (368_750, 16_000)
    assert drifting_balances(db) == []


def test_the_receipt_explains_every_step_with_its_source(log: Callable[..., Receipt]) -> None:
    said = "".join(log(material="paper", mass="1.25").assessment.trace.sentences())
    assert "0.295" in said
    assert "来源" in said
    assert "368.75 g" in said


def test_the_same_reference_gives_the_same_receipt_and_nothing_more(
    db: Connection, scene: Scene, log: Callable[..., Receipt]
) -> None:
    reference = a_reference()
    first = log(reference=reference)
    again = log(reference=reference)
    assert not again.first
    assert first.action == again.action
    assert first.assessment.trace.to_json() == again.assessment.trace.to_json()
    assert balance_of(db, member_id=scene.members[0]).points_mpt == first.assessment.points_mpt


def test_a_repeat_gets_its_receipt_after_the_code_ran_out(
    scene: Scene, log: Callable[..., Receipt]
) -> None:
    reference, code = a_reference(), rotating(scene)
    first = log(reference=reference, code=code)
    again = log(reference=reference, code=code, occurred_at=NOW, now=NOW + timedelta(days=1))
    assert again.action == first.action


def test_the_same_reference_for_other_content_is_refused(log: Callable[..., Receipt]) -> None:
    reference = a_reference()
    log(reference=reference, mass="1")
    with pytest.raises(ReferenceMismatchError) as refused:
        log(reference=reference, mass="2")
    assert [field.field for field in refused.value.fields] == ["reference"]


def test_a_rotating_code_kept_without_a_network_counts_at_the_time_of_its_scan(
    scene: Scene, log: Callable[..., Receipt]
) -> None:
    scanned = NOW - timedelta(hours=23, minutes=30)
    kept = log(code=rotating(scene, scanned), occurred_at=scanned, position=None)
    assert (kept.action.tier, kept.action.occurred_on.isoformat()) == ("T2", "2026-11-17")


@pytest.mark.parametrize(
    "apart", [timedelta(minutes=-6), timedelta(minutes=12), timedelta(hours=1)]
)
def test_a_rotating_code_proves_no_other_time(
    scene: Scene, log: Callable[..., Receipt], apart: timedelta
) -> None:
    scanned = NOW - timedelta(minutes=90)
    with pytest.raises(EvidenceOutOfTimeError, match="扫码的时间"):
        log(code=rotating(scene, scanned), occurred_at=scanned + apart)


def test_a_rotating_code_older_than_a_day_is_refused(
    scene: Scene, log: Callable[..., Receipt]
) -> None:
    scanned = NOW - timedelta(hours=24, seconds=31)
    with pytest.raises(CodeExpiredError, match="最新的二维码"):
        log(code=rotating(scene, scanned), occurred_at=scanned)


@pytest.mark.parametrize(
    "changes",
    [
        {"position": None},
        {"position": replace(AT_THE_POINT, accuracy_m=101)},
        {"position": replace(AT_THE_POINT, accuracy_m=0)},
        {"position": replace(FAR_AWAY, accuracy_m=5_000)},
        {"occurred_at": NOW - timedelta(minutes=11)},
        {"occurred_at": NOW - timedelta(minutes=11), "position": FAR_AWAY},
    ],
)
def test_a_poster_without_proven_presence_is_the_member_s_word(
    scene: Scene, log: Callable[..., Receipt], changes: dict[str, object]
) -> None:
    for point in (scene.attended, scene.located):
        receipt = log(code=point.url, **changes)
        assert receipt.action.tier == "T0"
        assert receipt.assessment.reduction_mg == 0
        assert not receipt.assessment.ranked


def test_a_changed_character_is_refused(scene: Scene, log: Callable[..., Receipt]) -> None:
    code = rotating(scene)
    changed = code[:12] + ("A" if code[12] != "A" else "B") + code[13:]
    with pytest.raises(CodeForgedError):
        log(code=changed)


def test_a_revoked_print_batch_is_refused(
    db: Connection, scene: Scene, log: Callable[..., Receipt]
) -> None:
    revoke_batch(
        db, scene.attended.batch_id, reason="外传", scope=EVERYTHING, actor_id=None, at=NOW
    )
    with pytest.raises(CodeRevokedError):
        log()


def test_a_rotating_code_counts_once_per_member_and_step(
    scene: Scene, log: Callable[..., Receipt]
) -> None:
    code = rotating(scene)
    assert log(code=code).action.tier == "T2"
    with pytest.raises(EvidenceUsedError):
        log(code=code, material="glass")


def test_a_step_has_a_usage_limit(scene: Scene, log: Callable[..., Receipt]) -> None:
    code = rotating(scene)
    for member in scene.members[:USES_PER_STEP]:
        log(code=code, member_id=member)
    with pytest.raises(UsageLimitReachedError) as refused:
        log(code=code, member_id=scene.members[USES_PER_STEP])
    assert refused.value.retry_after == 30


def test_a_member_has_a_share_of_a_points_hour_and_closes_it_for_nobody(
    scene: Scene, log: Callable[..., Receipt]
) -> None:
    def at(minute: int, member: int = 0, material: str = "paper") -> Receipt:
        when = NOW.replace(minute=minute)
        later = NOW.replace(minute=40)
        member_id = scene.members[member]
        return log(occurred_at=when, now=later, member_id=member_id, material=material)

    for minute in range(HOURLY_SHARE):
        at(minute)
    with pytest.raises(UsageLimitReachedError, match="您在这个点位") as refused:
        at(30)
    assert refused.value.retry_after == 20 * 60
    at(30, member=1)


def test_in_an_hour_that_is_over_waiting_helps_nobody(
    scene: Scene, log: Callable[..., Receipt]
) -> None:
    assert scene.members
    before = NOW.replace(minute=0) - timedelta(hours=1)
    for minute in range(HOURLY_SHARE):
        log(occurred_at=before + timedelta(minutes=minute))
    with pytest.raises(UsageLimitPassedError) as refused:
        log(occurred_at=before + timedelta(minutes=50))
    assert refused.value.retry_after is None


def test_a_printed_code_counts_once_per_member_material_and_minute(
    log: Callable[..., Receipt],
) -> None:
    log(material="paper")
    log(material="glass")
    with pytest.raises(EvidenceUsedError):
        log(material="paper")
    log(material="paper", occurred_at=NOW - timedelta(minutes=1))


@pytest.mark.parametrize("position, tier, earns", [(AT_THE_POINT, "T1", True), (None, "T0", False)])
def test_without_a_position_a_located_point_earns_points_only(
    scene: Scene,
    log: Callable[..., Receipt],
    position: Position | None,
    tier: str,
    earns: bool,
) -> None:
    receipt = log(code=scene.located.url, position=position)
    assert receipt.action.tier == tier
    assert receipt.action.ranked is earns
    assert (receipt.assessment.reduction_mg > 0) is earns
    assert receipt.assessment.points_mpt > 0


def test_a_position_elsewhere_is_refused(scene: Scene, log: Callable[..., Receipt]) -> None:
    with pytest.raises(NotAtPointError, match="动态码"):
        log(code=scene.located.url, position=FAR_AWAY)


def test_a_printed_code_proves_nothing_a_day_later(log: Callable[..., Receipt]) -> None:
    assert log(occurred_at=NOW - timedelta(hours=25)).action.tier == "T0"


@pytest.mark.parametrize("age", [timedelta(days=8), timedelta(minutes=-5)])
def test_actions_long_past_or_still_to_come_are_refused(
    log: Callable[..., Receipt], age: timedelta
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        log(occurred_at=NOW - age)
    assert [field.field for field in refused.value.fields] == ["occurred_at"]


def test_a_late_upload_counts_in_its_own_day(log: Callable[..., Receipt]) -> None:
    late = log(occurred_at=datetime(2026, 11, 17, 15, 59, tzinfo=UTC))
    early = log(occurred_at=datetime(2026, 11, 17, 16, 1, tzinfo=UTC))
    assert str(late.action.occurred_on) == "2026-11-17"
    assert str(early.action.occurred_on) == "2026-11-18"


def test_out_of_hours_is_refused(scene: Scene, log: Callable[..., Receipt]) -> None:
    with pytest.raises(PlaceNotOpenError, match="周一至周五"):
        log(code=scene.located.url, occurred_at=datetime(2026, 11, 17, 12, tzinfo=UTC))


def test_a_paused_point_is_refused(
    db: Connection, scene: Scene, log: Callable[..., Receipt]
) -> None:
    update_place(
        db,
        scene.attended.place.id,
        {"state": PlaceState.PAUSED},
        scope=EVERYTHING,
        actor_id=None,
        at=NOW,
    )
    with pytest.raises(PlaceNotOpenError, match="其他点位"):
        log()


def test_a_class_the_point_does_not_take_is_refused(
    scene: Scene, log: Callable[..., Receipt]
) -> None:
    with pytest.raises(MaterialNotAcceptedError, match="有害垃圾"):
        log(code=scene.located.url, material="hazardous", position=AT_THE_POINT)


@pytest.mark.parametrize(
    "facts, field",
    [
        ({"mass": "0"}, "facts.mass"),
        ({"mass": "1.234"}, "facts.mass"),
        ({"mass": "51"}, "facts.mass"),
        ({"mass": "abc"}, "facts.mass"),
        ({"material": "gold"}, "facts.material"),
    ],
)
def test_wrong_facts_name_their_field(
    log: Callable[..., Receipt], facts: dict[str, str], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        log(**facts)
    assert [error.field for error in refused.value.fields] == [field]


def test_a_scan_shows_what_a_kilogram_would_earn_and_writes_nothing(
    db: Connection, scene: Scene, log: Callable[..., Receipt]
) -> None:
    def look() -> dict[str, int]:
        seen = scan(
            db,
            rulebook=RULEBOOK,
            keys=KEYS,
            member_id=scene.members[0],
            code=scene.attended.url,
            position=AT_THE_POINT,
            now=NOW,
        )
        return {offer.material: offer.assessment.points_mpt for offer in seen.offers}

    before = look()
    assert before == look()
    receipt = log(material="paper", mass="1")
    assert receipt.assessment.points_mpt == before["paper"]
    assert look()["paper"] < before["paper"]  # the first kilogram of the day is spent
