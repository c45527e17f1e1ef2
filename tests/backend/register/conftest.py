"""Two institutions of two districts and systems, and officers of the register."""

from datetime import date
from typing import NamedTuple

import pytest
from sqlalchemy import Connection

from backend.organisations.models import InstitutionKind
from backend.organisations.service import create_district, create_institution, create_system
from backend.people.service import create_member
from backend.register.statistics.service import Officer
from credit_rules.energy import EnergyTables, load_energy_tables
from tests.builders.organisations import a_credit_code
from tests.conftest import NOW

CODES = (a_credit_code(9_000_001), a_credit_code(9_000_002))


class Register(NamedTuple):
    """What the tests of the register stand on."""

    institutions: tuple[int, int]
    officer: Officer
    reviewer: Officer
    sealer: Officer


@pytest.fixture(scope="session")
def tables() -> EnergyTables:
    return load_energy_tables()


@pytest.fixture
def register(db: Connection) -> Register:
    city = create_district(db, code="330100", name="杭州市", parent_id=None, now=NOW)
    districts = [
        create_district(db, code=code, name=name, parent_id=city, now=NOW)
        for code, name in (("330106", "西湖区"), ("330102", "上城区"))
    ]
    systems = [
        create_system(db, code=code, name=name, now=NOW)
        for code, name in (("education", "教育"), ("health", "卫生"))
    ]
    institutions = tuple(
        create_institution(
            db,
            credit_code=code,
            name=f"第{at + 1}单位",
            short_name=f"{at + 1}单位",
            district_id=districts[at],
            system_id=systems[at],
            kind=(InstitutionKind.PUBLIC_INSTITUTION, InstitutionKind.STATE_ORGAN)[at],
            opened_on=date(2010, 1, 1),
            now=NOW,
        )
        for at, code in enumerate(CODES)
    )
    people = [
        create_member(db, display_name=name, now=NOW) for name in ("填报人", "审核人", "会审人")
    ]
    first, second = institutions
    return Register((first, second), *(Officer(each, NOW) for each in people))
