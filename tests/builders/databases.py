"""Copies of databases under names of their own, for scenes that live as long as the session."""

from sqlalchemy import create_engine, make_url, text


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
