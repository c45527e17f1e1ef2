"""The receipt page says whether an entry is sealed; anybody can verify what it gives away."""

import io
import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.db.engine import make_engine
from backend.proofs import jobs
from backend.proofs.months import seal_due
from miniprogram_api.pages.wording import points_text
from tests.builders.drop_offs import drop
from tests.builders.entries import tampered
from tests.builders.scene import Scene


@pytest.fixture
def action(scene: Scene, backend: Backend) -> int:
    """A drop-off of the first member."""
    with backend.engine.begin() as db:
        return drop(
            db,
            rulebook=backend.rulebook,
            keys=backend.keys,
            member_id=scene.members[0],
            code=scene.attended.url,
            now=backend.clock.now(),
        ).action.id


@pytest.fixture
def seal(backend: Backend) -> Callable[[], int]:
    """Puts what is posted into the tree, as the worker does."""

    def build() -> int:
        assert backend.signer is not None
        return jobs.build(backend.engine.begin, backend.signer, backend.clock)

    return build


def test_a_receipt_is_pending_then_there_to_take_away(
    member: FlaskClient, client: FlaskClient, action: int, seal: Callable[[], int]
) -> None:
    page = member.get(f"/me/receipts/{action}").text
    assert "等待封存" in page
    assert "/receipt.json" not in page
    assert "还没有检查点" in client.get("/proofs").text
    assert member.get("/me/entries/1/receipt.json").status_code == 409
    seal()
    page = member.get(f"/me/receipts/{action}").text
    assert "已封存为第 0 号叶" in page
    file = member.get("/me/entries/1/receipt.json")
    assert file.headers["Content-Disposition"] == 'attachment; filename="receipt-1.json"'
    for form in (
        {"receipt": file.text},
        {"file": (io.BytesIO(file.data), "receipt-1.json"), "receipt": ""},
    ):
        answer = client.post("/proofs", data=form, content_type="multipart/form-data")
        assert answer.status_code == 200
        for told in (
            "凭证有效",
            "行为入账",
            "第 0 号叶，共 1 片",
            "tanpuhui.test/ledger+",
            "废纸",
        ):
            assert told in answer.text


def test_a_changed_receipt_is_told_and_shown_again(
    member: FlaskClient, client: FlaskClient, action: int, seal: Callable[[], int]
) -> None:
    assert action
    seal()
    receipt = json.loads(member.get("/me/entries/1/receipt.json").text)
    changed = json.dumps({**receipt, "entry_id": 2})
    answer = client.post("/proofs", data={"receipt": changed})
    assert answer.status_code == 422
    assert "凭证被改动过" in answer.text
    assert "&#34;entry_id&#34;: 2" in answer.text


@pytest.mark.parametrize("pasted", ["", "no json", "[1]", "{}", "9" * 100, '{"format": 1}'])
def test_what_is_no_receipt_is_told(client: FlaskClient, pasted: str) -> None:
    answer = client.post("/proofs", data={"receipt": pasted})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_another_members_receipt_is_not_given(
    log_in: Callable[[int], FlaskClient], scene: Scene, action: int, seal: Callable[[], int]
) -> None:
    assert action
    seal()
    other = log_in(scene.members[1])
    assert other.get("/me/entries/1/receipt.json").status_code == 404


@pytest.fixture
def close(backend: Backend, action: int, seal: Callable[[], int]) -> Callable[[int], None]:
    """Seals so many months from November 2026 on, the first with a drop-off in it."""

    def closed(months: int) -> None:
        assert action
        assert backend.signer is not None
        seal()
        later = FixedClock(backend.clock.now() + timedelta(days=30 * months))
        assert len(seal_due(backend.engine.begin, backend.signer, later)) == months

    return closed


def test_own_balances_of_a_sealed_month_are_taken_away_and_verified(
    member: FlaskClient, client: FlaskClient, close: Callable[[int], None]
) -> None:
    close(1)
    path = "/me/months/2026-11/balances.json"
    assert f'href="{path}"' in member.get("/proofs").text
    public = client.get("/proofs").text
    assert path not in public
    assert "2026年11月" in public
    assert client.get(path).status_code == 401
    file = member.get(path)
    assert file.mimetype == "application/json"
    assert file.headers["Content-Disposition"] == 'attachment; filename="balances-2026-11.json"'
    held = {item["kind"]: item["amount"] for item in json.loads(file.text)["items"]}
    for form in (
        {"receipt": file.text},
        {"file": (io.BytesIO(file.data), "balances-2026-11.json"), "receipt": ""},
    ):
        answer = client.post("/proofs", data=form, content_type="multipart/form-data")
        assert answer.status_code == 200
        for told in (
            "月末余额文件有效",
            "2026年11月末",
            f"{points_text(held['member_points'])} 分，2027年11月30日到期",
            "295 克",
            "账本的前 1 片叶",
        ):
            assert told in answer.text


def test_a_file_without_balances_is_said_to_prove_nothing(
    log_in: Callable[[int], FlaskClient],
    client: FlaskClient,
    scene: Scene,
    close: Callable[[int], None],
) -> None:
    close(1)
    file = log_in(scene.members[1]).get("/me/months/2026-11/balances.json")
    assert json.loads(file.text)["items"] == []
    answer = client.post("/proofs", data={"receipt": file.text})
    assert answer.status_code == 200
    assert "文件里没有余额" in answer.text
    assert "什么也没有证明" in answer.text
    assert "有效</h2>" not in answer.text


def test_changed_balances_are_told(
    member: FlaskClient, client: FlaskClient, close: Callable[[int], None]
) -> None:
    close(1)
    document = json.loads(member.get("/me/months/2026-11/balances.json").text)
    document["items"][0]["amount"] += 1
    answer = client.post("/proofs", data={"receipt": json.dumps(document)})
    assert answer.status_code == 422
    assert "与封存的内容不一致" in answer.text


def test_a_file_that_the_ledger_no_longer_agrees_with_is_told(
    member: FlaskClient, client: FlaskClient, close: Callable[[int], None], database: str
) -> None:
    close(1)
    content = member.get("/me/months/2026-11/balances.json").text
    engine = make_engine(database, owner=True)
    with engine.begin() as db:
        tampered(db, ["UPDATE sealed_month SET root = sha256('x')"])
    engine.dispose()
    answer = client.post("/proofs", data={"receipt": content})
    assert answer.status_code == 200
    assert "有效，但账本已被改动" in answer.text


def test_every_sealed_month_can_be_reached(
    member: FlaskClient, close: Callable[[int], None]
) -> None:
    close(13)
    first = member.get("/proofs").text
    assert "/me/months/2027-11/balances.json" in first
    assert "/me/months/2026-11/" not in first
    cursor = first.partition("/proofs?cursor=")[2].partition("#")[0]
    second = member.get(f"/proofs?cursor={cursor}").text
    assert "/me/months/2026-11/balances.json" in second
    assert "更早的月份" not in second
    assert member.get("/proofs?cursor=abc").status_code == 422


@pytest.mark.parametrize("month", ["2026-10", "2026-13", "2026-1", "november", "0000-01"])
def test_a_month_that_is_not_sealed_is_not_found(member: FlaskClient, month: str) -> None:
    answer = member.get(f"/me/months/{month}/balances.json")
    assert answer.status_code == 404
    assert "已封存的月份" in answer.text


def test_the_script_can_be_taken_from_the_page(client: FlaskClient) -> None:
    assert 'href="/static/verify_receipt.py"' in client.get("/proofs").text
    with client.get("/static/verify_receipt.py") as file:
        assert file.get_data(as_text=True).startswith('"""Verifies a receipt')
