"""The servers and the root key a command works with: those of the settings, else our own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

from sqlalchemy.exc import OperationalError

from backend.db.engine import make_engine
from backend.runtime.children import StartError
from backend.runtime.lock import AlreadyRunningError, DataFolderLock
from backend.runtime.postgres import EmbeddedPostgres
from backend.runtime.redis import EmbeddedRedis
from backend.runtime.secret import generated_secret, generated_signing_key, kept_signing_key
from backend.settings import PREFIX, Settings, SettingsError


def embedded_postgres(settings: Settings) -> EmbeddedPostgres | None:
    """The installation's own PostgreSQL, not started; None when the settings name another."""
    return None if settings.database_url else EmbeddedPostgres(settings.data_dir / "postgres")


def embedded_redis(settings: Settings) -> EmbeddedRedis | None:
    """The installation's own Redis, not started; None when the settings name another."""
    return None if settings.redis_url else EmbeddedRedis(settings.data_dir / "redis")


def complete(settings: Settings) -> Settings:
    """Fills in the addresses of the embedded servers and the generated root key where empty.

    Raises:
        SettingsError: the database is another's, and no root key was given: a machine that made one
            of its own would forge the codes of the others.
    """
    _require_given(settings, "secret_key")
    postgres, redis = embedded_postgres(settings), embedded_redis(settings)
    database_url = settings.database_url if postgres is None else postgres.url
    return replace(
        settings,
        database_url=database_url,
        owner_database_url=settings.owner_database_url or database_url,
        redis_url=settings.redis_url if redis is None else redis.url,
        secret_key=settings.secret_key or generated_secret(settings.data_dir),
        ledger_signing_key=settings.ledger_signing_key or kept_signing_key(settings.data_dir),
    )


def _require_given(settings: Settings, name: str) -> None:
    if settings.database_url and not getattr(settings, name):
        raise SettingsError(
            f"{PREFIX}{name.upper()}: must be set with {PREFIX}DATABASE_URL,"
            " the same on every machine"
        )


def with_signing_key(settings: Settings) -> Settings:
    """Fills in the key of the ledger's checkpoints, made and kept in the data folder if need be.

    Only `tanpuhui up` makes one: a command that finds none signs nothing. A new key is named after
    the address the ledger is published at: that is the origin of its log.

    Raises:
        SettingsError: the database is another's, and no key was given: two keys under one origin
            would sign for each other's ledger.
    """
    _require_given(settings, "ledger_signing_key")
    name = f"{urlsplit(settings.public_url).netloc}/ledger"
    key = settings.ledger_signing_key or generated_signing_key(settings.data_dir, name)
    return replace(settings, ledger_signing_key=key)


@contextmanager
def running_servers(settings: Settings) -> Iterator[Settings]:
    """Settings a command can work with, and the servers behind them for as long as it runs.

    Uses the servers of the settings; else those of a running `tanpuhui up` on the same folder;
    else starts the embedded ones and stops them afterwards.

    Args:
        settings: as read from the environment.

    Yields:
        The settings with every address and the root key filled in.

    Raises:
        StartError: an embedded server does not come up, or the database of the settings is out of
            reach.
    """
    own = [each for each in (embedded_postgres(settings), embedded_redis(settings)) if each]
    with ExitStack() as stack:
        if own:
            try:
                stack.enter_context(DataFolderLock(settings.data_dir))
            except AlreadyRunningError:
                own = []
        for server in own:
            stack.enter_context(server)
        completed = complete(settings)
        _require_database(completed)
        yield completed


def _require_database(settings: Settings) -> None:
    engine = make_engine(settings.database_url, owner=True)
    try:
        engine.connect().close()
    except OperationalError as error:
        raise StartError(
            f"无法连接数据库，请检查 TANPUHUI_DATABASE_URL：{str(error.orig).splitlines()[0]}"
        ) from error
    finally:
        engine.dispose()
