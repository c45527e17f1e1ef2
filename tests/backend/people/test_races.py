"""What several people do at once, on a database of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Connection, func, select

from backend.bootstrap import Backend
from backend.errors import DomainError
from backend.people import bindings, service
from backend.people.administration import first_administrator
from backend.people.closing import deactivate_member
from backend.people.console_invitations import Invited, SignIn, accept, invite
from backend.people.local_accounts import open_local_account, try_password
from backend.people.models import Face, Invitation, Member, Membership, Role
from backend.people.queries import Grant
from backend.people.roles import RoleTerm, grant_role, revoke_role
from backend.people.roster import import_roster
from backend.ports.wechat import WeChatSession
from tests.builders.organisations import NOW, TODAY, Organisation, an_organisation
from tests.builders.people import a_member, a_roster_csv
from tests.conftest import PATIENCE_SECONDS

HOUR = timedelta(hours=1)
AT_ONCE = 8


def at_once(backend: Backend, act: Callable[[Connection, int], object]) -> list[object]:
    """Runs the act in as many transactions; each result is what it gave or refused with."""
    barrier = Barrier(AT_ONCE, timeout=PATIENCE_SECONDS)

    def run(number: int) -> object:
        try:
            with backend.engine.begin() as db:
                barrier.wait()
                return act(db, number)
        except DomainError as error:
            return error.code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, range(AT_ONCE)))


@pytest.fixture
def city(backend: Backend) -> Organisation:
    with backend.engine.begin() as db:
        return an_organisation(db)


@pytest.fixture
def members(backend: Backend, city: Organisation) -> list[int]:
    with backend.engine.begin() as db:
        assert city.bureau
        return [a_member(db) for _ in range(AT_ONCE)]


def test_one_of_many_first_logins_opens_the_account(backend: Backend) -> None:
    session = WeChatSession("openid-1", None, "a2V5")
    results = at_once(
        backend,
        lambda db, _number: (
            service.log_in_wechat(db, session=session, keys=backend.keys, now=NOW).member.id
        ),
    )
    assert len(set(results)) == 1
    with backend.engine.connect() as db:
        assert db.scalar(select(func.count()).select_from(Member)) == 1


def test_a_link_opens_one_session(backend: Backend, members: list[int]) -> None:
    with backend.engine.begin() as db:
        code = service.create_login_link(
            db, member_id=members[0], purpose=Face.API, ttl=HOUR, now=NOW
        )
    results = at_once(
        backend,
        lambda db, _number: service.log_in_link(db, code=code, purpose=Face.API, now=NOW).member.id,
    )
    assert sorted(map(str, results)) == [str(members[0])] + ["login_link_invalid"] * (AT_ONCE - 1)


def test_an_invitation_binds_no_more_than_it_may(
    backend: Backend, city: Organisation, members: list[int]
) -> None:
    with backend.engine.begin() as db:
        code = bindings.create_invitation(
            db,
            institution_id=city.bureau,
            department_id=city.office,
            ttl=HOUR,
            max_uses=3,
            now=NOW,
            actor_id=None,
        )
    results = at_once(
        backend,
        lambda db, number: bindings.bind_by_invitation(
            db, member_id=members[number], code=code, now=NOW
        ),
    )
    assert results.count(None) == 3
    assert results.count("invitation_invalid") == AT_ONCE - 3
    with backend.engine.connect() as db:
        assert db.scalars(select(Invitation.uses)).one() == 3
        assert db.scalar(select(func.count()).select_from(Membership)) == 3


def test_attempts_are_counted_exactly(backend: Backend, members: list[int]) -> None:
    results = at_once(
        backend, lambda db, _number: bindings.count_attempt(db, member_id=members[0], now=NOW)
    )
    assert results.count(None) == 5
    assert results.count("too_many_binding_attempts") == AT_ONCE - 5


def test_one_import_runs_at_a_time(backend: Backend, city: Organisation) -> None:
    data = a_roster_csv([])
    assert city.bureau
    with backend.engine.begin() as first:
        import_roster(first, data=data, keys=backend.keys, now=NOW)
        results = at_once(
            backend,
            lambda db, _number: import_roster(db, data=data, keys=backend.keys, now=NOW),
        )
    assert results == ["import_running"] * AT_ONCE


def test_an_invitation_to_the_console_lets_one_person_in(
    backend: Backend, members: list[int]
) -> None:
    auditor = Invited("王芳", Grant(Role.AUDITOR), RoleTerm(TODAY, None, "审计"))
    with backend.engine.begin() as db:
        grant_role(db, member_id=members[0], grant=Grant(Role.CITY_ADMIN), now=NOW)
        code = invite(db, invited=auditor, actor_id=members[0], now=NOW)
    results = at_once(
        backend,
        lambda db, number: (
            accept(
                db, code=code, sign_in=SignIn(f"guest{number}", "Chunxi-2026"), now=NOW
            ).member.display_name
        ),
    )
    assert sorted(map(str, results)) == ["console_invitation_invalid"] * (AT_ONCE - 1) + ["王芳"]
    with backend.engine.connect() as db:
        assert db.scalar(select(func.count()).select_from(Member)) == AT_ONCE + 1


def test_one_administrator_is_left_whoever_goes_first(backend: Backend, members: list[int]) -> None:
    with backend.engine.begin() as db:
        for member in members:
            grant_role(db, member_id=member, grant=Grant(Role.CITY_ADMIN), now=NOW)

    def go(db: Connection, number: int) -> object:
        if number % 2:
            deactivate_member(db, member_id=members[number], now=NOW, actor_id=None)
            return "closed"
        return revoke_role(db, member_id=members[number], grant=Grant(Role.CITY_ADMIN), now=NOW)

    assert at_once(backend, go).count("last_administrator") == 1


def test_the_first_administrator_is_one_person(backend: Backend) -> None:
    found = at_once(backend, lambda db, _number: first_administrator(db, name="王 海宁", now=NOW))
    assert len(set(found)) == 1


def test_of_many_guesses_at_once_five_are_looked_at(backend: Backend, members: list[int]) -> None:
    with backend.engine.begin() as db:
        open_local_account(
            db, member_id=members[0], login_name="guest", password="Chunxi-2026", now=NOW
        )

    def guess(db: Connection, number: int) -> object:
        found = try_password(db, login_name="guest", password=f"guess-{number}", now=NOW)
        assert isinstance(found, DomainError)
        return found.code

    assert (
        sorted(map(str, at_once(backend, guess))) == ["account_locked"] * 4 + ["login_refused"] * 4
    )
