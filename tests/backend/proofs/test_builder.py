"""Every committed entry enters the tree exactly once, and every leaf lies under a checkpoint."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import Queue

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from backend.db.engine import make_engine
from backend.ports.signed_notes import NoteError, Signer, open_note
from backend.proofs import jobs, merkle, service
from backend.proofs.merkle import Leaves
from backend.proofs.policy import CheckpointText, read_checkpoint
from backend.proofs.queries import (
    StoredTree,
    checkpoints,
    latest_checkpoint,
    leaves_from,
    published_keys,
    tree_size,
)
from tests.backend.proofs.conftest import CLOCK, NOW, ORIGIN, entry_ids, leaf_entries
from tests.backend.proofs.test_merkle import naive_root
from tests.builders.entries import an_entry, many_entries, tampered

SECONDS = 20


def test_each_batch_lies_under_a_checkpoint_whose_root_is_that_of_its_leaves(
    owner: Engine, application: Engine, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 250)
    with owner.begin() as db:
        many_entries(db, 600)
    assert jobs.build(application.begin, signer, CLOCK) == 600
    assert jobs.build(application.begin, signer, CLOCK) == 0
    with application.connect() as db:
        hashes = [leaf.hash for leaf in leaves_from(db, index=0, limit=1000)]
        found = checkpoints(db, before_size=None, limit=10)
        assert [each.size for each in found] == [600, 500, 250]
        for each in found:
            text_, key = open_note(each.note, [signer.verifier])
            assert key == signer.verifier
            root = naive_root(hashes[: each.size])
            assert read_checkpoint(text_) == CheckpointText(ORIGIN, each.size, root)
            assert (each.root, each.signed_at) == (root, NOW)
        assert published_keys(db) == [signer.verifier]
        assert db.scalar(text("SELECT count(*) FROM tree_node")) == 2


def test_a_run_ends_after_so_many_batches(
    owner: Engine, application: Engine, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 10)
    with owner.begin() as db:
        many_entries(db, 25)
    assert jobs.build(application.begin, signer, CLOCK, batches=2) == 20
    assert jobs.build(application.begin, signer, CLOCK, batches=2) == 5


def test_an_entry_that_commits_late_is_neither_skipped_nor_overtaken(
    owner: Engine, application: Engine, signer: Signer
) -> None:
    with owner.connect() as late, owner.begin() as db:
        first = an_entry(late)
        second = an_entry(db)
        db.commit()
        assert first < second
        assert jobs.build(application.begin, signer, CLOCK) == 0
        late.commit()
    assert jobs.build(application.begin, signer, CLOCK) == 2
    assert leaf_entries(owner) == [first, second]


def test_an_id_drawn_early_and_written_late_is_not_skipped(
    owner: Engine, application: Engine, signer: Signer
) -> None:
    with owner.begin() as db:
        drawn = db.scalar(text("SELECT nextval('entry_id_seq')"))
        earlier = an_entry(db)
    assert jobs.build(application.begin, signer, CLOCK) == 1
    with owner.begin() as db:
        db.execute(
            text("""
INSERT INTO entry (id, kind, member_id, effective_on)
OVERRIDING SYSTEM VALUE VALUES (:id, 'expiry', 1, '2026-11-18')
"""),
            {"id": drawn},
        )
    assert jobs.build(application.begin, signer, CLOCK) == 1
    assert leaf_entries(owner) == [earlier, drawn]


@contextmanager
def building(application: Engine, signer: Signer, *, builders: int) -> Iterator[list[int]]:
    """Builders that work all the time, as many at once as given; yields what each run appended."""
    stop, appended, failed = threading.Event(), [], Queue[BaseException]()

    def work() -> None:
        try:
            while not stop.is_set():
                appended.append(jobs.build(application.begin, signer, CLOCK))
        except BaseException as error:  # noqa: BLE001 - given to the test that waits below
            failed.put(error)

    threads = [threading.Thread(target=work) for _ in range(builders)]
    for thread in threads:
        thread.start()
    try:
        yield appended
    finally:
        stop.set()
        for thread in threads:
            thread.join(SECONDS)
    assert failed.empty(), failed.get()


def times_appended(appended: Sequence[int | None]) -> int:
    return sum(1 for each in appended if each)


def turns(appended: Sequence[int | None]) -> Iterator[int]:
    """Twenty-five, and more until the builders have met the writers a few times."""
    for turn in range(400):
        if turn >= 25 and times_appended(appended) > 3:
            return
        yield turn


def write_late(engine: Engine, entries: int, *, keep: bool) -> None:
    """Draws ids in a transaction that another one overtakes; keeps it or not."""
    with engine.connect() as late:
        for _ in range(entries):
            an_entry(late)
        with engine.begin() as soon:
            an_entry(soon)
        if keep:
            late.commit()


@pytest.mark.parametrize("seed", range(3))
def test_late_commits_under_running_builders_lose_and_double_nothing(
    database: str, application: Engine, signer: Signer, seed: int
) -> None:
    """Four pairs of writers: the first of each draws its ids first and commits last, or not."""
    engine = make_engine(database, owner=True, pool_size=10)

    def pair(number: int) -> None:
        for turn in turns(appended):
            write_late(engine, 1 + (turn + number) % 3, keep=bool((turn * 7 + number + seed) % 5))

    with building(application, signer, builders=2) as appended:
        writers = [threading.Thread(target=pair, args=(number,)) for number in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join(SECONDS)
            assert not writer.is_alive()
    jobs.build(application.begin, signer, CLOCK)
    placed = leaf_entries(engine)
    assert sorted(placed) == entry_ids(engine)
    assert times_appended(appended) > 3
    with engine.connect() as db:
        order = db.scalars(text("SELECT id FROM entry ORDER BY txid, id")).all()
        assert placed == order
        hashes = [leaf.hash for leaf in leaves_from(db, index=0, limit=10_000)]
        for each in checkpoints(db, before_size=None, limit=1000):
            assert each.root == naive_root(hashes[: each.size])
    engine.dispose()


def test_one_builder_at_a_time(owner: Engine, application: Engine, signer: Signer) -> None:
    with owner.begin() as db:
        an_entry(db)
    with application.begin() as first, application.begin() as second:
        assert service.append(first, signer, now=NOW, limit=10) == 1
        assert service.append(second, signer, now=NOW, limit=10) is None
    assert jobs.build(application.begin, signer, CLOCK) == 0


def test_a_new_key_signs_on_and_the_old_one_stays_published(
    owner: Engine, application: Engine, signer: Signer
) -> None:
    newer = Signer(ORIGIN, bytes(32))
    for key in (signer, newer):
        with owner.begin() as db:
            an_entry(db)
        jobs.build(application.begin, key, CLOCK)
    with application.connect() as db:
        assert set(published_keys(db)) == {signer.verifier, newer.verifier}
        new, old = checkpoints(db, before_size=None, limit=2)
        assert open_note(old.note, published_keys(db))[1] == signer.verifier
        assert open_note(new.note, published_keys(db))[1] == newer.verifier
        with pytest.raises(NoteError):
            open_note(old.note, [newer.verifier])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tree_leaf SET hash = sha256('other') WHERE index = 258",
        "UPDATE tree_node SET hash = sha256('other')",
        "UPDATE checkpoint SET note = replace(note, 'ledger', 'legder')",
        "DELETE FROM tree_leaf WHERE index = 258",
        "DELETE FROM checkpoint",
    ],
)
def test_nothing_is_signed_over_a_tree_that_was_changed(
    owner: Engine, application: Engine, signer: Signer, statement: str
) -> None:
    with owner.begin() as db:
        many_entries(db, 259)
    jobs.build(application.begin, signer, CLOCK)
    with owner.begin() as db:
        tampered(db, [statement])
        an_entry(db)
        signed = db.scalar(text("SELECT count(*) FROM checkpoint"))
    with pytest.raises((service.TamperedTreeError, merkle.BrokenTreeError, IntegrityError)):
        jobs.build(application.begin, signer, CLOCK)
    with owner.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM checkpoint")) == signed


def test_a_key_of_another_name_signs_nothing(
    owner: Engine, application: Engine, signer: Signer
) -> None:
    with owner.begin() as db:
        an_entry(db)
    jobs.build(application.begin, signer, CLOCK)
    with owner.begin() as db:
        an_entry(db)
    with pytest.raises(service.TamperedTreeError, match=r"another\.test"):
        jobs.build(application.begin, Signer("another.test", bytes(32)), CLOCK)


def test_an_empty_book_has_no_checkpoint(application: Engine, signer: Signer) -> None:
    assert jobs.build(application.begin, signer, CLOCK) == 0
    with application.connect() as db:
        assert latest_checkpoint(db) is None
        assert tree_size(db) == 0
        assert merkle.hashes_of([Leaves(0, 0)], StoredTree(db)) == [merkle.EMPTY_ROOT]
