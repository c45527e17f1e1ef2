"""A receipt proves its entry to anybody, here and offline; one changed anywhere proves nothing."""

import base64
import copy
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from backend.errors import NotFoundError
from backend.ports.keys import KeyRing
from backend.ports.signed_notes import Signer
from backend.proofs import jobs, merkle
from backend.proofs.documents import ReceiptInvalidError
from backend.proofs.leaves import read_action
from backend.proofs.queries import latest_checkpoint, published_keys
from backend.proofs.receipts import (
    EntryChangedError,
    LedgerReceipt,
    ReceiptPendingError,
    consistency,
    receipt_of,
    still_holds,
    verify,
)
from credit_rules import load_rulebook
from tests.backend.proofs import made
from tests.backend.proofs.conftest import CLOCK, NOW
from tests.backend.proofs.made import flipped, run
from tests.builders.drop_offs import drop
from tests.builders.entries import an_entry, many_entries, tampered
from tests.builders.scene import a_scene

OTHER_KEY = Signer("tanpuhui.test/ledger", bytes(32)).verifier


@pytest.fixture
def drop_off(owner: Engine, application: Engine, signer: Signer) -> tuple[int, int]:
    """A sealed drop-off amid other entries: its member and its entry."""
    with owner.begin() as db:
        many_entries(db, 300)
        scene = a_scene(db, NOW)
        drop(
            db,
            rulebook=load_rulebook(),
            keys=KeyRing("a secret of the tests, 32 characters"),
            member_id=scene.members[0],
            code=scene.attended.url,
            now=NOW,
        )
        entry: int = db.execute(text("SELECT max(id) FROM entry")).scalar_one()
    jobs.build(application.begin, signer, CLOCK)
    with owner.begin() as db:
        many_entries(db, 10)
    jobs.build(application.begin, signer, CLOCK)
    return scene.members[0], entry


@pytest.fixture
def receipt(application: Engine, drop_off: tuple[int, int]) -> dict[str, Any]:
    with application.connect() as db:
        document: dict[str, Any] = receipt_of(
            db, member_id=drop_off[0], entry_id=drop_off[1]
        ).to_json()
    return document


def test_a_receipt_proves_its_entry(
    receipt: dict[str, Any], signer: Signer, drop_off: tuple[int, int], application: Engine
) -> None:
    read = LedgerReceipt.from_json(json.loads(json.dumps(receipt)))
    proven = verify(read, [OTHER_KEY, signer.verifier])
    assert (proven.entry.member_id, proven.entry.id) == drop_off
    assert (proven.checkpoint.size, proven.signed_by) == (311, signer.verifier)
    assert read.action is not None
    assert read_action(read.action) == (
        "recycling.drop_off",
        1,
        {"mass": "1", "material": "paper"},
    )
    with application.connect() as db:
        assert still_holds(db, proven.checkpoint)


def changed(receipt: dict[str, Any]) -> list[dict[str, Any]]:
    """The receipt with each of its fields, and each part of them, changed."""

    def one(**fields: Any) -> dict[str, Any]:
        return {**copy.deepcopy(receipt), **fields}

    leaf, action, path, note = (receipt[name] for name in ("leaf", "action", "path", "checkpoint"))
    head, lines = note.split("\n\n")
    origin, size, root = head.split("\n")
    resigned = Signer("tanpuhui.test/ledger", bytes(32)).sign(f"{head}\n")
    everywhere = range(len(base64.b64decode(leaf)))
    return [
        one(format="tanpuhui.receipt.v2"),
        one(entry_id=receipt["entry_id"] + 1),
        one(entry_id=str(receipt["entry_id"])),
        *(one(leaf=flipped(leaf, at)) for at in everywhere),
        one(leaf=base64.b64encode(base64.b64decode(leaf) + b"\0").decode()),
        one(leaf=f" {leaf}"),
        one(leaf=""),
        *(one(action=flipped(action, at)) for at in (0, 9, 20, 100, -1)),
        one(action=None),
        one(index=receipt["index"] - 1),
        one(index=-1),
        one(index=10**6),
        one(index=True),
        *(one(path=[*path[:n], flipped(path[n], 5), *path[n + 1 :]]) for n in range(len(path))),
        one(path=path[:-1]),
        one(path=[*path, path[0]]),
        one(path=path[::-1]),
        one(path={}),
        one(checkpoint=f"{origin}x\n{size}\n{root}\n\n{lines}"),
        one(checkpoint=f"{origin}\n{int(size) + 1}\n{root}\n\n{lines}"),
        one(checkpoint=f"{origin}\n{size}\n{flipped(root, 3)}\n\n{lines}"),
        one(checkpoint=f"{head}\nmore\n\n{lines}"),
        one(checkpoint=f"{head}\n\n{lines[:40]}{'A' if lines[40] != 'A' else 'B'}{lines[41:]}"),
        one(checkpoint=head),
        one(checkpoint=resigned),
        one(more=1),
        {name: value for name, value in receipt.items() if name != "path"},
    ]


def test_a_receipt_changed_anywhere_is_refused(receipt: dict[str, Any], signer: Signer) -> None:
    for document in changed(receipt):
        with pytest.raises(ReceiptInvalidError):
            verify(LedgerReceipt.from_json(document), [signer.verifier])
    with pytest.raises(ReceiptInvalidError):
        verify(LedgerReceipt.from_json(receipt), [OTHER_KEY])


@pytest.mark.parametrize("document", [None, [], "text", 1, {"format": "another"}])
def test_what_is_no_receipt_is_refused(document: object) -> None:
    with pytest.raises(ReceiptInvalidError):
        LedgerReceipt.from_json(document)


def test_the_script_verifies_offline(
    receipt: dict[str, Any], signer: Signer, tmp_path: Path
) -> None:
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt), encoding="utf-8")
    result = run(path, signer.verifier.text)
    assert result.returncode == 0, result.stderr
    assert f"entry {receipt['entry_id']} (award)" in result.stdout
    assert "leaf 300 of 311 in tanpuhui.test/ledger" in result.stdout
    assert "mpt" in result.stdout
    wrong = run(path, OTHER_KEY.text)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "NOT PROVEN" in wrong.stderr
    path.write_text(json.dumps({**receipt, "index": 1}), encoding="utf-8")
    assert run(path, signer.verifier.text).returncode == 1
    assert run(tmp_path / "nothing", signer.verifier.text).returncode == 1


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return made.script()


def test_the_script_refuses_a_receipt_changed_anywhere(
    receipt: dict[str, Any], signer: Signer, script: dict[str, Any]
) -> None:
    assert "OK" in script["verify"](receipt, signer.verifier.text)
    signatures: dict[str, Any] = {}
    checked = script["signed_text"]

    def remembered(note: str, key: str) -> Any:
        if note not in signatures:
            signatures[note] = checked(note, key)
        return signatures[note]

    script["signed_text"] = remembered
    for document in changed(receipt):
        with pytest.raises(script["NotProvenError"]):
            script["verify"](document, signer.verifier.text)
    script["signed_text"] = checked


def test_the_script_checks_signatures_as_the_library_does(script: dict[str, Any]) -> None:
    for seed in range(6):
        signer = Signer("n", bytes([seed]) * 32)
        note = signer.sign(f"text {seed}\n")
        assert script["signed_text"](note, signer.verifier.text) == f"text {seed}\n"
        with pytest.raises(ValueError, match="signature"):
            script["signed_text"](note.replace("text", "Text"), signer.verifier.text)
        with pytest.raises(ValueError, match="public key"):
            script["signed_text"](note, signer.verifier.text.replace("n+", "m+"))


def test_only_ones_own_entries_and_only_when_sealed(
    owner: Engine, application: Engine, signer: Signer
) -> None:
    with owner.begin() as db:
        entry = an_entry(db, member_id=1)
    with application.connect() as db:
        with pytest.raises(ReceiptPendingError) as pending:
            receipt_of(db, member_id=1, entry_id=entry)
        assert pending.value.retry_after == 20
    jobs.build(application.begin, signer, CLOCK)
    with application.connect() as db:
        assert receipt_of(db, member_id=1, entry_id=entry).action is None
        for member, wanted in ((2, entry), (1, entry + 1)):
            with pytest.raises(NotFoundError):
                receipt_of(db, member_id=member, entry_id=wanted)


def test_no_receipt_is_given_for_what_was_changed(owner: Engine, drop_off: tuple[int, int]) -> None:
    with owner.connect() as db:
        for statement in (
            "UPDATE transfer SET amount = amount + 1",
            "UPDATE entry SET effective_on = effective_on + 1",
            "UPDATE action SET facts = jsonb_set(facts, '{mass}', '\"2\"')",
            "UPDATE action SET department_id = NULL",
            "DELETE FROM transfer",
            "DELETE FROM action",
            "UPDATE checkpoint SET root = sha256('other')",
        ):
            with db.begin_nested() as savepoint:
                tampered(db, [statement])
                with pytest.raises(EntryChangedError):
                    receipt_of(db, member_id=drop_off[0], entry_id=drop_off[1])
                savepoint.rollback()
        assert receipt_of(db, member_id=drop_off[0], entry_id=drop_off[1]).index == 300


def test_an_old_receipt_shows_that_the_book_was_rewritten(
    receipt: dict[str, Any], owner: Engine, application: Engine, signer: Signer
) -> None:
    """Who has server and key can sign another history; whoever holds a receipt sees it."""
    proven = verify(LedgerReceipt.from_json(receipt), [signer.verifier])
    with owner.begin() as db:
        tampered(
            db,
            [
                "UPDATE transfer SET amount = amount + 1",
                "TRUNCATE tree_leaf, tree_node, checkpoint, sealed_month",
                "UPDATE tree_cursor SET txid = '0', entry_id = 0",
            ],
        )
    jobs.build(application.begin, signer, CLOCK)
    with application.connect() as db:
        assert not still_holds(db, proven.checkpoint)
        latest = latest_checkpoint(db)
        assert latest is not None
        assert latest.size == proven.checkpoint.size


def test_consistency_between_checkpoints(
    drop_off: tuple[int, int], application: Engine, signer: Signer
) -> None:
    assert drop_off
    with application.connect() as db:
        proof = consistency(db, old_size=301, size=311)
        assert published_keys(db) == [signer.verifier]
        assert merkle.is_consistent(
            301, proof.earlier.root, 311, proof.later.root, list(proof.path)
        )
        assert consistency(db, old_size=311, size=311).path == []
        for old, new in ((311, 301), (1, 311), (301, 312)):
            with pytest.raises(NotFoundError):
                consistency(db, old_size=old, size=new)
