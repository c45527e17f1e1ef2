"""Who reaches whom: every role against every relation, and the grants behind them."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from backend.audit.queries import events
from backend.audit.tags import Tag
from backend.errors import ForbiddenError, NotFoundError
from backend.people.access import (
    WRITERS,
    department_in_scope,
    institution_in_scope,
    member_in_scope,
    require_role,
    scope_of,
)
from backend.people.memberships import end_membership
from backend.people.models import Role, RoleGrant
from backend.people.queries import Actor, Grant
from backend.people.roles import RoleScopeError, grant_role, revoke_role
from tests.builders.organisations import NOW, TODAY, Organisation, an_organisation
from tests.builders.people import a_member, an_actor


@dataclass(frozen=True, slots=True)
class Crowd:
    """Members by where they belong today."""

    city: Organisation
    office: int
    printing: int
    finance: int
    undivided: int
    school: int
    hospital: int
    citizen: int
    former: int
    future: int


@pytest.fixture
def crowd(db: Connection) -> Crowd:
    city = an_organisation(db)
    former = a_member(db, institution_id=city.bureau, department_id=city.office)
    end_membership(db, member_id=former, on=TODAY, now=NOW)
    return Crowd(
        city=city,
        office=a_member(db, institution_id=city.bureau, department_id=city.office),
        printing=a_member(db, institution_id=city.bureau, department_id=city.printing),
        finance=a_member(db, institution_id=city.bureau, department_id=city.finance),
        undivided=a_member(db, institution_id=city.bureau),
        school=a_member(db, institution_id=city.school),
        hospital=a_member(db, institution_id=city.hospital),
        citizen=a_member(db),
        former=former,
        future=a_member(db, institution_id=city.bureau, since=TODAY + timedelta(days=1)),
    )


def actors(db: Connection, city: Organisation) -> dict[str, Actor]:
    return {
        "nobody": an_actor(db),
        "city admin": an_actor(db, Role.CITY_ADMIN),
        "auditor": an_actor(db, Role.AUDITOR),
        "manager of the west": an_actor(db, Role.DISTRICT_MANAGER, district_id=city.west),
        "manager of the city district": an_actor(db, Role.DISTRICT_MANAGER, district_id=city.city),
        "admin of the bureau": an_actor(db, Role.INSTITUTION_ADMIN, institution_id=city.bureau),
        "manager of the office": an_actor(db, Role.DEPARTMENT_MANAGER, department_id=city.office),
        "attendant of the west": an_actor(db, Role.ATTENDANT, district_id=city.west),
        "attendant of the bureau": an_actor(db, Role.ATTENDANT, institution_id=city.bureau),
    }


BUREAU = {"office", "printing", "finance", "undivided"}
MEMBERS = BUREAU | {"school", "hospital", "citizen", "former", "future"}
REACHED = {
    "nobody": set[str](),
    "city admin": MEMBERS,
    "auditor": MEMBERS,
    "manager of the west": BUREAU | {"school"},
    "manager of the city district": BUREAU | {"school", "hospital"},
    "admin of the bureau": BUREAU,
    "manager of the office": {"office", "printing"},
    "attendant of the west": set[str](),
    "attendant of the bureau": set[str](),
}


@pytest.mark.parametrize("who", REACHED)
def test_members_are_reached_by_scope_only(db: Connection, crowd: Crowd, who: str) -> None:
    actor = actors(db, crowd.city)[who]
    reached = set()
    for relation in MEMBERS:
        member_id = getattr(crowd, relation)
        try:
            found = member_in_scope(db, actor, member_id, on=TODAY)
        except NotFoundError:
            continue
        assert found.id == member_id
        reached.add(relation)
    assert reached == REACHED[who]
    assert member_in_scope(db, actor, actor.member_id, on=TODAY).id == actor.member_id


INSTITUTIONS = {
    "nobody": set[str](),
    "city admin": {"bureau", "school", "hospital"},
    "auditor": {"bureau", "school", "hospital"},
    "manager of the west": {"bureau", "school"},
    "manager of the city district": {"bureau", "school", "hospital"},
    "admin of the bureau": {"bureau"},
    "manager of the office": set[str](),
    "attendant of the west": set[str](),
    "attendant of the bureau": set[str](),
}


@pytest.mark.parametrize("who", INSTITUTIONS)
def test_institutions_are_reached_as_a_whole_or_not(db: Connection, crowd: Crowd, who: str) -> None:
    actor = actors(db, crowd.city)[who]
    reached = set()
    for name in ("bureau", "school", "hospital"):
        try:
            institution_in_scope(db, actor, getattr(crowd.city, name))
            reached.add(name)
        except NotFoundError:
            continue
    assert reached == INSTITUTIONS[who]


def test_a_department_manager_reaches_the_branch(db: Connection, crowd: Crowd) -> None:
    city = crowd.city
    actor = actors(db, city)["manager of the office"]
    for inside in (city.office, city.printing):
        assert department_in_scope(db, actor, inside) == inside
    with pytest.raises(NotFoundError):
        department_in_scope(db, actor, city.finance)


def test_what_does_not_exist_looks_like_what_is_outside(db: Connection, crowd: Crowd) -> None:
    actor = actors(db, crowd.city)["admin of the bureau"]
    sentences = set()
    for member_id in (crowd.hospital, 2**62):
        with pytest.raises(NotFoundError) as refusal:
            member_in_scope(db, actor, member_id, on=TODAY)
        sentences.add(refusal.value.message)
    assert len(sentences) == 1


def test_an_auditor_may_not_write(db: Connection, crowd: Crowd) -> None:
    auditor = actors(db, crowd.city)["auditor"]
    with pytest.raises(NotFoundError):
        member_in_scope(db, auditor, crowd.office, on=TODAY, roles=WRITERS)
    with pytest.raises(NotFoundError):
        institution_in_scope(db, auditor, crowd.city.bureau, roles=WRITERS)


def test_grants_add_up(db: Connection, crowd: Crowd) -> None:
    city = crowd.city
    actor = an_actor(db, Role.DEPARTMENT_MANAGER, department_id=city.office)
    both = Actor(
        actor.member_id,
        actor.display_name,
        actor.kind,
        (*actor.roles, Grant(Role.INSTITUTION_ADMIN, institution_id=city.hospital)),
        None,
        None,
    )
    assert member_in_scope(db, both, crowd.printing, on=TODAY).id == crowd.printing
    assert member_in_scope(db, both, crowd.hospital, on=TODAY).id == crowd.hospital
    assert scope_of(both, roles=(Role.INSTITUTION_ADMIN,)).department_ids == frozenset()


def test_require_role_wants_one_of_them(db: Connection, crowd: Crowd) -> None:
    attendant = actors(db, crowd.city)["attendant of the west"]
    require_role(attendant, Role.CITY_ADMIN, Role.ATTENDANT)
    with pytest.raises(ForbiddenError):
        require_role(attendant, Role.CITY_ADMIN)


SCOPES: dict[Role, set[tuple[str, ...]]] = {
    Role.CITY_ADMIN: {()},
    Role.AUDITOR: {()},
    Role.DISTRICT_MANAGER: {("district_id",)},
    Role.INSTITUTION_ADMIN: {("institution_id",)},
    Role.DEPARTMENT_MANAGER: {("department_id",)},
    Role.ATTENDANT: {("district_id",), ("institution_id",)},
}
COMBINATIONS = [
    (),
    ("district_id",),
    ("institution_id",),
    ("department_id",),
    ("district_id", "institution_id"),
    ("institution_id", "department_id"),
]


@pytest.mark.parametrize("names", COMBINATIONS)
@pytest.mark.parametrize("role", Role)
def test_service_and_database_agree_on_scopes(
    db: Connection, role: Role, names: tuple[str, ...]
) -> None:
    city = an_organisation(db)
    member = a_member(db)
    ids = {"district_id": city.west, "institution_id": city.bureau, "department_id": city.office}
    grant = Grant(role, **{name: ids[name] for name in names})
    allowed = names in SCOPES[role]
    row = {"member_id": member, "role": role.value, "granted_at": NOW}
    inserted = insert(RoleGrant).values(**row, **{name: ids[name] for name in names})
    if allowed:
        grant_role(db, member_id=a_member(db), grant=Grant(Role.CITY_ADMIN), now=NOW)
        grant_role(db, member_id=member, grant=grant, now=NOW)
        assert revoke_role(db, member_id=member, grant=grant, now=NOW)
        db.execute(inserted)
    else:
        with pytest.raises(RoleScopeError):
            grant_role(db, member_id=member, grant=grant, now=NOW)
        with pytest.raises(IntegrityError, match="ck_role_grant_scope"):
            db.execute(inserted)


def test_granting_twice_and_revoking_twice_change_nothing(db: Connection) -> None:
    member = a_member(db)
    for _ in range(2):
        grant_role(db, member_id=member, grant=Grant(Role.AUDITOR), now=NOW, actor_id=member)
    assert revoke_role(db, member_id=member, grant=Grant(Role.AUDITOR), now=NOW)
    assert not revoke_role(db, member_id=member, grant=Grant(Role.AUDITOR), now=NOW)
    tags = [entry.tag for entry in events(db, object_type="role_grant").items]
    assert tags == [Tag.ROLE_REVOKE, Tag.ROLE_GRANT]
