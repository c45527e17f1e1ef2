import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import create_engine, make_url, text

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.people.models import Role
from tests.builders.town import Town

HTMX = {"HX-Request": "true"}


def _ids(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'href="/drop-offs/(\d+)"', page)]


def test_a_drop_off_stands_in_the_list_and_explains_itself(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int]
) -> None:
    action = drop_off(town.bureau_point, town.staff[0], material="paper", mass="1.5")
    row = admin.get("/drop-offs").text.split("<tbody")[-1]
    for words in (
        "11-18 10:00",
        "小林1",
        "市事务局 · 办公室",
        "事务局东门投放点",
        "废纸（办公纸、书报），1.5 kg",
        "T1",
    ):
        assert words in row
    page = admin.get(f"/drop-offs/{action}").text
    assert "复算一致" in page
    assert "废纸" in page
    assert "来源" in page
    assert "recycling.drop_off" in page
    assert "海报二维码" in page
    assert len(re.findall(r'class="digest">[0-9a-f]{64}<', page)) == 2


def test_an_award_that_no_longer_replays_is_said_so_loudly(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int], database: str
) -> None:
    action = drop_off(town.bureau_point, town.staff[0])
    _tamper(database, action)
    page = admin.get(f"/drop-offs/{action}")
    assert page.status_code == 200
    assert "与账本不一致" in page.text
    assert "复算一致" not in page.text


def _tamper(database: str, action: int) -> None:
    """Does as the owner of the tables what the application's role may not."""
    engine = create_engine(make_url(database).set(drivername="postgresql+psycopg"))
    with engine.begin() as db:
        db.execute(text("SET session_replication_role = replica"))
        db.execute(
            text("UPDATE action SET points_mpt = points_mpt + 1 WHERE id = :id"), {"id": action}
        )
    engine.dispose()


def test_only_what_is_new_comes_to_an_open_list(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int]
) -> None:
    first = drop_off(town.bureau_point, town.staff[0])
    poll = re.findall(r'hx-get="(/drop-offs/newest[^"]*)"', admin.get("/drop-offs").text)[0]
    assert admin.get(poll, headers=HTMX).status_code == 204
    second = drop_off(town.school_point, town.staff[1])
    third = drop_off(town.bureau_point, town.staff[2])
    part = admin.get(poll, headers=HTMX).text
    assert _ids(part) == [third, second]
    assert first not in _ids(part)
    following = re.findall(r'hx-get="(/drop-offs/newest[^"]*)"', part)[0]
    assert admin.get(following, headers=HTMX).status_code == 204


def test_an_open_list_can_be_held_still(admin: FlaskClient, town: Town) -> None:
    assert "hx-trigger" in admin.get(f"/drop-offs?place={town.bureau_point.place.id}").text
    held = admin.get("/drop-offs?live=0").text
    assert "hx-trigger" not in held
    assert "已暂停更新" in held


def test_older_pages_follow_without_a_gap(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int], clock: FixedClock
) -> None:
    made = []
    for number in range(33):
        clock.instant += timedelta(minutes=2)
        made.append(drop_off(town.bureau_point, town.staff[number % 12]))
        assert admin.get("/").status_code == 200  # a login that nobody uses ends
    first = admin.get("/drop-offs").text
    more = re.findall(r'rel="next" href="([^"]*)"', first)[0].replace("&amp;", "&")
    whole, part = admin.get(more).text, admin.get(more, headers=HTMX).text
    assert _ids(first) + _ids(whole) == made[::-1]
    assert _ids(part) == _ids(whole)
    assert "<html" in whole
    assert "<html" not in part
    assert 'rel="next"' not in part


def test_the_list_is_filtered_by_place_and_day(
    town: Town,
    drop_off: Callable[..., int],
    clock: FixedClock,
    login: Callable[[int], FlaskClient],
) -> None:
    bureau = drop_off(town.bureau_point, town.staff[0])
    school = drop_off(town.school_point, town.staff[1])
    clock.instant += timedelta(hours=14)  # 00:00 of the next day in Shanghai
    later = drop_off(town.school_point, town.staff[1])
    admin = login(town.officers[Role.CITY_ADMIN])
    place = town.school_point.place.id
    assert _ids(admin.get(f"/drop-offs?place={place}").text) == [later, school]
    assert _ids(admin.get("/drop-offs?on=2026-11-18").text) == [school, bureau]
    assert _ids(admin.get(f"/drop-offs?on=2026-11-19&place={place}").text) == [later]
    wrong = admin.get("/drop-offs?on=2026-02-30")
    assert wrong.status_code == 422
    assert "日期格式应为" in wrong.text


def test_an_attendant_sees_the_day_and_no_more(
    town: Town,
    drop_off: Callable[..., int],
    clock: FixedClock,
    login: Callable[[int], FlaskClient],
) -> None:
    yesterday = drop_off(town.bureau_point, town.staff[0])
    clock.instant += timedelta(hours=23)
    today = drop_off(town.bureau_point, town.staff[1])
    drop_off(town.school_point, town.staff[2])
    attendant = login(town.officers[Role.ATTENDANT])
    assert _ids(attendant.get("/drop-offs").text) == [today]
    assert attendant.get(f"/drop-offs/{yesterday}").status_code == 404
    manager = login(town.officers[Role.INSTITUTION_ADMIN])
    assert _ids(manager.get("/drop-offs").text) == [today, yesterday]


def test_names_stay_inside_the_readers_institutions(
    as_role: Callable[[Role], FlaskClient], town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[0])
    drop_off(town.school_point, town.staff[1])
    drop_off(town.bureau_point, town.citizen)
    seen = as_role(Role.INSTITUTION_ADMIN).get("/drop-offs").text
    assert "小林1" in seen
    assert "市民甲" not in seen
    assert "外单位人员" in seen
    assert "市民甲" in as_role(Role.CITY_ADMIN).get("/drop-offs").text


@pytest.mark.parametrize(
    "path", ["/drop-offs/0", "/drop-offs/-1", "/drop-offs/1e3", "/drop-offs/%00"]
)
def test_odd_addresses_are_no_pages(admin: FlaskClient, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_todays_figures_are_those_of_the_scope(
    as_role: Callable[[Role], FlaskClient], town: Town, drop_off: Callable[..., int]
) -> None:
    drop_off(town.bureau_point, town.staff[0])
    drop_off(town.hospital_point, town.staff[1])

    def figures(role: Role) -> list[str]:
        return re.findall(r'class="figure">([^<]*)<', as_role(role).get("/").text)

    assert figures(Role.CITY_ADMIN)[0] == "2"
    assert figures(Role.CITY_ADMIN)[3] == "2"
    assert figures(Role.INSTITUTION_ADMIN)[0] == "1"
    assert figures(Role.ATTENDANT)[0] == "1"
    assert figures(Role.DEPARTMENT_MANAGER) == []
    assert "待处理 2 项" in as_role(Role.CITY_ADMIN).get("/").text
    assert "后台任务" not in as_role(Role.INSTITUTION_ADMIN).get("/").text


def test_a_backlog_that_stands_is_said_so(
    town: Town,
    drop_off: Callable[..., int],
    backend: Backend,
    login: Callable[[int], FlaskClient],
) -> None:
    drop_off(town.bureau_point, town.staff[0])
    with backend.engine.begin() as db:
        db.execute(
            text("UPDATE outbox SET created_at = :at"),
            {"at": backend.clock.now() - timedelta(minutes=5)},
        )
    assert "后台任务积压" in login(town.officers[Role.CITY_ADMIN]).get("/").text
