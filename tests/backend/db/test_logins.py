"""The program logs in as itself, with time limits on its roles, and refuses any other session."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, make_url, text

from backend.db.engine import (
    JOBS_LOGIN,
    LOGINS,
    WEB_LOGIN,
    DatabaseLoginError,
    login_password,
    make_engine,
)
from backend.db.migrate import give_passwords

SECRET = "a secret of the tests, 32 characters"
_SESSION = text("SELECT session_user, current_user")
_LIMITS = text("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")


@pytest.fixture
def owner(database: str) -> Iterator[Engine]:
    engine = make_engine(database, owner=True)
    yield engine
    engine.dispose()


@pytest.mark.parametrize(
    "jobs, login, limit", [(False, WEB_LOGIN, "5s"), (True, JOBS_LOGIN, "1min")]
)
def test_a_session_is_a_login_with_limits_and_cannot_become_another(
    database: str, *, jobs: bool, login: str, limit: str
) -> None:
    engine = make_engine(database, jobs=jobs)
    with engine.connect() as db:
        assert db.execute(_SESSION).one() == (login, login)
        assert db.execute(_LIMITS).one() == (limit, "2s")
        db.execute(text("RESET ROLE"))
        assert db.execute(_SESSION).one() == (login, login)
    engine.dispose()


def test_limits_are_not_sent_as_options(database: str) -> None:
    """A pooler refuses the parameter or drops it."""
    for jobs in (False, True):
        engine = make_engine(database, jobs=jobs)
        _, arguments = engine.dialect.create_connect_args(engine.url)
        assert "options" not in arguments
        with engine.connect() as db:
            driver = db.connection.driver_connection
            assert driver is not None
            assert driver.info.options == ""
        engine.dispose()


@pytest.mark.parametrize("prepared, kept", [(True, True), (False, False)])
def test_prepared_statements_can_be_switched_off(
    database: str, *, prepared: bool, kept: bool
) -> None:
    engine = make_engine(database, prepared=prepared)
    with engine.connect() as db:
        for _ in range(10):
            db.execute(text("SELECT count(*) FROM member WHERE id = :id"), {"id": 1})
        found = db.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    engine.dispose()
    assert bool(found) == kept


@pytest.mark.parametrize(
    "sabotage, undo, named",
    [
        (
            "ALTER ROLE {0} IN DATABASE {1} SET statement_timeout = 0",
            "ALTER ROLE {0} IN DATABASE {1} RESET statement_timeout",
            "时限",
        ),
        (
            "ALTER ROLE {0} IN DATABASE {1} SET lock_timeout = 0",
            "ALTER ROLE {0} IN DATABASE {1} RESET lock_timeout",
            "时限",
        ),
        (
            # What a pooler does that logs in as somebody else.
            "ALTER ROLE {0} IN DATABASE {1} SET role = 'pg_monitor'; GRANT pg_monitor TO {0}",
            "ALTER ROLE {0} IN DATABASE {1} RESET role; REVOKE pg_monitor FROM {0}",
            "pg_monitor",
        ),
    ],
)
def test_a_session_that_is_not_as_it_should_be_is_refused(
    database: str, owner: Engine, sabotage: str, undo: str, named: str
) -> None:
    name = make_url(database).database
    with owner.begin() as db:
        db.exec_driver_sql(sabotage.format(WEB_LOGIN, name))
    engine = make_engine(database)
    try:
        with pytest.raises(DatabaseLoginError, match=named):
            engine.connect()
    finally:
        engine.dispose()
        with owner.begin() as db:
            db.exec_driver_sql(undo.format(WEB_LOGIN, name))


def test_logins_own_nothing(owner: Engine) -> None:
    with owner.connect() as db:
        roles = db.execute(
            text(
                "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication"
                " FROM pg_roles WHERE rolname = ANY (:logins)"
            ),
            {"logins": list(LOGINS)},
        ).all()
    assert [tuple(row) for row in roles] == [(False,) * 5] * 2


def test_a_login_gets_a_password_where_the_owner_has_one(database: str, owner: Engine) -> None:
    url = make_url(database).set(password="of the owner").render_as_string(hide_password=False)
    give_passwords(url, used="postgresql://tanpuhui_web:own@db.example/tanpuhui", secret=SECRET)
    stored = text("SELECT rolpassword FROM pg_authid WHERE rolname = ANY (:logins)")
    with owner.connect() as db:
        assert list(db.scalars(stored, {"logins": list(LOGINS)})) == [None, None]
    give_passwords(url, used=url, secret=SECRET)
    with owner.begin() as db:
        hashes = list(db.scalars(stored, {"logins": list(LOGINS)}))
        for login in LOGINS:
            db.exec_driver_sql(f"ALTER ROLE {login} PASSWORD NULL")
    assert [each.startswith("SCRAM-SHA-256$") for each in hashes] == [True, True]
    engine = make_engine(url, secret=SECRET)
    assert (engine.url.username, engine.url.password) == (
        WEB_LOGIN,
        login_password(WEB_LOGIN, SECRET),
    )
    assert login_password(WEB_LOGIN, SECRET) != login_password(JOBS_LOGIN, SECRET)
    given = "postgresql://tanpuhui_jobs:own@db.example/tanpuhui"
    assert make_engine(given, secret=SECRET).url.password == "own"
