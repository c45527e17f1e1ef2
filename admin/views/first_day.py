"""What an installation still needs before its first drop-off, step by step."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import url_for

from admin.auth import CITY, may
from backend.actions.queries import begun
from backend.organisations.city import founded
from backend.people.roster import anybody_enrolled
from backend.web.transaction import connection


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the first day.

    Attributes:
        name: what comes to stand.
        purpose: what to do.
        done: whether it stands.
        links: name and address of the pages that do it.
    """

    name: str
    purpose: str
    done: bool
    links: tuple[tuple[str, str], ...]


def first_steps() -> tuple[Step, ...]:
    """The steps, for who may take them all; none once everything stands."""
    if not may(*CITY):
        return ()
    steps = (*_of_the_organisation(), *_of_the_points())
    return () if all(step.done for step in steps) else steps


def _of_the_organisation() -> Iterator[Step]:
    there = founded(connection())
    table = ("从表格导入", url_for("imports.organisations"))
    yield Step(
        "城市与区县",
        "新建城市本身和它的区县，单位将归入其中",
        there.city and there.districts,
        (("新建", url_for("city.district")), table),
    )
    yield Step(
        "系统",
        "单位所属的条线，如 机关、教育、卫生",
        there.systems,
        (("新建", url_for("city.system")), table),
    )
    yield Step(
        "单位",
        "参加碳普惠的公共机构，以统一社会信用代码为准",
        there.institutions,
        (("新建", url_for("units.new")), table),
    )
    yield Step(
        "部门与花名册",
        "在单位页面新建部门，再导入花名册或生成邀请码，成员由此绑定",
        there.departments and anybody_enrolled(connection()),
        (("打开单位", url_for("institutions.listing")), ("导入花名册", url_for("imports.roster"))),
    )


def _of_the_points() -> Iterator[Step]:
    begins = begun(connection())
    yield Step(
        "点位与海报",
        "新建回收投放点，生成海报并张贴",
        begins.places and begins.posters,
        (("新建点位", url_for("places.new")), ("点位", url_for("places.listing"))),
    )
    yield Step(
        "第一笔投放",
        "成员用手机扫描海报或动态码，记下第一笔；入账后这里不再显示",
        begins.actions,
        (("行为", url_for("drop_offs.listing")),),
    )
