"""Two institutions, a member of each and a citizen, all with 100 points."""

from dataclasses import dataclass

import pytest
from sqlalchemy import Connection

from backend.offers.policy import Person
from backend.ports.keys import KeyRing
from tests.builders.organisations import Organisation, an_organisation
from tests.builders.people import a_member
from tests.builders.points import earn


@dataclass(frozen=True, slots=True)
class People:
    """Who acts: `clerk` and `colleague` of the bureau, `teacher` of the school, a `citizen`."""

    organisation: Organisation
    clerk: Person
    colleague: Person
    teacher: Person
    citizen: Person


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing("a secret of the tests, 32 characters")


@pytest.fixture
def people(db: Connection) -> People:
    there = an_organisation(db)
    persons = []
    for institution in (there.bureau, there.bureau, there.school, None):
        member = a_member(db, institution_id=institution)
        earn(db, member, points_mpt=100_000, reduction_mg=50_000)
        persons.append(Person(member, institution))
    return People(there, *persons)
