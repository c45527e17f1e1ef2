"""An intact tree verifies; whatever was done to it, or to the book behind it, is named."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from redis import Redis
from sqlalchemy import Connection, Engine, text

from backend.invariants import Books
from backend.ports.keys import KeyRing
from backend.ports.signed_notes import Signer
from backend.proofs import checks, jobs
from backend.schema import METADATA
from credit_rules import load_rulebook
from tests.backend.proofs.conftest import CLOCK, NOW
from tests.builders.drop_offs import drop
from tests.builders.entries import an_entry, many_entries, tampered
from tests.builders.scene import a_scene

RULEBOOK = load_rulebook()


@pytest.fixture
def book(
    owner: Engine, application: Engine, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Connection]:
    """600 entries under three checkpoints, a drop-off among them, and one not in the tree yet."""
    monkeypatch.setattr(jobs, "BATCH", 250)
    monkeypatch.setattr(checks, "_BATCH", 64)
    with owner.begin() as db:
        scene = a_scene(db, NOW)
        drop(
            db,
            rulebook=RULEBOOK,
            keys=KeyRing("a secret of the tests, 32 characters"),
            member_id=scene.members[0],
            code=scene.attended.url,
            now=NOW,
        )
        many_entries(db, 599)
    jobs.build(application.begin, signer, CLOCK)
    with owner.begin() as db:
        an_entry(db)
    with owner.connect() as db:
        yield db


def found(db: Connection, redis: Redis) -> dict[str, list[str]]:
    """The subjects of the findings, by check."""
    advanced: list[int] = []
    books = Books(db, redis, RULEBOOK, METADATA, datetime.now(tz=NOW.tzinfo), advanced.append)
    return {
        check.name: [finding.subject for finding in findings]
        for check in checks.CHECKS
        if (findings := list(check.find(books)))
    }


def test_an_intact_tree_verifies(book: Connection, redis: Redis) -> None:
    assert found(book, redis) == {}


BROKEN = {
    "an amount": (
        "UPDATE transfer SET amount = amount + 1 WHERE entry_id = 77",
        {"proofs.tree": ["entry 77"]},
    ),
    "a transfer more": (
        "INSERT INTO transfer VALUES (88, 9, 1, -1, 73728, 'mpt', 1)",
        {"proofs.tree": ["entry 88"]},
    ),
    "a fact": (
        "UPDATE action SET facts = jsonb_set(facts, '{mass}', '\"3\"')",
        {"proofs.tree": ["entry 1"]},
    ),
    "a fact that is no text": (
        "UPDATE action SET facts = jsonb_set(facts, '{mass}', '[1.5, null]')",
        {"proofs.tree": ["entry 1"]},
    ),
    "a day": (
        "UPDATE entry SET effective_on = effective_on - 1 WHERE id = 99",
        {"proofs.tree": ["entry 99"]},
    ),
    "a salt": (
        "UPDATE tree_leaf SET salt = uuid_send(gen_random_uuid()) WHERE index = 42",
        {"proofs.tree": ["entry 43"]},
    ),
    "a layout": (
        "UPDATE tree_leaf SET layout = 2 WHERE index = 42",
        {"proofs.tree": ["leaf 42"]},
    ),
    "an entry gone": (
        "DELETE FROM transfer WHERE entry_id = 500; DELETE FROM entry WHERE id = 500",
        {"proofs.tree": ["leaf 499"]},
    ),
    "an entry skipped": (
        "UPDATE tree_leaf SET entry_id = 601 WHERE index = 599",
        {"proofs.missing": ["entry 600"], "proofs.tree": ["entry 601"]},
    ),
    "an entry left lying": (
        "UPDATE entry SET created_at = now() - interval '2 hours' WHERE id = 601",
        {"proofs.missing": ["entry 601"]},
    ),
    "a leaf's hash": (
        "UPDATE tree_leaf SET hash = sha256('other') WHERE index = 300",
        {
            "proofs.tree": [
                "entry 301",
                "checkpoint 500",
                "node 8/1",
                "checkpoint 600",
            ]
        },
    ),
    "a node": (
        "UPDATE tree_node SET hash = sha256('other') WHERE index = 1",
        {"proofs.tree": ["node 8/1"]},
    ),
    "a node gone": (
        "DELETE FROM tree_node WHERE index = 1",
        {"proofs.tree": ["node 8/1", "node 8/0"]},
    ),
    "the last leaf gone": (
        "DELETE FROM tree_leaf WHERE index = 599",
        {"proofs.missing": ["entry 600"], "proofs.tree": ["checkpoint 600", "leaf 598"]},
    ),
    "a checkpoint gone": (
        "DELETE FROM checkpoint WHERE size = 600",
        {"proofs.tree": ["leaf 599"]},
    ),
    "a root": (
        "UPDATE checkpoint SET root = sha256('other') WHERE size = 250",
        {"proofs.tree": ["checkpoint 250"]},
    ),
    "a note": (
        "UPDATE checkpoint SET note = replace(note, '500', '501') WHERE size = 500",
        {"proofs.tree": ["checkpoint 500"]},
    ),
    "a note of another size": (
        "UPDATE checkpoint c SET note = o.note FROM checkpoint o WHERE c.size < o.size - 300",
        {"proofs.tree": ["checkpoint 250", "checkpoint 250"]},
    ),
    "the key gone": (
        "DELETE FROM verifier_key",
        {"proofs.tree": ["checkpoint 250", "checkpoint 500", "checkpoint 600"]},
    ),
}


def test_what_was_broken_is_named(book: Connection, redis: Redis) -> None:
    for broken, (statements, expected) in BROKEN.items():
        with book.begin_nested() as savepoint:
            tampered(book, statements.split("; "))
            assert found(book, redis) == expected, broken
            savepoint.rollback()


def test_one_entry_in_two_leaves(book: Connection, redis: Redis) -> None:
    book.execute(text("ALTER TABLE tree_leaf DROP CONSTRAINT uq_tree_leaf_entry_id"))
    tampered(book, ["UPDATE tree_leaf SET entry_id = 5 WHERE index = 599"])
    assert found(book, redis) == {
        "proofs.missing": ["entry 600"],
        "proofs.doubled": ["entry 5"],
        "proofs.tree": ["entry 5"],
    }


def test_a_history_signed_by_another_log(book: Connection, redis: Redis) -> None:
    """Checkpoints of a known key but another name do not belong to this book."""
    other = Signer("another.test/ledger", bytes(32))
    note = book.scalars(text("SELECT note FROM checkpoint WHERE size = 600")).one()
    body = note.partition("\n\n")[0].replace("tanpuhui.test/ledger", "another.test/ledger")
    tampered(
        book,
        [
            f"UPDATE checkpoint SET note = '{other.sign(body + chr(10))}' WHERE size = 600",
            f"INSERT INTO verifier_key VALUES ('{other.verifier.text}', now())",
        ],
    )
    assert found(book, redis) == {"proofs.tree": ["checkpoint 600"]}


def test_a_builder_that_reads_up_to_the_newest_transaction_is_found_out(
    owner: Engine, application: Engine, signer: Signer, redis: Redis
) -> None:
    """The horizon is what keeps late commits: with the snapshot's end in its place one is lost."""
    with owner.begin() as db:
        body: str = db.execute(
            text("SELECT pg_get_functiondef('proofs_append_leaves'::regproc)")
        ).scalar_one()
        db.exec_driver_sql(body.replace("pg_snapshot_xmin", "pg_snapshot_xmax").replace("%", "%%"))
    with owner.connect() as late:
        skipped = an_entry(late)
        with owner.begin() as db:
            an_entry(db)
        assert jobs.build(application.begin, signer, CLOCK) == 1
        late.commit()
    assert jobs.build(application.begin, signer, CLOCK) == 0
    with owner.connect() as db:
        assert found(db, redis) == {"proofs.missing": [f"entry {skipped}"]}
