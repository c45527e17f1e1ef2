"""What is hashed: the same bytes in SQL and in Python, covering every column."""

import json
from datetime import datetime

import pytest
from sqlalchemy import Engine, text

from backend.actions.queries import Recorded, actions_by_id
from backend.clock import business_day
from backend.ledger.entries import PostedEntry, PostedTransfer, entries_by_id
from backend.ports.keys import KeyRing
from backend.ports.signed_notes import NoteError, Signer
from backend.proofs import jobs, leaves, merkle
from backend.proofs.policy import read_checkpoint
from backend.proofs.queries import (
    leaves_from,
)
from backend.schema import METADATA
from credit_rules import load_rulebook
from tests.backend.proofs.conftest import CLOCK, NOW, entry_ids
from tests.builders.drop_offs import drop
from tests.builders.scene import a_scene

TODAY = business_day(NOW)

ODD_ENTRIES = """
INSERT INTO entry (kind, member_id, action_id, effective_on, created_at, actor_id, campaign_id)
SELECT 'correction', 7, max(id), '2100-02-28', '2000-01-01T00:00:00Z', 9, 10 FROM action;
INSERT INTO entry (kind, member_id, reverses_entry_id, effective_on, trace_digest)
SELECT 'reversal', 7, max(id), '1970-01-01', sha256('c') FROM entry;
INSERT INTO entry (kind, member_id, settles_entry_id, effective_on)
SELECT 'cancellation', 7, max(id), '2026-11-18' FROM entry;
INSERT INTO entry (kind, member_id, campaign_id, effective_on)
VALUES ('grant', 0, 1, '2026-11-18');
INSERT INTO transfer (entry_id, seq, member_id, debit, credit, unit, amount)
SELECT max(id), s, 0, -s, 70000 + s, u, a
  FROM entry, (VALUES (10, 'mg', 9223372036854775807), (2, 'mpt', 1)) AS x(s, u, a) GROUP BY s, u, a
"""


@pytest.fixture
def odd_entries(owner: Engine) -> list[int]:
    """Entries of every shape: all columns empty or full, no transfers or several, odd texts."""
    with owner.begin() as db:
        scene = a_scene(db, NOW)
        for material in ("paper", "glass"):
            drop(
                db,
                rulebook=load_rulebook(),
                keys=KeyRing("a secret of the tests, 32 characters"),
                member_id=scene.members[0],
                code=scene.attended.url,
                now=NOW,
                material=material,
            )
        db.execute(
            text("""
INSERT INTO action (member_id, reference, kind, occurred_at, occurred_on, received_at, tier,
                    channel, ranked, facts, context, methodology_id, methodology_version,
                    methodology_digest, rulebook_digest, reduction_mg, points_mpt)
VALUES (7, '参考 "1" \\', 'odd', '1999-12-31T23:59:59.999999Z', '1999-12-31', now(), 'T0',
        '', false, :facts, '{}', 'odd.kind', 2147483647, sha256('a'), sha256('b'), 0,
        9223372036854775807)
"""),
            {
                "facts": json.dumps(
                    {"b": "", "ä": "一 二", "a": "1.50", "n": 3, "t": True, "o": None}
                )
            },
        )
        db.execute(text(ODD_ENTRIES))
    return entry_ids(owner)


def test_the_bytes_hashed_in_sql_are_those_of_python(
    odd_entries: list[int], application: Engine, signer: Signer
) -> None:
    jobs.build(application.begin, signer, CLOCK)
    with application.connect() as db:
        stored = leaves_from(db, index=0, limit=100)
        assert sorted(leaf.entry_id for leaf in stored) == odd_entries
        entries = entries_by_id(db, odd_entries)
        actions = actions_by_id(db, [e.action_id for e in entries.values() if e.action_id])
        assert len(actions) == 3
        for leaf in stored:
            entry = entries[leaf.entry_id]
            action = actions[entry.action_id] if entry.action_id else None
            content = leaves.entry_bytes(entry, action, leaf.salt)
            assert merkle.leaf_hash(content) == leaf.hash
            assert leaves.read_entry(content) == entry
    assert len({leaf.salt for leaf in stored}) == len(stored)


@pytest.mark.parametrize("content", [b"", bytes(169), b"\x01" + bytes(169), b"\x02" + bytes(168)])
def test_what_is_no_leaf_is_not_read(content: bytes) -> None:
    with pytest.raises(ValueError, match="leaf"):
        leaves.read_entry(content + b"\xff")


def test_a_text_too_long_for_its_place_is_refused() -> None:
    entry = PostedEntry(
        1,
        "a kind longer than 16",
        NOW,
        TODAY,
        1,
        None,
        None,
        None,
        None,
        None,
        None,
        (),
    )
    with pytest.raises(ValueError, match="16 bytes"):
        leaves.entry_bytes(entry, None, bytes(16))


def test_the_layout_covers_every_column() -> None:
    """A new column belongs into a new layout, or here with its reason."""
    elsewhere = {
        "entry": {"txid"},  # means something only in the cluster that wrote it
        "transfer": {"entry_id", "member_id"},  # the leaf's own
        "action": {"context"},  # held by the entry's trace digest
    }
    covered = {
        "entry": set(PostedEntry._fields) - {"transfers"},
        "transfer": set(PostedTransfer._fields),
        # What became of an action later stands in entries of its own.
        "action": set(Recorded._fields) - {"context", "status", "reason"},
    }
    for table, fields in covered.items():
        assert set(METADATA.tables[table].columns.keys()) == fields | elsewhere[table]


@pytest.mark.parametrize(
    "text_",
    [
        "",
        "origin\n",
        "origin\n1\n",
        "origin\nx\nAAAA\n",
        "origin\n1\nAAAA\n",
        f"o\n01\n{'A' * 43}=\n",
    ],
)
def test_what_is_no_checkpoint_is_not_read(text_: str) -> None:
    with pytest.raises(NoteError):
        read_checkpoint(text_)


def test_the_example_of_the_specification_reads() -> None:
    example = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    )
    read = read_checkpoint(example)
    assert (read.origin, read.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert read.render() == example
    assert read_checkpoint(f"{example}extra\n").extensions == ("extra",)


def test_times_are_kept_to_the_microsecond() -> None:
    moment = datetime.fromisoformat("2026-11-18T02:00:00.123457+00:00")
    entry = PostedEntry(1, "award", moment, TODAY, 1, None, None, None, None, None, None, ())
    content = leaves.entry_bytes(entry, None, bytes(16))
    assert leaves.read_entry(content).created_at == moment
