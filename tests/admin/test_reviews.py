"""An administrator posts, voids and takes back awards in their scope, once, with a reason."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from backend.bootstrap import Backend
from backend.ledger.queries import balance_of
from backend.people.models import Role
from tests.builders.town import Town

REASON = {"reason": "与点位过磅记录相符"}


@pytest.fixture
def held(town: Town, drop_off: Callable[..., int]) -> int:
    return drop_off(town.bureau_point, town.staff[0], mass="31")


def _points(backend: Backend, member_id: int) -> int:
    with backend.engine.begin() as db:
        return balance_of(db, member_id=member_id).points_mpt


def test_a_held_award_is_listed_and_posted_once(
    admin: FlaskClient, town: Town, backend: Backend, held: int
) -> None:
    assert "自报质量超过 30 kg" in admin.get("/reviews").text
    page = admin.get(f"/reviews/{held}").text
    assert "审核通过，入账" in page
    assert "<dt>行为</dt><dd>分类投放</dd>" in page
    assert "<dt>质量</dt><dd>31 kg</dd>" in page
    assert _points(backend, town.staff[0]) == 0
    posted = admin.post(f"/reviews/{held}", data={**REASON, "verdict": "posted"})
    assert posted.status_code == 303
    assert "积分和减排量已入账" in admin.get(posted.location).text
    assert _points(backend, town.staff[0]) > 0
    again = admin.post(f"/reviews/{held}", data={**REASON, "verdict": "voided"})
    assert again.status_code == 409
    assert "没有待审核的入账" in admin.get("/reviews").text
    assert "审核通过" in admin.get("/audit").text


def test_a_voided_award_earns_nothing(
    admin: FlaskClient, town: Town, backend: Backend, held: int
) -> None:
    admin.post(f"/reviews/{held}", data={**REASON, "verdict": "voided"})
    assert _points(backend, town.staff[0]) == 0
    assert "审核未通过" in admin.get(f"/drop-offs/{held}").text


def test_an_award_is_taken_back_with_a_reason(
    admin: FlaskClient, town: Town, backend: Backend, drop_off: Callable[..., int]
) -> None:
    action = drop_off(town.bureau_point, town.staff[1])
    assert f"/reviews/{action}" in admin.get(f"/drop-offs/{action}").text
    refused = admin.post(f"/reviews/{action}", data={"verdict": "reversed"})
    assert refused.status_code == 422
    assert _points(backend, town.staff[1]) > 0
    admin.post(f"/reviews/{action}", data={**REASON, "verdict": "reversed"})
    assert _points(backend, town.staff[1]) == 0
    assert "已撤销" in admin.get(f"/drop-offs/{action}").text
    with backend.engine.begin() as db:
        waiting = db.scalars(text("SELECT payload FROM outbox WHERE kind = 'award.posted'")).all()
    assert waiting.count({"action_id": action}) == 2


def test_an_auditor_only_looks(as_role: Callable[[Role], FlaskClient], held: int) -> None:
    auditor = as_role(Role.AUDITOR)
    assert "<form" not in auditor.get(f"/reviews/{held}").text.partition("<main")[2]
    answer = auditor.post(f"/reviews/{held}", data={**REASON, "verdict": "posted"})
    assert answer.status_code == 403


def test_names_stay_inside_the_readers_institutions(
    as_role: Callable[[Role], FlaskClient], town: Town, drop_off: Callable[..., int]
) -> None:
    held = drop_off(town.bureau_point, town.citizen, mass="31")
    for page in ("/reviews", f"/reviews/{held}"):
        seen = as_role(Role.INSTITUTION_ADMIN).get(page).text
        assert "外单位人员" in seen
        assert "市民甲" not in seen
        assert "市民甲" in as_role(Role.CITY_ADMIN).get(page).text
