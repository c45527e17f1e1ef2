"""Migrations, run as the owner: upgrade, downgrade and the question whether any is pending."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import Connection, inspect, make_url, text

from backend.db.engine import LOGINS, login_password, make_engine
from backend.errors import DomainError, ErrorKind

# One migration at a time; any constant that no other program uses.
LOCK_KEY = 0x7A6E_7068

# The newest revision: what a database must be at for this program. Kept by a test.
HEAD = "0024"

# Those of the time before 0.2.0, which no revision leads away from, and the last program for them.
BEFORE_0_2 = frozenset(f"{number:04}" for number in range(1, 17))
LAST_COMMIT_BEFORE_0_2 = "30a7456"

_SCRIPTS = Path(__file__).parent.parent / "migrations"

if TYPE_CHECKING:
    from alembic.config import Config


class Before02Error(DomainError):
    """The database or the backup is of a program before 0.2.0, which this one does not open."""

    code = "before_0_2"
    kind = ErrorKind.CONFLICT


def _config(connection: Connection) -> "Config":
    from alembic.config import Config  # noqa: PLC0415 - 10 MB that only migrating needs

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def revisions() -> frozenset[str]:
    """Every revision this program knows how to make."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    scripts = ScriptDirectory(str(_SCRIPTS))
    return frozenset(script.revision for script in scripts.walk_revisions())


def upgrade(url: str, revision: str = "head") -> None:
    """Brings the database behind an owner URL up to `revision`.

    Leaves a database alone that a newer program has brought further. Safe to call from several
    processes at once: an advisory lock lets one through.

    Raises:
        Before02Error: it is of a program before 0.2.0; nothing was touched.
    """
    _run(url, revision, down=False)


def downgrade(url: str, revision: str = "base") -> None:
    """Takes the database behind an owner URL back down to `revision`.

    Raises:
        Before02Error: it is of a program before 0.2.0; nothing was touched.
    """
    _run(url, revision, down=True)


def _run(url: str, revision: str, *, down: bool) -> None:
    from alembic import command  # noqa: PLC0415 - as above

    engine = make_engine(url, owner=True, statement_timeout_ms=0)
    try:
        with engine.begin() as connection:
            found = BEFORE_0_2.intersection(_stamped(connection))
            if found:
                raise Before02Error(
                    f"这个数据库是 0.2.0 之前的程序建立的（结构版本 {min(found)}），没有改动。"
                    f"能打开它的最后一版程序是提交 {LAST_COMMIT_BEFORE_0_2}；"
                    "使用本程序请换一个 TANPUHUI_DATA_DIR，或新建一个数据库。"
                )
            if not down and revision == "head" and _ahead(_stamped(connection)):
                return
            (command.downgrade if down else command.upgrade)(_config(connection), revision)
    finally:
        engine.dispose()


def give_passwords(owner_url: str, *, used: str, secret: str) -> None:
    """Gives the program's logins the passwords made of the root key, where it logs in with them.

    Args:
        owner_url: of the owner, who sets them.
        used: the URL that the program connects with; nothing is done where it has no password, or
            names a login of the program with a password of its own.
        secret: the installation's root key.
    """
    given = make_url(used)
    if not given.password or given.username in LOGINS:
        return
    engine = make_engine(owner_url, owner=True)
    try:
        with engine.begin() as db:
            driver = db.connection.driver_connection
            assert isinstance(driver, psycopg.Connection)  # noqa: S101 - the driver of the URL
            for login in LOGINS:
                # Hashed here: the password itself reaches no log of the server.
                hashed = driver.pgconn.encrypt_password(
                    login_password(login, secret).encode(), login.encode(), b"scram-sha-256"
                )
                db.exec_driver_sql(f"ALTER ROLE {login} PASSWORD '{hashed.decode()}'")
    finally:
        engine.dispose()


def write_revision(url: str, message: str) -> tuple[str, Path]:
    """Writes the file of a new revision with what the models say beyond a database.

    Args:
        url: owner URL of a database that is at the newest revision.
        message: what the revision does; it names the file.

    Returns:
        The number of the revision and its file.
    """
    from alembic import command  # noqa: PLC0415 - as above

    number = f"{int(HEAD) + 1:04}"
    engine = make_engine(url, owner=True, statement_timeout_ms=0)
    try:
        with engine.begin() as connection:
            config = _config(connection)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            made = command.revision(config, message, autogenerate=True, rev_id=number)
    finally:
        engine.dispose()
    assert made is not None  # noqa: S101 - one head, so one file
    assert not isinstance(made, list)  # noqa: S101 - as above
    return number, Path(made.path)


def pending(connection: Connection) -> bool:
    """Whether the database is behind the revision this program expects.

    One that is ahead is as good: revisions only add until the program that needs no more of what
    was before has been installed everywhere (CONTRIBUTING.md, "a migration").
    """
    return not _reached(_stamped(connection))


def _reached(stamped: Sequence[str]) -> bool:
    """Whether a database is at the newest revision, or at a later one of a newer program."""
    return [each for each in stamped if each.isdecimal() and int(each) >= int(HEAD)] != []


def _ahead(stamped: Sequence[str]) -> bool:
    """Whether a database is at a revision that this program has no script of."""
    return _reached(stamped) and not revisions().issuperset(stamped)


def _stamped(connection: Connection) -> list[str]:
    """The revisions a database says it is at; none where it was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return []
    return list(connection.scalars(text("SELECT version_num FROM alembic_version")))
