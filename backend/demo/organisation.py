"""The demo city's districts, systems, institutions, departments and yearly figures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isqrt
from random import Random
from typing import Final

from sqlalchemy import Connection

from backend.demo.catalogue import (
    CITY,
    DISTRICTS,
    SECTIONS,
    SYSTEMS,
    TYPES,
    WORDS,
    DistrictSite,
    InstitutionType,
)
from backend.demo.draws import apportion
from backend.demo.scale import Scale
from backend.organisations import departments, queries, service
from backend.organisations.models import InstitutionKind
from backend.organisations.policy import credit_code_check_character

DEMO_BODY: Final = "TPH"
"""How the 主体标识码 (characters 9 to 17) of every demo institution begins; no real one does."""

_CODE_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_KIND_DIGITS: Final = {
    InstitutionKind.STATE_ORGAN: "1",
    InstitutionKind.PUBLIC_INSTITUTION: "2",
    InstitutionKind.ASSOCIATION: "3",
}
_CITYWIDE: Final = 2
_FIRST_WITH_SECTIONS: Final = 6
_YEARS_REPORTED: Final = 3


@dataclass(frozen=True, slots=True)
class InstitutionPlan:
    """An institution before it has ids.

    Attributes:
        number: its number in the demo, from 0.
        type: what it is.
        site: the district it lies in.
        word: the word of its name.
        staff: how many accounts its staff have.
        departments: how many departments it has.
        citizens: how many citizens live near and use its points.
        points: how many recycling points it has.
        citywide: it belongs to the city itself and bears its name.
        leads_district: the manager of its district is one of its staff.
        last: it is the last one of the demo.
        opened_on: the first day on which it exists.
        area_m2: 建筑面积.
        headcounts: 用能人数 of the last years, the latest last.
    """

    number: int
    type: InstitutionType
    site: DistrictSite
    word: str
    staff: int
    departments: int
    citizens: int
    points: int
    citywide: bool
    leads_district: bool
    last: bool
    opened_on: date
    area_m2: Decimal
    headcounts: tuple[int, ...]

    @property
    def short_name(self) -> str:
        """What boards show."""
        return self.word + self.type.short


@dataclass(frozen=True, slots=True)
class DemoInstitution:
    """An institution as built: its plan, and ids: its own, the district's, the departments'."""

    plan: InstitutionPlan
    id: int
    district_id: int
    leaves: tuple[int, ...]


def demo_credit_code(number: int, *, kind: InstitutionKind, district_code: str) -> str:
    """A well-formed 统一社会信用代码 (GB 32100-2015) that no real institution has.

    Args:
        number: 0 to 99,999, one an institution.
        kind: 单位性质.
        district_code: 行政区划代码 of where it is registered.
    """
    body = f"{DEMO_BODY}{number:05d}"
    total = sum(
        weight * (int(character) if character.isdigit() else ord(character) - 55)
        for weight, character in zip(_CODE_WEIGHTS, body, strict=True)
    )
    check = "0123456789X0"[11 - total % 11]  # GB 11714: 10 is written X, 11 is 0
    first_17 = f"1{_KIND_DIGITS[kind]}{district_code}{body}{check}"
    return first_17 + credit_code_check_character(first_17)


def plan_institutions(scale: Scale, chance: Random) -> list[InstitutionPlan]:
    """Draws the institutions of a scale."""
    sites = DISTRICTS[: scale.districts]
    types = [TYPES[number % len(TYPES)] for number in range(scale.institutions)]
    weights = [max(10, round(each.staff * chance.lognormvariate(0, 0.25))) for each in types]
    staff = apportion(scale.members - scale.citizens, weights, minimum=8)
    trees = apportion(scale.departments, [isqrt(weight) for weight in weights], minimum=2)
    citizens = apportion(scale.citizens, weights, minimum=0)
    points = apportion(scale.points, weights, minimum=2)
    plans = []
    led: set[str] = set()
    for number, each in enumerate(types):
        cycle, type_number = divmod(number, len(TYPES))
        place = (cycle + type_number) % len(sites)
        usual = max(staff[number], staff[number] * each.headcount_percent // 100)
        plans.append(
            InstitutionPlan(
                number=number,
                type=each,
                site=sites[place],
                # No other institution of its type has this word in this district.
                word=WORDS[(cycle // len(sites) + 4 * type_number + place) % len(WORDS)],
                staff=staff[number],
                departments=trees[number],
                citizens=citizens[number],
                points=points[number],
                citywide=number < _CITYWIDE,
                leads_district=sites[place].code not in led,
                last=number == scale.institutions - 1,
                opened_on=date(chance.randint(1985, 2015), chance.randint(1, 12), 1),
                area_m2=Decimal(usual * each.floor_m2 * 100 + chance.randint(0, 9999)).scaleb(-2),
                headcounts=tuple(
                    max(staff[number], usual * chance.randint(96, 104) // 100)
                    for _ in range(_YEARS_REPORTED)
                ),
            )
        )
        led.add(sites[place].code)
    return plans


@dataclass(frozen=True, slots=True)
class Ground:
    """What institutions stand on: ids of districts by 行政区划代码, of systems by code."""

    district_ids: Mapping[str, int]
    system_ids: Mapping[str, int]


def build_ground(db: Connection, scale: Scale, *, now: datetime) -> Ground:
    """Enters the city, its districts and the systems, as far as they are not there yet."""
    district_ids = {each.code: each.id for each in queries.districts(db)}
    system_ids = {each.code: each.id for each in queries.systems(db)}
    city_code, city_name = CITY
    if city_code not in district_ids:
        district_ids[city_code] = service.create_district(
            db, code=city_code, name=city_name, parent_id=None, now=now
        )
    for site in DISTRICTS[: scale.districts]:
        if site.code not in district_ids:
            district_ids[site.code] = service.create_district(
                db, code=site.code, name=site.name, parent_id=district_ids[city_code], now=now
            )
    for code, name in SYSTEMS:
        if code not in system_ids:
            system_ids[code] = service.create_system(db, code=code, name=name, now=now)
    return Ground(district_ids, system_ids)


def build_institution(
    db: Connection, plan: InstitutionPlan, ground: Ground, *, now: datetime, latest_year: int
) -> DemoInstitution:
    """Enters an institution, its departments and its yearly figures.

    Args:
        db: the caller's transaction.
        plan: what it is.
        ground: where it stands.
        now: the instant it is entered.
        latest_year: the last calendar year with 用能人数 and 建筑面积.
    """
    area_code, area = CITY if plan.citywide else (plan.site.code, plan.site.name)
    district_id = ground.district_ids[plan.site.code]
    institution_id = service.create_institution(
        db,
        credit_code=demo_credit_code(plan.number, kind=plan.type.kind, district_code=area_code),
        name=f"{area}{plan.word}{plan.type.suffix}",
        short_name=plan.short_name,
        district_id=district_id,
        system_id=ground.system_ids[plan.type.system],
        kind=plan.type.kind,
        opened_on=plan.opened_on,
        now=now,
    )
    leaves = _build_departments(db, plan, institution_id, now)
    _report_years(db, plan, institution_id, latest_year, now)
    return DemoInstitution(plan, institution_id, district_id, leaves)


def _build_departments(
    db: Connection, plan: InstitutionPlan, institution_id: int, now: datetime
) -> tuple[int, ...]:
    """Builds the departments; the office of a larger institution has sections below it."""
    sections = SECTIONS if plan.departments >= _FIRST_WITH_SECTIONS else ()

    def create(name: str, parent_id: int | None = None) -> int:
        return departments.create_department(
            db,
            institution_id=institution_id,
            name=name,
            parent_id=parent_id,
            created_on=plan.opened_on,
            now=now,
        )

    tops = [
        create(plan.type.departments[number]) for number in range(plan.departments - len(sections))
    ]
    below = [create(name, tops[0]) for name in sections]
    return tuple(below + tops[1:] if below else tops)


def _report_years(
    db: Connection, plan: InstitutionPlan, institution_id: int, latest_year: int, now: datetime
) -> None:
    """Reports 用能人数 and 建筑面积: people change a little from year to year, buildings do not."""
    first_year = latest_year - len(plan.headcounts) + 1
    for year, headcount in enumerate(plan.headcounts, first_year):
        service.record_year(
            db,
            institution_id=institution_id,
            year=year,
            headcount=headcount,
            floor_area_m2=plan.area_m2,
            now=now,
        )
