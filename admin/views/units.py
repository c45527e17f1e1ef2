"""Institutions made, closed and reported on: what the console changes of a unit as a whole."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_WRITERS, UNIT_MAKERS, scope
from admin.forms.controls import Control, FormPage
from admin.forms.organisations import Closing, NewInstitution, YearlyFigures
from backend.clock import business_day
from backend.organisations.import_rows import KIND_WORDS
from backend.organisations.policy import invalid
from backend.organisations.queries import (
    DistrictView,
    InstitutionView,
    districts,
    institution_named,
    institution_years,
    systems,
)
from backend.organisations.service import create_institution, record_year
from backend.people.access import institution_in_scope
from backend.people.memberships import close_institution
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.transaction import connection

pages = Blueprint("units", __name__)


@pages.get("/institutions/new")
@console_roles(*UNIT_MAKERS)
def new() -> str:
    """The form of a new institution."""
    return _new_form().show()


@pages.post("/institutions/new")
@console_roles(*UNIT_MAKERS)
def create() -> ResponseReturnValue:
    """Makes the institution, or shows the form again with what is wrong."""

    def make(values: Mapping[str, Any]) -> str:
        chosen = dict(values)
        same_name = chosen.pop("same_name")
        if chosen["district_id"] not in {each.id for each in _districts()}:
            raise invalid("district_id", "请从列出的区县中选择。")
        if chosen["system_id"] not in {each.id for each in systems(connection())}:
            raise invalid("system_id", "请从列出的系统中选择。")
        if not same_name:
            _refuse_same_name(chosen["name"])
        made = create_institution(connection(), **chosen, now=now(), actor_id=actor().member_id)
        return url_for("institutions.detail", institution_id=made, done="created")

    return _new_form().answer(NewInstitution, make)


def _refuse_same_name(name: str) -> None:
    found = institution_named(connection(), name=name, on=business_day(now()))
    if found is not None:
        raise invalid(
            "name",
            f"已有同名单位“{found.name}”（{found.credit_code}）；"
            "确实是另一个单位时，请勾选“与同名单位不是同一个”。",
        )


def _districts() -> list[DistrictView]:
    """The districts in which the caller may found a unit: its own, not the city as a whole."""
    within = scope(UNIT_MAKERS)
    found = districts(connection())
    return [each for each in found if within.everything or each.id in within.district_ids]


def _new_form() -> FormPage:
    back = url_for("institutions.listing")
    lines = [(str(each.id), each.name) for each in systems(connection())]
    blocks = [(str(each.id), each.name) for each in _districts()]
    missing = "" if lines and blocks else "新建单位之前，请先新建区县和系统（单位 › 区县与系统）。"
    controls = (
        Control("credit_code", "统一社会信用代码", "18位，与登记证书一致"),
        Control("name", "单位名称", "全称，1 至 100 个字，不含“/”"),
        Control("short_name", "简称", "榜单上显示的叫法；留空时显示全称", required=False),
        Control("district_id", "区县（块）", "", "choice", options=[("", "请选择"), *blocks]),
        Control("system_id", "系统（条）", "", "choice", options=[("", "请选择"), *lines]),
        Control(
            "kind",
            "单位性质",
            "",
            "choice",
            options=[("", "请选择"), *((kind.value, word) for kind, word in KIND_WORDS.items())],
        ),
        Control("opened_on", "成立日期", "登记证书上的成立日期", "date"),
        Control(
            "same_name", "与同名单位不是同一个", "已有同名单位时才需要勾选", "tick", required=False
        ),
    )
    return FormPage("新建单位", controls, "新建单位", back, [("单位", back)], idle=missing)


@pages.get("/institutions/<int:institution_id>/close")
@console_roles(*UNIT_MAKERS)
def closing(institution_id: int) -> str:
    """Says what closing an institution does, and asks from when on."""
    return _closing_form(_unit(institution_id, UNIT_MAKERS)).show()


@pages.post("/institutions/<int:institution_id>/close")
@console_roles(*UNIT_MAKERS)
def close(institution_id: int) -> ResponseReturnValue:
    """Closes the institution, its departments and memberships, from a day on."""
    unit = _unit(institution_id, UNIT_MAKERS)

    def end(values: Mapping[str, Any]) -> str:
        close_institution(
            connection(),
            institution_id=institution_id,
            **values,
            now=now(),
            actor_id=actor().member_id,
        )
        return url_for("institutions.detail", institution_id=institution_id, done="closed")

    return _closing_form(unit).answer(Closing, end)


def _closing_form(unit: InstitutionView) -> FormPage:
    return FormPage(
        f"撤销{unit.name}",
        [Control("closed_on", "撤销日期", "不再存在的第一天", "date", value=_today())],
        "撤销单位",
        _back(unit.id),
        crumbs_of(unit),
        told="自这一天起，单位和它的全部部门不再存在，成员不再属于本单位；已有的记录、积分和排行保留。"
        "撤销不能在这里撤回。",
        final=True,
        idle=f"该单位已于 {unit.closed_on} 撤销，无需重复操作。" if unit.closed_on else "",
    )


@pages.get("/institutions/<int:institution_id>/years/new")
@console_roles(*PLACE_WRITERS)
def year(institution_id: int) -> str:
    """The form of a year's headcount and floor area."""
    return _year_form(_unit(institution_id, PLACE_WRITERS)).show()


@pages.post("/institutions/<int:institution_id>/years/new")
@console_roles(*PLACE_WRITERS)
def report_year(institution_id: int) -> ResponseReturnValue:
    """Writes a year's headcount and floor area, or shows the form again with what is wrong."""
    unit = _unit(institution_id, PLACE_WRITERS)

    def write(values: Mapping[str, Any]) -> str:
        record_year(
            connection(),
            institution_id=institution_id,
            **values,
            now=now(),
            actor_id=actor().member_id,
        )
        return url_for("institutions.detail", institution_id=institution_id, done="reported")

    return _year_form(unit).answer(YearlyFigures, write)


def _year_form(unit: InstitutionView) -> FormPage:
    reported = institution_years(connection(), institution_ids=[unit.id]).get(unit.id, ())
    this = business_day(now()).year
    latest = next((each for each in reported if each.year == this), None)
    return FormPage(
        f"填报{unit.name}的人数与面积",
        [
            Control("year", "年度", "如 2026", "whole", value=str(this)),
            Control(
                "headcount",
                "用能人数",
                "该年度用能的人数，整数",
                "whole",
                value=str(latest.headcount) if latest else "",
            ),
            Control(
                "floor_area_m2",
                "建筑面积（m²）",
                "最多两位小数，不加千分号",
                "decimal",
                value=str(latest.floor_area_m2) if latest else "",
            ),
        ],
        "保存",
        _back(unit.id),
        crumbs_of(unit),
        told="同一年度再次填报时，以最后一次为准；每次填报都写入审计记录。",
    )


def crumbs_of(unit: InstitutionView) -> list[tuple[str, str]]:
    """The way to what belongs to an institution."""
    return [("单位", url_for("institutions.listing")), (unit.name, _back(unit.id))]


def _unit(institution_id: int, roles: tuple[Any, ...]) -> InstitutionView:
    return institution_in_scope(connection(), actor(), institution_id, roles=roles)


def _back(institution_id: int) -> str:
    return url_for("institutions.detail", institution_id=institution_id)


def _today() -> str:
    return business_day(now()).isoformat()
