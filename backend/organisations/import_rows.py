"""What a file of organisations states row by row, and what the import reports of it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from backend.organisations.models import InstitutionKind
from backend.spreadsheets.errors import RowProblem

KIND_WORDS: Final = {
    InstitutionKind.STATE_ORGAN: "国家机关",
    InstitutionKind.PUBLIC_INSTITUTION: "事业单位",
    InstitutionKind.ASSOCIATION: "团体组织",
}


class Column(StrEnum):
    """What a row states, by the Chinese headings, in the template's order."""

    DISTRICT_CODE = "区划代码"
    DISTRICT_NAME = "区划名称"
    SYSTEM_CODE = "系统代码"
    SYSTEM_NAME = "系统名称"
    CREDIT_CODE = "统一社会信用代码"
    NAME = "单位名称"
    SHORT_NAME = "单位简称"
    KIND = "单位性质"
    OPENED_ON = "成立日期"
    DEPARTMENT = "部门"
    YEAR = "年度"
    HEADCOUNT = "用能人数"
    FLOOR_AREA = "建筑面积"


@dataclass(frozen=True, slots=True)
class YearFigures:
    """用能人数 (people) and 建筑面积 (m², at most two decimals) of a calendar year."""

    year: int
    headcount: int
    floor_area_m2: Decimal


@dataclass(frozen=True, slots=True)
class StatedInstitution:
    """An institution as a row states it, with one of its departments and one of its years.

    Attributes:
        credit_code: 统一社会信用代码, checked.
        name: its full name, checked.
        short_name: empty leaves what is stored.
        kind: 单位性质.
        opened_on: its first day; None leaves what is stored, or means the day of the import.
        system_code: code of its system (条).
        system_name: name of its system.
        department: names from the top down, checked; empty for the institution alone.
        figures: of one year, if stated.
    """

    credit_code: str
    name: str
    short_name: str
    kind: InstitutionKind
    opened_on: date | None
    system_code: str
    system_name: str
    department: tuple[str, ...]
    figures: YearFigures | None


@dataclass(frozen=True, slots=True)
class OrganisationRow:
    """One row: a district or the city, and what lies in it; `row` is the number people see.

    A code ending in 00 is the city itself; every other district lies in the city whose prefix it
    has. Without an institution the row states the district alone.
    """

    row: int
    district_code: str
    district_name: str
    institution: StatedInstitution | None


@dataclass(frozen=True, slots=True)
class OrganisationReport:
    """What an import did, or would have done had nothing been refused.

    Attributes:
        written: False when only tried, or when a row was refused and all-or-nothing was asked for.
        districts: how many were created, the city included.
        systems: how many were created.
        institutions: how many were created.
        departments: how many were created.
        renamed: institutions whose name or short name changed.
        years: yearly figures written, new or changed.
        unchanged: rows that stated nothing new.
        refused: rows with a problem; nothing of them was written.
        problems: what is wrong, row by row, with suggestions.
    """

    written: bool
    districts: int
    systems: int
    institutions: int
    departments: int
    renamed: int
    years: int
    unchanged: int
    refused: int
    problems: tuple[RowProblem, ...]


def is_city(district_code: str) -> bool:
    """Whether a 行政区划代码 is that of a whole city; the last two digits number its districts."""
    return district_code.endswith("00")


def lies_in(district_code: str, city_code: str) -> bool:
    """Whether a code has the city's prefix; that of a municipality (直辖市) has two digits."""
    return district_code.startswith(city_code[: 2 if city_code.endswith("0000") else 4])
