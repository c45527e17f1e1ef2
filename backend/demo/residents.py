"""The demo city's members: staff with departments and roles, and citizens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Final

from sqlalchemy import Connection

from backend.demo.catalogue import GIVEN_FIRST, GIVEN_SECOND, SURNAMES, Waste
from backend.demo.draws import apportion
from backend.demo.organisation import DemoInstitution
from backend.people.memberships import begin_membership
from backend.people.models import Role
from backend.people.queries import Grant
from backend.people.roles import grant_role
from backend.people.service import create_member

# Which of an institution's staff hold its roles; every institution has eight at least.
_INSTITUTION_ADMIN: Final = 0
_DEPARTMENT_MANAGER: Final = 1
_ATTENDANTS: Final = (2, 3)
_DISTRICT_MANAGER: Final = 4
_CITY_ADMIN: Final = 5
_AUDITOR: Final = 6
_SHOWN: Final = 7
_CITY_ADMIN_NAME: Final = "王海宁"
_LONGEST_SERVICE_DAYS: Final = 3_000


@dataclass(frozen=True, slots=True)
class Resident:
    """Somebody who may drop something off.

    Attributes:
        member_id: the account.
        group: the department, or 0 for citizens: keenness is shared within it.
        waste: what there is to drop off.
        shown: whether a login link opens this account: it has a history, but none today.
    """

    member_id: int
    group: int
    waste: Waste
    shown: bool = False


def build_residents(
    db: Connection, institution: DemoInstitution, chance: Random, *, now: datetime, before: date
) -> tuple[Resident, ...]:
    """Opens the accounts of an institution's staff, with their roles, and of citizens near it.

    Args:
        db: the caller's transaction.
        institution: where they work or whose points they use.
        chance: the stream to draw names and dates from.
        now: the instant they are entered.
        before: every membership begins before this Asia/Shanghai day.
    """
    staff = _build_staff(db, institution, chance, now=now, before=before)
    for number, grant in _grants(institution, staff):
        grant_role(db, member_id=staff[number].member_id, grant=grant, now=now)
    citizens = [
        Resident(create_member(db, display_name=_name(chance), now=now), 0, Waste.HOUSEHOLD)
        for _ in range(institution.plan.citizens)
    ]
    return (*staff, *citizens)


def _build_staff(
    db: Connection, institution: DemoInstitution, chance: Random, *, now: datetime, before: date
) -> list[Resident]:
    plan, leaves = institution.plan, institution.leaves
    weights = [max(10, round(100 * chance.lognormvariate(0, 0.5))) for _ in leaves]
    shares = apportion(plan.staff, weights, minimum=min(4, plan.staff // len(leaves)))
    desks = [leaf for leaf, share in zip(leaves, shares, strict=True) for _ in range(share)]
    chance.shuffle(desks)
    staff = []
    for number, department_id in enumerate(desks):
        name = _name(chance)
        if plan.number == 0 and number == _CITY_ADMIN:
            name = _CITY_ADMIN_NAME
        member_id = create_member(db, display_name=name, now=now)
        begin_membership(
            db,
            member_id=member_id,
            institution_id=institution.id,
            department_id=department_id,
            valid_from=before - timedelta(days=chance.randint(30, _LONGEST_SERVICE_DAYS)),
            now=now,
        )
        shown = plan.number == 0 and number == _SHOWN
        staff.append(Resident(member_id, department_id, plan.type.waste, shown=shown))
    return staff


def _grants(institution: DemoInstitution, staff: Sequence[Resident]) -> list[tuple[int, Grant]]:
    """Which of the staff hold which role."""
    inside = institution.id
    leader = staff[_DEPARTMENT_MANAGER]
    grants = [
        (_INSTITUTION_ADMIN, Grant(Role.INSTITUTION_ADMIN, institution_id=inside)),
        (_DEPARTMENT_MANAGER, Grant(Role.DEPARTMENT_MANAGER, department_id=leader.group)),
        *((each, Grant(Role.ATTENDANT, institution_id=inside)) for each in _ATTENDANTS),
    ]
    if institution.plan.leads_district:
        over = Grant(Role.DISTRICT_MANAGER, district_id=institution.district_id)
        grants.append((_DISTRICT_MANAGER, over))
    if institution.plan.number == 0:
        grants += [(_CITY_ADMIN, Grant(Role.CITY_ADMIN)), (_AUDITOR, Grant(Role.AUDITOR))]
    return grants


def _name(chance: Random) -> str:
    """A name of two or three characters."""
    second = chance.choice(GIVEN_SECOND) if chance.random() < 0.8 else ""
    return chance.choice(SURNAMES) + chance.choice(GIVEN_FIRST) + second
