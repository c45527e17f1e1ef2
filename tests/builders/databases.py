"""One database for many tests that commit: each finds it as the migrations left it."""

from sqlalchemy import Connection, create_engine, make_url, text

_FILLED = """
SELECT quote_ident(relname) FROM pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
 ORDER BY relname
"""


def copy_database(postgres_url: str, name: str) -> str:
    """Copies the migrated database and returns the URL (owner) of the copy.

    Args:
        postgres_url: of the migrated database, to which nobody is connected.
        name: of the copy.
    """
    url = make_url(postgres_url).set(drivername="postgresql+psycopg")
    engine = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as db:
        db.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database} STRATEGY file_copy"))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


def filled_tables(url: str) -> list[str]:
    """The tables that hold rows: right after the copy, those that the migrations fill."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as db:
        filled = [table for table in db.scalars(text(_FILLED)) if _has_rows(db, table)]
    engine.dispose()
    return filled


def empty(url: str, *, but: list[str]) -> None:
    """Empties every table except some, and starts their ids at 1 again."""
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as db:
        tables = [table for table in db.scalars(text(_FILLED)) if table not in but]
        # What is append-only refuses this even to its owner; replicas run no triggers.
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY"))
    engine.dispose()


def _has_rows(db: Connection, table: str) -> bool:
    return bool(db.scalar(text(f"SELECT EXISTS (SELECT FROM {table})")))
