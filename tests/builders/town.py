"""A town for the console: three institutions, a point each, members, officers of every role."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from backend.people.models import Role
from backend.people.queries import Grant
from backend.people.roles import grant_role
from backend.rulebook.service import register
from credit_rules import Rulebook
from tests.builders.organisations import Organisation, an_organisation
from tests.builders.people import a_member
from tests.builders.scene import Point, a_point

MEMBERS_EACH = 6


@dataclass(frozen=True, slots=True)
class Town:
    """What the console's tests act on.

    Attributes:
        organisation: districts, institutions, departments.
        bureau_point: a point of the bureau.
        school_point: a point of the school, in the same district.
        hospital_point: a point of the hospital, in the other district.
        staff: six members of 办公室, six of 财务处 and one of 文印科, all of the bureau.
        citizen: a member of no institution.
        officers: a member for each role, over the bureau or its district.
    """

    organisation: Organisation
    bureau_point: Point
    school_point: Point
    hospital_point: Point
    staff: tuple[int, ...]
    citizen: int
    officers: Mapping[Role, int]


def a_town(db: Connection, rulebook: Rulebook, now: datetime) -> Town:
    """Builds the town through the real services; the caller commits."""
    register(db, rulebook)
    there = an_organisation(db)
    staff = [
        a_member(db, name=f"{name}{number}", institution_id=there.bureau, department_id=where)
        for name, where, count in (
            ("小林", there.office, MEMBERS_EACH),
            ("小周", there.finance, MEMBERS_EACH),
            ("小文", there.printing, 1),
        )
        for number in range(1, count + 1)
    ]
    grants = {
        Role.CITY_ADMIN: Grant(Role.CITY_ADMIN),
        Role.DISTRICT_MANAGER: Grant(Role.DISTRICT_MANAGER, district_id=there.west),
        Role.INSTITUTION_ADMIN: Grant(Role.INSTITUTION_ADMIN, institution_id=there.bureau),
        Role.DEPARTMENT_MANAGER: Grant(Role.DEPARTMENT_MANAGER, department_id=there.office),
        Role.AUDITOR: Grant(Role.AUDITOR),
        Role.ATTENDANT: Grant(Role.ATTENDANT, institution_id=there.bureau),
    }
    officers = {}
    for role, grant in grants.items():
        officers[role] = a_member(db, name=f"officer {role.value}")
        grant_role(db, member_id=officers[role], grant=grant, now=now)
    bureau, school, hospital = (
        a_point(db, institution, now, name=name)
        for institution, name in (
            (there.bureau, "事务局东门投放点"),
            (there.school, "中学操场投放点"),
            (there.hospital, "医院门诊投放点"),
        )
    )
    citizen = a_member(db, name="市民甲")
    return Town(there, bureau, school, hospital, tuple(staff), citizen, officers)
