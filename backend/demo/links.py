"""Prints the ways into the demo city: one-time login links, a poster and a screen."""

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Select, exists, func, or_, select

from backend.actions.models import Action
from backend.bootstrap import Backend
from backend.clock import business_day
from backend.demo.organisation import DEMO_BODY
from backend.organisations.models import Department, Institution
from backend.people.models import Face, Member, Membership, Role, RoleGrant
from backend.people.service import create_login_link
from backend.places.codes import PrintedCode, printed_url
from backend.places.models import Place, PlaceKind, PlaceState, PrintBatch
from backend.places.policy import is_open

LIFE: Final = timedelta(hours=24)

_CONSOLE: Final = (
    (Role.CITY_ADMIN, "市级管理员"),
    (Role.DISTRICT_MANAGER, "区县管理员"),
    (Role.INSTITUTION_ADMIN, "单位管理员"),
    (Role.DEPARTMENT_MANAGER, "部门管理员"),
    (Role.AUDITOR, "审计员"),
    (Role.ATTENDANT, "督导员"),
)

# The number of a demo institution stands in its 统一社会信用代码.
_NUMBER: Final = func.substr(Institution.credit_code, 9, 8)

Echo = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Way:
    """One line: what it is, for whom or where, and the address."""

    label: str
    note: str
    url: str


def print_links(backend: Backend, echo: Echo) -> None:
    """Makes fresh login links of the demo accounts and prints them with a poster and a screen.

    Only accounts of the demo city get links. Commits itself.

    Args:
        backend: the installation.
        echo: prints one line.
    """
    now = backend.clock.now()
    with backend.engine.begin() as db:
        if not db.scalar(select(exists(_demo_institutions()))):
            echo(
                "没有演示账号。建立第一位管理员：tanpuhui people admin 姓名；"
                "空数据库也可以载入演示城市：tanpuhui demo seed"
            )
            return
        console = list(_console_ways(db, backend, now))
        phones = list(_phone_ways(db, backend, now))
        places = [*_place_ways(db, backend, now), *_other_screens(db, backend)]
    hours = LIFE // timedelta(hours=1)
    _print(echo, f"管理台登录链接（一次有效，{hours} 小时内）", console)
    _print(echo, f"手机页面登录链接（一次有效，{hours} 小时内）", phones)
    _print(echo, "点位", places)


def _demo_institutions() -> Select[int]:
    return select(Institution.id).where(func.substr(Institution.credit_code, 9, 3) == DEMO_BODY)


def _staff(today: date) -> Select[int, str, str, str | None]:
    """Active members of demo institutions on a day, with their institution and department.

    Those of the first institution come first, in the order in which they were entered.
    """
    return (
        select(Member.id, Member.display_name, Institution.short_name, Department.name)
        .join(Membership, Membership.member_id == Member.id)
        .join(Institution, Institution.id == Membership.institution_id)
        .outerjoin(Department, Department.id == Membership.department_id)
        .where(
            Member.deactivated_at.is_(None),
            Member.erased_at.is_(None),
            Membership.valid_from <= today,
            or_(Membership.valid_until.is_(None), Membership.valid_until > today),
            Institution.id.in_(_demo_institutions()),
        )
        .order_by(_NUMBER, Member.id)
        .limit(1)
    )


def _console_ways(db: Connection, backend: Backend, now: datetime) -> Iterator[_Way]:
    """A link to the console for one holder of each role."""
    for role, label in _CONSOLE:
        holder = db.execute(
            _staff(business_day(now))
            .join(RoleGrant, RoleGrant.member_id == Member.id)
            .where(RoleGrant.role == role.value, RoleGrant.revoked_at.is_(None))
        ).one_or_none()
        if holder is not None:
            member_id, name, institution, _ = holder
            url = _login_url(db, backend, member_id, Face.CONSOLE, now)
            yield _Way(label, f"{name} · {institution}", url)


def _phone_ways(db: Connection, backend: Backend, now: datetime) -> Iterator[_Way]:
    """Links for a member of staff without a role and for a citizen.

    Each to the pages that need no JavaScript, and to the client.
    """
    has_role = exists().where(RoleGrant.member_id == Member.id, RoleGrant.revoked_at.is_(None))
    staff = db.execute(_staff(business_day(now)).where(~has_role)).one_or_none()
    if staff is not None:
        member_id, name, institution, department = staff
        note = f"{name} · {institution} · {department}"
        yield _Way("职工", note, _login_url(db, backend, member_id, Face.API, now))
        yield _Way("职工（客户端）", note, _client_url(db, backend, member_id, now))
    citizen = db.execute(
        select(Member.id, Member.display_name)
        .where(
            Member.deactivated_at.is_(None),
            Member.erased_at.is_(None),
            ~exists().where(Membership.member_id == Member.id),
        )
        .order_by(exists().where(Action.member_id == Member.id).desc(), Member.id)
        .limit(1)
    ).one_or_none()
    if citizen is not None:
        note = f"{citizen.display_name} · 不参加部门排名"
        yield _Way("市民", note, _login_url(db, backend, citizen.id, Face.API, now))
        yield _Way("市民（客户端）", note, _client_url(db, backend, citizen.id, now))


def _login_url(db: Connection, backend: Backend, member_id: int, face: Face, now: datetime) -> str:
    code = create_login_link(db, member_id=member_id, purpose=face, ttl=LIFE, now=now)
    settings = backend.settings
    base = settings.console_url if face is Face.CONSOLE else settings.public_url
    return f"{base}/login/link/{code}"


def _client_url(db: Connection, backend: Backend, member_id: int, now: datetime) -> str:
    code = create_login_link(db, member_id=member_id, purpose=Face.API, ttl=LIFE, now=now)
    return f"{backend.settings.public_url}/app/#/pages/login/login?code={code}"


def _place_ways(db: Connection, backend: Backend, now: datetime) -> Iterator[_Way]:
    """The screen and the poster of a point that is open now; a revoked poster."""
    settings = backend.settings
    posters = db.execute(
        select(Place.id, Place.code, Place.name, Place.hours, PrintBatch.key)
        .join(PrintBatch, PrintBatch.place_id == Place.id)
        .join(Institution, Institution.id == Place.institution_id)
        .where(
            Institution.id.in_(_demo_institutions()),
            Place.state == PlaceState.OPEN.value,
            PrintBatch.revoked_at.is_(None),
        )
        .order_by(_NUMBER, Place.id, PrintBatch.id.desc())
    )
    shown = next((row for row in posters if is_open(row.hours, now)), None)
    if shown is not None:
        poster = PrintedCode(shown.code, shown.key)
        yield _Way("海报", f"{shown.name} · 现在开放", printed_url(settings.public_url, poster))
        screen = f"{settings.console_url}/places/{shown.id}/screen"
        yield _Way("动态码屏幕", f"{shown.name} · 先登录管理台", screen)
    revoked = db.execute(
        select(Place.code, Place.name, PrintBatch.key)
        .join(PrintBatch, PrintBatch.place_id == Place.id)
        .where(Place.institution_id.in_(_demo_institutions()), PrintBatch.revoked_at.is_not(None))
        .order_by(PrintBatch.id)
        .limit(1)
    ).one_or_none()
    if revoked is not None:
        poster = PrintedCode(revoked.code, revoked.key)
        url = printed_url(settings.public_url, poster)
        yield _Way("作废海报", f"{revoked.name} · 扫码会被拒绝", url)


def _other_screens(db: Connection, backend: Backend) -> Iterator[_Way]:
    """The screens of a canteen and a stairwell of the first institution."""
    for kind, label in ((PlaceKind.CANTEEN, "食堂动态码"), (PlaceKind.STAIRWELL, "楼梯动态码")):
        place = db.execute(
            select(Place.id, Place.name)
            .join(Institution, Institution.id == Place.institution_id)
            .where(
                Institution.id.in_(_demo_institutions()),
                Place.kind == kind.value,
                Place.state == PlaceState.OPEN.value,
            )
            .order_by(_NUMBER, Place.id)
            .limit(1)
        ).one_or_none()
        if place is not None:
            screen = f"{backend.settings.console_url}/places/{place.id}/screen"
            yield _Way(label, f"{place.name} · 先登录管理台", screen)


def _print(echo: Echo, title: str, ways: Sequence[_Way]) -> None:
    """Prints ways under a title, in columns."""
    if not ways:
        return
    labels = max(_width(way.label) for way in ways)
    notes = max(_width(way.note) for way in ways)
    echo(title)
    for way in ways:
        echo(f"  {_padded(way.label, labels)}  {_padded(way.note, notes)}  {way.url}")


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
