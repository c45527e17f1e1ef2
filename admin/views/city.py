"""The city: itself, its districts 块 and its systems 条, listed and added."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from admin.auth import CITY
from admin.forms.controls import Control, FormPage
from admin.forms.organisations import Coded
from admin.forms.people import PeopleNotice
from admin.forms.reading import filters
from backend.organisations.city import add_district, add_system
from backend.organisations.queries import DistrictView, districts, systems
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.transaction import connection

pages = Blueprint("city", __name__)


@pages.get("/city")
@console_roles(*CITY)
def listing() -> str:
    """The districts and systems of the city."""
    db = connection()
    return render_template(
        "organisations/city.html",
        districts=districts(db),
        systems=systems(db),
        city=_city(),
        done=filters(PeopleNotice)["done"],
    )


@pages.get("/city/districts/new")
@console_roles(*CITY)
def district() -> str:
    """The form of a new district; of the city itself when there is none."""
    return _district_form().show()


@pages.post("/city/districts/new")
@console_roles(*CITY)
def new_district() -> ResponseReturnValue:
    """Adds the city or a district, or shows the form again with what is wrong."""

    def add(values: Mapping[str, Any]) -> str:
        add_district(connection(), **values, now=now(), actor_id=actor().member_id)
        return url_for("city.listing", done="district_added")

    return _district_form().answer(Coded, add)


@pages.get("/city/systems/new")
@console_roles(*CITY)
def system() -> str:
    """The form of a new system."""
    return _system_form().show()


@pages.post("/city/systems/new")
@console_roles(*CITY)
def new_system() -> ResponseReturnValue:
    """Adds a system, or shows the form again with what is wrong."""

    def add(values: Mapping[str, Any]) -> str:
        add_system(connection(), **values, now=now(), actor_id=actor().member_id)
        return url_for("city.listing", done="system_added")

    return _system_form().answer(Coded, add)


def _city() -> DistrictView | None:
    return next((each for each in districts(connection()) if each.parent_id is None), None)


def _district_form() -> FormPage:
    city = _city()
    what = "区县" if city else "城市"
    code = f"6位数字，与{city.name}（{city.code}）同一前缀" if city else "6位数字，以00结尾"
    return _form(
        f"新建{what}",
        Control("code", "行政区划代码", f"{code}，如 {'330106' if city else '330100'}", "whole"),
        Control("name", "名称", "如 西湖区" if city else "如 杭州市"),
    )


def _system_form() -> FormPage:
    return _form(
        "新建系统",
        Control("code", "系统代码", "表格和报表中的简写，如 education，建后不变"),
        Control("name", "系统名称", "如 教育；每个单位属于一个系统"),
    )


def _form(title: str, *controls: Control) -> FormPage:
    back = url_for("city.listing")
    return FormPage(title, controls, title, back, [("区县与系统", back)])
