"""The file of a sealed month proves its balances to anybody; one changed anywhere proves none."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from backend.clock import FixedClock
from backend.ledger.chart import AccountKind, member_account
from backend.ports.signed_notes import Signer
from backend.proofs import jobs
from backend.proofs.documents import ReceiptInvalidError
from backend.proofs.month_files import (
    MonthFile,
    month_still_holds,
    own_month_file,
    read_month,
    verify_month,
)
from backend.proofs.months import seal_due
from backend.proofs.queries import published_keys
from tests.backend.proofs import made
from tests.backend.proofs.made import MEMBER, MONTH, POINTS, a_month, a_receipt, changed, flipped
from tests.builders.entries import an_entry, many_entries, tampered

Refuses = Callable[[dict[str, Any]], str]


@pytest.fixture
def refused(signer: Signer) -> Refuses:
    """Holds a file against the library and the script: both must refuse it. Says why they did."""
    script = made.script()
    script["signed_text"] = cache(script["signed_text"])

    def by_both(document: dict[str, Any]) -> str:
        with pytest.raises(ReceiptInvalidError) as told:
            verify_month(MonthFile.from_json(document), [signer.verifier])
        with pytest.raises(script["NotProvenError"]) as said:
            script["verify"](document, signer.verifier.text)
        return f"{told.value.message} {said.value}"

    return by_both


def test_a_file_proves_what_its_member_held(signer: Signer) -> None:
    document = json.loads(json.dumps(a_month(signer)))
    proven = verify_month(MonthFile.from_json(document), [signer.verifier])
    assert (proven.month, proven.member_id, proven.signed_by) == (MONTH, MEMBER, signer.verifier)
    assert [(each.unit, each.amount) for each in proven.balances] == [
        ("mg", 590_000),
        ("mpt", 12_499),
        ("mpt", 3_000),
    ]
    assert (proven.seal.size, proven.ledger.size) == (6, 30)
    assert MonthFile.from_json(document).to_json() == document


def test_the_script_tells_in_words_what_is_proven(signer: Signer, tmp_path: Path) -> None:
    path = tmp_path / "balances-2026-10.json"
    path.write_text(json.dumps(a_month(signer)), encoding="utf-8")
    result = made.run(path, signer.verifier.text)
    assert (result.returncode, result.stderr) == (0, "")
    for line in (
        "at the end of 2026-10 member 7 held, sealed as tanpuhui.test/ledger/month/2026-10:",
        f"12.499 points to spend, ending with 2027-10 (12499 mpt, account {POINTS}, leaf 4 of 6)",
        "590 g of CO2e avoided (590000 mg",
        "3 points set aside for redemptions, ending with 2027-10 (3000 mpt",
        "among the first 30 leaves",
        "no other account is not proven",
    ):
        assert line in result.stdout


def test_a_file_without_balances_proves_nothing(
    signer: Signer, tmp_path: Path, refused: Refuses
) -> None:
    nothing = a_month(signer, member=99)
    assert nothing["items"] == []
    proven = verify_month(MonthFile.from_json(nothing), [signer.verifier])
    assert (proven.member_id, proven.balances) == (None, [])
    path = tmp_path / "balances-2026-10.json"
    path.write_text(json.dumps(nothing), encoding="utf-8")
    result = made.run(path, signer.verifier.text)
    assert (result.returncode, result.stderr) == (3, "")
    assert result.stdout.startswith("NO BALANCES: tanpuhui.test/ledger/month/2026-10 is signed")
    assert "签名" in refused(changed(nothing, "month", "note", to="no note"))


def test_every_byte_of_a_leaf_counts(signer: Signer, refused: Refuses) -> None:
    document = a_month(signer)
    for number, item in enumerate(document["items"]):
        for at in range(len(base64.b64decode(item["leaf"]))):
            refused(changed(document, "items", number, "leaf", to=flipped(item["leaf"], at)))


def test_every_field_counts(signer: Signer, refused: Refuses) -> None:
    document = a_month(signer)
    item, month = document["items"][1], document["month"]
    others: dict[str, tuple[Any, ...]] = {
        "account_id": (POINTS + 1, str(POINTS), None, True, 2**70),
        "kind": ("member_reduction", "campaign_budget", "", 2),
        "unit": ("mg", "mpt ", "", 1),
        "amount": (12_500, -12_499, "12499", 12_499.0, True),
        "leaf": (f" {item['leaf']}", item["leaf"][:-4], "", None, "====", "é"),
        "index": (3, 5, 6, -1, 10**6, True, "4"),
        "path": (item["path"][:-1], [*item["path"], item["path"][0]], item["path"][::-1], {}, [1]),
    }
    for name, values in others.items():
        for value in values:
            refused(changed(document, "items", 1, name, to=value))
    for at, hashed in enumerate(item["path"]):
        refused(changed(document, "items", 1, "path", at, to=flipped(hashed, 9)))
        refused(changed(document, "items", 1, "path", at, to=hashed[:-4]))
    others = {
        "month": ("2026-11", "2026-1", "2026-13", "0000-01", "２026-10", 202610, {}),
        "tree_size": (31, "30", True),
        "accounts": (7, 5, 0, -6, "6"),
        "root": (flipped(month["root"], 0), "", None),
        "sealed_at": (1, None, "", "2026-11-11", "x026-11-11T00:00:00+00:00"),
    }
    for name, values in others.items():
        for value in values:
            refused(changed(document, "month", name, to=value))


def test_every_line_of_the_note_counts(signer: Signer, refused: Refuses) -> None:
    document = a_month(signer)
    note = document["month"]["note"]
    head, signature = note.split("\n\n")
    lines = head.split("\n")
    for number, line in enumerate(lines):
        for at in (0, -1):
            turned = chr(ord(line[at]) ^ 1)
            other = turned + line[1:] if at == 0 else line[:-1] + turned
            text_ = "\n".join([*lines[:number], other, *lines[number + 1 :]])
            refused(changed(document, "month", "note", to=f"{text_}\n\n{signature}"))
    for wrong in (f"{note}more", f"{note}\n", head, f"{head}\n\n", note[:-1], "", None):
        refused(changed(document, "month", "note", to=wrong))


def test_what_is_added_or_left_out_or_mixed_is_refused(signer: Signer, refused: Refuses) -> None:
    document = a_month(signer)
    items = document["items"]
    stranger = a_month(signer, member=6)["items"]
    assert "一个人" in refused({**document, "items": [*stranger, *items]})
    wrongs: list[Any] = [[items[0], *items], items[::-1], [1], {}, items * 40]
    for wrong in wrongs:
        refused({**document, "items": wrong})
    refused({**document, "items": a_month(signer, member=-1)["items"]})
    refused({**document, "more": 1})
    refused(changed(document, "month", "more", to=1))
    refused(changed(document, "items", 0, "more", to=1))
    for name in ("format", "month", "items"):
        refused({key: value for key, value in document.items() if key != name})


def test_a_seal_of_another_log_or_month_is_refused(signer: Signer, refused: Refuses) -> None:
    for log in ("", "/month/2026-11", "/month/2026-10/", "x/month/2026-10"):
        assert "另一" in refused(a_month(signer, log=log))
    november = a_month(signer, log="/month/2026-11")
    assert "与封存的内容不一致" in refused(changed(november, "month", "month", to="2026-11"))
    assert "leaf is of another month" in refused(changed(november, "month", "month", to="2026-11"))
    refused(a_month(Signer("tanpuhui.test/ledger", bytes(32))))
    refused(a_month(Signer("another.test/ledger", bytes(range(32)))))


@pytest.mark.parametrize(
    "line",
    [
        "ledger 30",
        "ledger",
        f"ledger 030 {made.encoded(bytes(32))}",
        f"ledger 30 {made.encoded(bytes(31))}",
        f"ledger 30  {made.encoded(bytes(32))}",
        f"ledger -30 {made.encoded(bytes(32))}",
        f"ledger 30 {made.encoded(bytes(32))} 1",
        f"Ledger 30 {made.encoded(bytes(32))}",
        f"ledger 31 {made.encoded(bytes(32))}",
        "held mg 1",
    ],
)
def test_the_line_that_names_the_tree_is_well_formed(
    signer: Signer, refused: Refuses, line: str
) -> None:
    refused(a_month(signer, ledger=line))


def test_an_entrys_receipt_is_no_month_and_a_month_no_receipt(
    signer: Signer, refused: Refuses
) -> None:
    receipt = a_receipt(signer)
    refused({**receipt, "format": "tanpuhui.month.v1"})
    refused({**a_month(signer), "format": "tanpuhui.receipt.v1"})


def test_months_are_written_in_one_way() -> None:
    assert read_month("2026-10") == MONTH
    for wrong in ("2026-1", "2026-13", "2026-00", "0000-01", "２026-10", "2026-10\n", "", "2026"):
        assert read_month(wrong) is None


@pytest.fixture
def sealed(owner: Engine, application: Engine, signer: Signer) -> dict[str, Any]:
    """The file of member 1 of a real ledger's October: points and reductions, in December."""
    later = FixedClock(datetime(2026, 12, 20, tzinfo=UTC))
    with owner.begin() as db:
        many_entries(db, 40, on=date(2026, 10, 31))
        entry = an_entry(db, member_id=1, on=date(2026, 10, 31))
        reductions = member_account(1, AccountKind.MEMBER_REDUCTION)
        db.execute(
            text("INSERT INTO transfer VALUES (:e, 2, 1, -2, :a, 'mg', 7)"),
            {"e": entry, "a": reductions},
        )
    jobs.build(application.begin, signer, later)
    seal_due(application.begin, signer, later)
    with application.connect() as db:
        return own_month_file(db, month=MONTH, member_id=1).to_json()


def test_a_real_ledgers_file_holds_here_and_offline(
    sealed: dict[str, Any], application: Engine, owner: Engine, signer: Signer, tmp_path: Path
) -> None:
    with application.connect() as db:
        proven = verify_month(MonthFile.from_json(sealed), published_keys(db))
        assert (proven.member_id, proven.ledger.size) == (1, 41)
        assert month_still_holds(db, proven)
        strangers = own_month_file(db, month=MONTH, member_id=77)
        assert verify_month(strangers, published_keys(db)).member_id is None
    path = tmp_path / "balances-2026-10.json"
    path.write_text(json.dumps(sealed), encoding="utf-8")
    result = made.run(path, signer.verifier.text)
    assert result.returncode == 0, result.stderr
    assert "member 1 held" in result.stdout
    for statement in (
        "UPDATE sealed_month SET root = sha256('x')",
        "UPDATE tree_leaf SET hash = sha256('x') WHERE index = 40",
        "DELETE FROM sealed_month",
    ):
        with owner.connect() as db:
            tampered(db, [statement])
            assert not month_still_holds(db, proven), statement
