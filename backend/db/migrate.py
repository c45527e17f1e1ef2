"""Migrations, run as the owner: upgrade, downgrade and the question whether any is pending."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from backend.db.engine import make_engine

# One migration at a time; any constant that no other program uses.
LOCK_KEY = 0x7A6E_7068

_SCRIPTS = Path(__file__).parent.parent / "migrations"


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Brings the database behind an owner URL up to `revision`.

    Safe to call from several processes at once: an advisory lock lets one through.
    """
    _run(url, revision, down=False)


def downgrade(url: str, revision: str = "base") -> None:
    """Takes the database behind an owner URL back down to `revision`."""
    _run(url, revision, down=True)


def _run(url: str, revision: str, *, down: bool) -> None:
    engine = make_engine(url, owner=True, statement_timeout_ms=0)
    try:
        with engine.begin() as connection:
            (command.downgrade if down else command.upgrade)(_config(connection), revision)
    finally:
        engine.dispose()


def heads() -> frozenset[str]:
    """The revisions this program expects."""
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    return frozenset(ScriptDirectory.from_config(config).get_heads())


def pending(connection: Connection) -> bool:
    """Whether the database is behind (or beyond) the revisions this program expects."""
    return frozenset(MigrationContext.configure(connection).get_current_heads()) != heads()
