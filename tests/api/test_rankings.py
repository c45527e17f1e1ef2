"""GET /rankings: leaderboard, the caller's group, and why a group stands where it stands."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection

from backend.bootstrap import Backend
from backend.organisations.departments import create_department
from backend.people.memberships import begin_membership
from backend.people.service import create_member
from backend.rankings.jobs import rebuild
from miniprogram_api.app import create_app
from tests.builders.drop_offs import drop
from tests.builders.scene import Scene

Get = Callable[..., Any]


@pytest.fixture
def get(client: FlaskClient, member: dict[str, str]) -> Get:
    """Reads a path as the first member, or as whom the headers say."""

    def read(path: str, headers: dict[str, str] | None = None) -> Any:
        return client.get(f"/api/v1/rankings{path}", headers=headers or member)

    return read


@pytest.fixture
def ranked(scene: Scene, backend: Backend) -> Scene:
    """财务处 is ahead with 19 points, 综合处 has 15 and a third department has none."""
    with backend.engine.begin() as db:
        _log(db, backend, scene, member=6, mass="2")
        _log(db, backend, scene, member=0, mass="1")
        _department(db, backend, scene, "信息处", people=5)
        rebuild(db)
    return scene


def _log(db: Connection, backend: Backend, scene: Scene, *, member: int, mass: str) -> None:
    drop(
        db,
        rulebook=backend.rulebook,
        keys=backend.keys,
        member_id=scene.members[member],
        code=scene.attended.url,
        now=backend.clock.now(),
        mass=mass,
    )


def _department(
    db: Connection, backend: Backend, scene: Scene, name: str, *, people: int
) -> list[int]:
    """A further department with so many people; returns them."""
    now, start = backend.clock.now(), date(2020, 1, 1)
    department = create_department(
        db, institution_id=scene.institution_id, name=name, created_on=start, now=now
    )
    members = [create_member(db, display_name=f"{name}{n}", now=now) for n in range(people)]
    for member_id in members:
        begin_membership(
            db,
            member_id=member_id,
            institution_id=scene.institution_id,
            department_id=department,
            valid_from=start,
            now=now,
        )
    return members


def test_a_board_is_sorted_and_marks_the_callers_group(get: Get, ranked: Scene) -> None:
    board = get("?board=departments&measure=per_head").get_json()
    lines = [
        (line["rank"], line["name"], line["points_mpt"], line["own"]) for line in board["items"]
    ]
    assert lines == [
        (1, "示范局 · 财务处", 19_000, False),
        (2, "示范局 · 综合处", 15_000, True),
        (3, "示范局 · 信息处", 0, False),
    ]
    assert board["own"] == board["items"][1]
    assert board["own"]["subject"] == ranked.departments[0]
    assert board["items"][0]["points_per_head_mpt"] == 19_000 // 6
    assert board["season"] == {
        "name": "2026-11",
        "first": "2026-11-01",
        "last": "2026-11-30",
        "provisional": True,
        "closed_at": None,
        "restated_at": None,
    }
    assert "÷ 花名册人数" in board["formula"]


def test_groups_may_share_a_rank(get: Get, scene: Scene, backend: Backend) -> None:
    with backend.engine.begin() as db:
        for member in (0, 6):
            _log(db, backend, scene, member=member, mass="1")
        rebuild(db)
    board = get("").get_json()
    assert [(line["rank"], line["tied"]) for line in board["items"]] == [(1, True)] * 2


@pytest.mark.usefixtures("ranked")
def test_a_month_without_a_board_says_that_it_has_none(get: Get) -> None:
    board = get("?season=2026-10").get_json()
    assert (board["begun"], board["items"], board["own"]) == (False, [], None)


@pytest.mark.usefixtures("ranked")
@pytest.mark.parametrize("measure", ["index", "per_head", "total"])
def test_pages_of_a_board_hold_every_group_once(get: Get, measure: str) -> None:
    names: list[str] = []
    path = f"?limit=1&measure={measure}"
    page = get(path).get_json()
    while page["next_cursor"] is not None:
        names += [line["name"] for line in page["items"]]
        page = get(f"{path}&cursor={page['next_cursor']}").get_json()
    names += [line["name"] for line in page["items"]]
    assert names == ["示范局 · 财务处", "示范局 · 综合处", "示范局 · 信息处"]


@pytest.mark.usefixtures("ranked")
@pytest.mark.parametrize("board,name", [("institutions", "示范局"), ("districts", "西湖区")])
def test_wider_groups_have_their_boards(get: Get, board: str, name: str) -> None:
    (line,) = get(f"?board={board}").get_json()["items"]
    assert (line["name"], line["headcount"], line["own"]) == (name, 17, True)
    assert line["points_mpt"] == 34_000


def test_groups_of_fewer_than_five_people_stay_hidden(
    get: Get, ranked: Scene, backend: Backend, bearer: Callable[[int], dict[str, str]]
) -> None:
    with backend.engine.begin() as db:
        small = _department(db, backend, ranked, "小处", people=4)
        rebuild(db)
    headers = bearer(small[0])
    board = get("", headers).get_json()
    assert "小处" not in str(board)
    # Four of 21 would be what the institution's figures leave: they join the smallest department.
    assert (board["own"]["name"], board["own"]["headcount"]) == ("示范局 · 信息处", 9)
    assert board["own"]["joined"] == 4
    hidden = max(line["subject"] for line in board["items"]) + 1
    assert get(f"/departments/{hidden}/explanation", headers).status_code == 404


def test_a_line_is_recomputed_with_its_numbers(get: Get, ranked: Scene) -> None:
    subject = ranked.departments[0]
    answer = get(f"/departments/{subject}/explanation?measure=per_head").get_json()
    assert (answer["ahead"], answer["equal"], answer["groups"]) == (1, 0, 3)
    assert answer["line"]["points_per_head_mpt"] == 2_500
    assert "15 分 ÷ 6 人 ＝ 人均 2.5 分" in "".join(answer["sentences"])
    assert "排第 2 名" in answer["sentences"][-1]


@pytest.mark.usefixtures("ranked")
def test_what_is_not_on_a_board_is_not_found(get: Get) -> None:
    for path in ("/departments/999", "/nobody/1", "/departments/99999999999999999999"):
        assert get(f"{path}/explanation").status_code == 404


@pytest.mark.usefixtures("ranked")
def test_a_board_needs_no_redis(get: Get, member: dict[str, str], backend: Backend) -> None:
    gone = Redis(host="127.0.0.1", port=1, retry=Retry(NoBackoff(), 0))
    without_redis = create_app(replace(backend, redis=gone)).test_client()
    answer = without_redis.get("/api/v1/rankings", headers=member)
    assert answer.get_json() == get("").get_json()


def test_wrong_queries_are_named(get: Get) -> None:
    cases = [
        ("board=members", "board"),
        ("season=2026", "season"),
        ("season=2026-13", "season"),
        ("season=2027-01", "season"),
        ("measure=average", "measure"),
        ("cursor=abc", "cursor"),
        ("boards=districts", "boards"),
    ]
    for query, field in cases:
        answer = get(f"?{query}")
        assert answer.status_code == 422
        assert [error["field"] for error in answer.get_json()["errors"]] == [field], query
