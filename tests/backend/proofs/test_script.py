"""The offline script: whatever it is given, it says in a sentence whether that is proven."""

import ast
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from backend.errors import DomainError
from backend.ports.signed_notes import Signer
from backend.proofs.documents import ReceiptInvalidError
from backend.proofs.month_files import FORMAT, MonthFile, verify_month
from backend.proofs.receipts import LedgerReceipt, verify
from backend.web import strict_json
from tests.backend.proofs import made
from tests.backend.proofs.conftest import NOW
from tests.backend.proofs.made import SCRIPT, a_month, a_receipt, changed

OTHER = Signer("tanpuhui.test/ledger", bytes(32))
STRANGER = Signer("another.test/ledger", bytes(range(32)))


@pytest.fixture
def script() -> dict[str, Any]:
    return made.script()


def refusal(script: dict[str, Any], document: object, key: str) -> str:
    """The sentence with which the script refuses a document."""
    with pytest.raises(script["NotProvenError"]) as refused:
        script["verify"](document, key)
    return str(refused.value)


def proven_here(document: object, signer: Signer) -> bool:
    """Whether the library accepts a receipt."""
    try:
        verify(LedgerReceipt.from_json(document), [signer.verifier])
    except ReceiptInvalidError:
        return False
    return True


def told_of(content: bytes, key: str, folder: Path) -> str:
    """What the script says of a file that it must not accept."""
    path = folder / "receipt.json"
    path.write_bytes(content)
    result = made.run(path, key)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("NOT PROVEN: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_it_is_small_and_older_pythons_read_it() -> None:
    source = SCRIPT.read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
    assert len(source.splitlines()) < 300


def test_it_tells_in_words_what_a_receipt_proves(signer: Signer, tmp_path: Path) -> None:
    path = tmp_path / "receipt-4.json"
    path.write_text(json.dumps(a_receipt(signer)), encoding="utf-8")
    result = made.run(path, signer.verifier.text)
    assert (result.returncode, result.stderr) == (0, "")
    for line in (
        "OK: entry 4 (award) is leaf 3 of 7 in tanpuhui.test/ledger",
        f"posted {NOW:%Y-%m-%d %H:%M:%S} UTC, counts for 2026-11-18, member 7",
        f"10 points (10000 mpt): account -1 of the programme -> account {made.POINTS} of member 7",
    ):
        assert line in result.stdout


def test_a_root_of_another_log_is_refused(script: dict[str, Any], signer: Signer) -> None:
    for log in ("/month/2026-10", "2", "/"):
        receipt = a_receipt(signer, log=log)
        assert "another log" in refusal(script, receipt, signer.verifier.text)
        with pytest.raises(ReceiptInvalidError, match="另一本账"):
            verify(LedgerReceipt.from_json(receipt), [signer.verifier])
    for log in ("", "/month/2026-11"):
        assert "another log" in refusal(script, a_month(signer, log=log), signer.verifier.text)


def test_the_key_must_be_the_one_that_signed(script: dict[str, Any], signer: Signer) -> None:
    for document in (a_receipt(signer), a_month(signer)):
        for key in (OTHER, STRANGER):
            said = refusal(script, document, key.verifier.text)
            assert "of another ledger or key" in said


@pytest.mark.parametrize("cut", ["", "x", "+", "++", "a+b+c", "n+00000000+AQ==", "\udcff+1+AQ=="])
def test_what_is_no_key_is_told(
    script: dict[str, Any], signer: Signer, tmp_path: Path, cut: str
) -> None:
    receipt = json.dumps(a_receipt(signer)).encode()
    assert "KEY" in told_of(receipt, cut, tmp_path)
    key = signer.verifier.text
    for wrong in (key[:-4], key.replace("+", " "), f"{key} ", f"x{key}", key[:-2] + "AA"):
        with pytest.raises(ValueError, match=r"KEY|base64"):
            script["verify"](a_receipt(signer), wrong)


def test_signatures_are_read_strictly(script: dict[str, Any], signer: Signer) -> None:
    receipt, key = a_receipt(signer), signer.verifier.text
    note = receipt["checkpoint"]
    text, line = note.split("\n\n")
    witness = Signer("witness.test", bytes(32)).sign(f"{text}\n").split("\n\n")[1]
    odd = witness.replace("witness.test", "witness\u2028\x85test")
    for other in (note + witness, f"{text}\n\n{witness}{line}", note + odd):
        assert "OK" in script["verify"](changed(receipt, "checkpoint", to=other), key)
        assert proven_here(changed(receipt, "checkpoint", to=other), signer)
    for other, why in (
        (note + line, "more than once"),
        (f"{note}trailing garbage\n", "is no signature"),
        (f"{note}\n", "lines of signatures"),
        (f"{note} ", "lines of signatures"),
        (note.replace("\n\n", "\r\n\r\n"), "lines of signatures"),
        (f"\0{note}", "control characters"),
        (f"\ud800{note}", "not KEY's"),
        (f"{text}\n\n{witness}", "of another ledger or key"),
        (text, "lines of signatures"),
    ):
        said = refusal(script, changed(receipt, "checkpoint", to=other), key)
        assert why in said, (other, said)
        assert not proven_here(changed(receipt, "checkpoint", to=other), signer)


def test_notes_that_are_no_checkpoints_are_refused(script: dict[str, Any], signer: Signer) -> None:
    receipt, name = a_receipt(signer), signer.verifier.name
    root = receipt["checkpoint"].split("\n")[2]
    for text in (
        f"{name}\n",
        f"{name}\n7\n",
        f"{name}\n07\n{root}\n",
        f"{name}\n+7\n{root}\n",
        f"{name}\n７\n{root}\n",
        f"{name}\n7\n{root[:-4]}\n",
        f"{name}\n{9 * 10**30}\n{root}\n",
    ):
        other = changed(receipt, "checkpoint", to=signer.sign(text))
        assert refusal(script, other, signer.verifier.text)


def test_indexes_and_paths_lead_to_one_leaf_only(script: dict[str, Any], signer: Signer) -> None:
    receipt = a_receipt(signer)
    path = receipt["path"]
    for index in (7, -1, 10**18):
        said = refusal(script, changed(receipt, "index", to=index), signer.verifier.text)
        assert said == "the tree has no such leaf"
    for other, why in (
        (path[:-1], "too short"),
        ([], "too short"),
        ([*path, path[0]], "too long"),
        (path * 5_000, "too long"),
        (path[::-1], "do not lead"),
        ([made.encoded(bytes(31)), *path[1:]], "no hash"),
    ):
        assert why in refusal(script, changed(receipt, "path", to=other), signer.verifier.text)


@pytest.mark.parametrize(
    "content, why",
    [
        (b"", "no JSON"),
        (b"no JSON", "no JSON"),
        (b"\xff\xfe{}", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"a":' * 100_000, "no JSON"),
        (b"9" * 500_000, "too long"),
        (b"1e999999999", "whole number"),
        (b"NaN", "whole number"),
        (b'{"format": 1, "format": 2}', "stands twice"),
        (b"[]", "none that this ledger hands out"),
        (b"{}", "none that this ledger hands out"),
        (b'"\\ud800"', "none that this ledger hands out"),
        (b'{"format": "tanpuhui.receipt.v1"}', "none that this ledger hands out"),
        (b'{"format": "tanpuhui.month.v1", "month": [], "items": []}', "look at month"),
        (b'{"format": "tanpuhui.month.v1", "month": "", "items": []}', "hands out"),
        (b'{"format": ["tanpuhui.month.v1"]}', "hands out"),
        (b" " * 1_000_001, "too large"),
        (b"{}" * 3_000_000, "too large"),
    ],
)
def test_hostile_files_get_a_sentence(
    signer: Signer, tmp_path: Path, content: bytes, why: str
) -> None:
    assert why in told_of(content, signer.verifier.text, tmp_path)


@pytest.mark.parametrize("kind", ["receipt", "month"])
def test_one_changed_byte_is_refused_here_and_offline(
    signer: Signer, script: dict[str, Any], tmp_path: Path, kind: str
) -> None:
    """Of the bytes of a file, only those of the instant of the sealing are not held by a proof."""
    document = a_receipt(signer) if kind == "receipt" else a_month(signer)
    content, path = json.dumps(document).encode(), tmp_path / "file.json"
    script["signed_text"] = cache(script["signed_text"])
    for at in range(0, len(content), 7):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        accepted = is_proven_offline(script, path, signer)
        assert accepted == is_proven_here(path.read_bytes(), signer), at
        if accepted:
            other = json.loads(path.read_text(encoding="utf-8"))
            assert other.pop("month") | {"sealed_at": 0} == document["month"] | {"sealed_at": 0}
            assert other.items() <= document.items()


def is_proven_offline(script: dict[str, Any], path: Path, signer: Signer) -> bool:
    """Whether the script accepts a file."""
    try:
        script["verify"](script["load"](str(path)), signer.verifier.text)
    except script["NotProvenError"]:
        return False
    return True


def is_proven_here(content: bytes, signer: Signer) -> bool:
    """Whether the library accepts the content of a file, read as the public page reads it."""
    try:
        document = strict_json.parse(content)
        if isinstance(document, dict) and document.get("format") == FORMAT:
            verify_month(MonthFile.from_json(document), [signer.verifier])
        else:
            verify(LedgerReceipt.from_json(document), [signer.verifier])
    except DomainError:
        return False
    return True


def test_what_follows_the_document_is_refused(signer: Signer, tmp_path: Path) -> None:
    for document in (a_receipt(signer), a_month(signer)):
        content = json.dumps(document).encode()
        for more in (b"{}", b"x", b"\0", content):
            assert "no JSON" in told_of(content + more, signer.verifier.text, tmp_path)


def test_files_that_cannot_be_read_and_other_calls_are_told(signer: Signer, tmp_path: Path) -> None:
    key = signer.verifier.text
    for path in (tmp_path, tmp_path / "nothing"):
        result = made.run(path, key)
        assert (result.returncode, result.stdout) == (1, "")
        assert "cannot be read" in result.stderr
    for arguments in ((), (tmp_path,), (tmp_path, key, key)):
        result = made.run(*arguments)
        assert (result.returncode, result.stdout) == (2, "")
        assert "usage" in result.stderr
