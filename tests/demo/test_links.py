"""The printed links let people in once; the printed posters work at any hour."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from backend.bootstrap import Backend
from backend.clock import SHANGHAI, business_day
from backend.demo.links import print_links
from backend.people.models import Face, Role
from backend.people.service import LoginLinkInvalidError, log_in_link
from backend.places.codes import CodeRevokedError
from tests.builders.drop_offs import code_on_screen, drop

_LINE = re.compile(r"  (\S+) +(\S.*?) +(http\S+)")


def printed(backend: Backend) -> dict[str, str]:
    """The addresses by label."""
    lines: list[str] = []
    print_links(backend, lines.append)
    found = [_LINE.fullmatch(line) for line in lines]
    return {match[1]: match[3] for match in found if match}


@pytest.fixture
def db(tiny: Backend) -> Iterator[Connection]:
    """A transaction on the tiny city that leaves no trace."""
    with tiny.engine.connect() as connection:
        yield connection
        connection.rollback()


CONSOLE = {
    "市级管理员": Role.CITY_ADMIN,
    "区县管理员": Role.DISTRICT_MANAGER,
    "单位管理员": Role.INSTITUTION_ADMIN,
    "部门管理员": Role.DEPARTMENT_MANAGER,
    "审计员": Role.AUDITOR,
    "督导员": Role.ATTENDANT,
}


@pytest.mark.parametrize("label,role", CONSOLE.items())
def test_a_console_link_opens_its_role_once(
    tiny: Backend, db: Connection, label: str, role: Role
) -> None:
    base, _, code = printed(tiny)[label].rpartition("/login/link/")
    assert base == tiny.settings.console_url
    now = tiny.clock.now()
    with pytest.raises(LoginLinkInvalidError):
        log_in_link(db, code=code, purpose=Face.API, now=now)
    session = log_in_link(db, code=code, purpose=Face.CONSOLE, now=now)
    assert role in {grant.role for grant in session.member.roles}
    with pytest.raises(LoginLinkInvalidError):
        log_in_link(db, code=code, purpose=Face.CONSOLE, now=now)


@pytest.mark.parametrize("label,has_institution", [("职工", True), ("市民", False)])
def test_a_member_link_opens_the_phone_pages(
    tiny: Backend, db: Connection, label: str, has_institution: bool
) -> None:
    base, _, code = printed(tiny)[label].rpartition("/login/link/")
    assert base == tiny.settings.public_url
    session = log_in_link(db, code=code, purpose=Face.API, now=tiny.clock.now())
    assert (session.member.membership is not None) is has_institution
    assert not session.member.roles


@pytest.mark.parametrize(
    "label,has_institution", [("职工（客户端）", True), ("市民（客户端）", False)]
)
def test_a_member_link_opens_the_client(
    tiny: Backend, db: Connection, label: str, has_institution: bool
) -> None:
    page, _, code = printed(tiny)[label].partition("?code=")
    assert page == f"{tiny.settings.public_url}/app/#/pages/login/login"
    session = log_in_link(db, code=code, purpose=Face.API, now=tiny.clock.now())
    assert (session.member.membership is not None) is has_institution


def test_a_link_dies_after_a_day(tiny: Backend, db: Connection) -> None:
    code = printed(tiny)["职工"].rpartition("/")[2]
    later = tiny.clock.now() + timedelta(hours=24, seconds=1)
    with pytest.raises(LoginLinkInvalidError):
        log_in_link(db, code=code, purpose=Face.API, now=later)


def test_links_are_fresh_at_each_start(tiny: Backend) -> None:
    first, second = printed(tiny), printed(tiny)
    assert first["海报"] == second["海报"]
    assert first["职工"] != second["职工"]


def shown_member(db: Connection, backend: Backend) -> int:
    code = printed(backend)["职工"].rpartition("/")[2]
    return log_in_link(db, code=code, purpose=Face.API, now=backend.clock.now()).member.id


def drop_off(backend: Backend, db: Connection, url: str, now: datetime) -> str:
    receipt = drop(
        db,
        rulebook=backend.rulebook,
        keys=backend.keys,
        member_id=shown_member(db, backend),
        code=url,
        now=now,
        reference=uuid4().hex,
        mass="1.00",
        position=None,
    )
    assert receipt.assessment.points_mpt > 0
    return receipt.action.tier


@pytest.mark.parametrize("day", range(7))
@pytest.mark.parametrize("hour", [0, 4, 12, 23])
def test_the_screen_s_code_earns_in_full_at_any_hour(
    tiny: Backend, db: Connection, day: int, hour: int
) -> None:
    now = datetime(2026, 11, 18, hour, 30, tzinfo=SHANGHAI) + timedelta(days=day)
    place_id = int(printed(tiny)["动态码屏幕"].split("/")[-2])
    assert drop_off(tiny, db, code_on_screen(tiny.keys, place_id, now), now) == "T2"


def test_the_printed_poster_is_the_member_s_word(tiny: Backend, db: Connection) -> None:
    assert drop_off(tiny, db, printed(tiny)["海报"], tiny.clock.now()) == "T0"


def test_the_member_shown_has_a_history_but_none_today(tiny: Backend, db: Connection) -> None:
    before, today = db.execute(
        text("""
            SELECT count(*) FILTER (WHERE occurred_on < :today),
                   count(*) FILTER (WHERE occurred_on = :today)
              FROM action WHERE member_id = :member
        """),
        {
            "member": shown_member(db, tiny),
            "today": business_day(tiny.clock.now()),
        },
    ).one()
    assert before > 0
    assert today == 0


def test_the_revoked_poster_is_refused(tiny: Backend, db: Connection) -> None:
    with pytest.raises(CodeRevokedError):
        drop_off(tiny, db, printed(tiny)["作废海报"], tiny.clock.now())


def test_the_screen_is_of_the_poster_s_point(tiny: Backend) -> None:
    ways = printed(tiny)
    place_id = int(re.findall(r"/p/R(\d{7})\?k=", ways["海报"])[0])
    assert ways["动态码屏幕"] == f"{tiny.settings.console_url}/places/{place_id}/screen"


def test_columns_line_up_on_a_terminal(tiny: Backend) -> None:
    lines: list[str] = []
    print_links(tiny, lines.append)
    widths = {
        len(line[: line.index("http")].encode("gbk")) for line in lines[1:7]
    }  # in GBK a Chinese character is two bytes, as it is two columns
    assert len(widths) == 1


def test_without_a_demo_nobody_gets_a_link(backend: Backend) -> None:
    lines: list[str] = []
    print_links(backend, lines.append)
    assert len(lines) == 1
    assert "demo seed" in lines[0]
    with backend.engine.connect() as db:
        assert db.execute(text("SELECT count(*) FROM login_link")).scalar_one() == 0


@pytest.mark.parametrize("label,kind", [("食堂动态码", "canteen"), ("楼梯动态码", "stairwell")])
def test_the_other_screens_belong_to_their_kind_of_place(
    tiny: Backend, db: Connection, label: str, kind: str
) -> None:
    path = printed(tiny)[label].removeprefix(tiny.settings.console_url)
    place_id = int(path.split("/")[2])
    found = db.execute(text("SELECT kind FROM place WHERE id = :id"), {"id": place_id}).scalar_one()
    assert found == kind
