"""A city in which every kind of object stands in every state it can have.

It is looked at on 2027-03-17: points of January 2026 have ended, months are sealed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import text

from backend.bootstrap import Backend
from backend.ledger import jobs as ledger
from backend.outbox import service as outbox
from backend.people.closing import deactivate_member
from backend.people.models import Face, Role
from backend.people.queries import Grant
from backend.people.roles import grant_role
from backend.people.service import open_session
from backend.places.codes import place_key, rotating_code
from backend.proofs import jobs as proofs
from backend.proofs import months
from backend.rankings.jobs import publish_current, rebuild
from backend.worker import signer_of
from tests.builders.people import a_member
from tests.builders.town import Town, a_town
from tests.scenes.acts import LONG, RARE, Acts
from tests.scenes.campaigns import campaign_everywhere
from tests.scenes.entry import let_people_in
from tests.scenes.offers import offer_everything
from tests.scenes.organisations import organise_everything

TODAY = date(2027, 3, 17)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who looks at pages: their account and a token of it; neither: nobody logged in."""

    member_id: int | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class World:
    """A backend and those who look at its pages, by who they are.

    Attributes:
        backend: with the world in its database.
        console: those who look at the console.
        phone: those who look at the phone pages and the API.
        screens: codes that the screens of its places show, and one that has run out.
    """

    backend: Backend
    console: Mapping[str, Visitor]
    phone: Mapping[str, Visitor]
    screens: tuple[str, ...]


def an_empty_world(backend: Backend) -> World:
    """An installation on its first day: one administrator, one member, nothing else."""
    now = backend.clock.now()
    with backend.engine.begin() as db:
        first, member = (a_member(db, name=name) for name in ("王海宁", "新成员"))
        grant_role(db, member_id=first, grant=Grant(Role.CITY_ADMIN), now=now)
    return World(
        backend,
        {"nobody": Visitor(), "city_admin": _visitor(backend, first, Face.CONSOLE)},
        {"nobody": Visitor(), "new": _visitor(backend, member, Face.API)},
        (),
    )


def a_full_world(backend: Backend) -> World:
    """Builds and commits the city through the real services."""
    with backend.engine.begin() as db:
        town = a_town(db, backend.rulebook, backend.clock.now())
    people = _people(backend, town)
    with backend.engine.begin() as db:
        acts = Acts(db, backend, town)
        acts.everything(people)
        offer_everything(acts, people)
        campaign_everywhere(acts, people)
        organise_everything(acts, people)
        let_people_in(acts, people)
    _what_jobs_do(backend)
    return _looked_at(backend, town, people)


def _people(backend: Backend, town: Town) -> dict[str, int]:
    """Members by the situation they are in."""
    bureau, office = town.organisation.bureau, town.organisation.office
    situations = {
        "new": "新成员",
        "one": "一笔",
        "many": "许多",
        "held": "待审",
        "reversed": "撤销",
        "expired": "过期",
        "long": LONG,
        "rare": RARE,
        "erased": "已注销",
        "deactivated": "已停用",
    }
    with backend.engine.begin() as db:
        people = {
            situation: a_member(db, name=name, institution_id=bureau, department_id=office)
            for situation, name in situations.items()
        }
    return people | {"citizen": town.citizen, "staff": town.staff[0]}


def _what_jobs_do(backend: Backend) -> None:
    """Ends points, grows the tree, seals months, writes boards and reports."""
    now = backend.clock.now()
    with backend.engine.begin() as db:
        ledger.expire(db, {}, today=TODAY)
        ledger.give_notice(db, {}, today=TODAY)
        for kind, job in ((ledger.EXPIRE, ledger.expire), (ledger.GIVE_NOTICE, ledger.give_notice)):
            while messages := outbox.take_waiting(db, kind=kind, limit=100):
                for message in messages:
                    job(db, message.payload, today=TODAY)
        rebuild(db)
        publish_current(db, backend.redis, now=now)
    proofs.build(backend.engine.begin, signer_of(backend), backend.clock)
    months.seal_due(backend.engine.begin, signer_of(backend), backend.clock)
    with backend.engine.begin() as db:
        ledger.keep_report(db, at=now - timedelta(minutes=5))


def _looked_at(backend: Backend, town: Town, people: Mapping[str, int]) -> World:
    """Everybody logs in; then some accounts end."""
    officers = {role.value: member for role, member in town.officers.items()}
    console = {
        who: _visitor(backend, member, Face.CONSOLE)
        for who, member in (officers | {"member": people["staff"]}).items()
    }
    phone = {who: _visitor(backend, member, Face.API) for who, member in people.items()}
    phone["attendant"] = _visitor(backend, officers["attendant"], Face.API)
    now = backend.clock.now()
    with backend.engine.begin() as db:
        deactivate_member(db, member_id=people["deactivated"], now=now, actor_id=None)
        db.execute(
            text("UPDATE member SET erased_at = :now, display_name = '' WHERE id = :id"),
            {"now": now, "id": people["erased"]},
        )
    screens = tuple(_screens(backend))
    return World(backend, {"nobody": Visitor()} | console, {"nobody": Visitor()} | phone, screens)


def _screens(backend: Backend) -> Iterator[str]:
    """What the screen of a place of each kind shows, and what one showed an hour ago."""
    now = backend.clock.now()
    with backend.engine.connect() as db:
        places = db.scalars(text("SELECT max(id) FROM place GROUP BY kind, state")).all()
    for place_id in places:
        yield rotating_code(place_key(backend.keys, place_id), place_id, now)
    earlier = now - timedelta(hours=1)
    yield rotating_code(place_key(backend.keys, places[0]), places[0], earlier)


def _visitor(backend: Backend, member_id: int, face: Face) -> Visitor:
    with backend.engine.begin() as db:
        session = open_session(db, member_id=member_id, face=face, now=backend.clock.now())
    return Visitor(member_id, session.token)
