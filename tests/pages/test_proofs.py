"""The receipt page says whether an entry is sealed; anybody can verify what it gives away."""

import io
import json
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.proofs import jobs
from tests.builders.drop_offs import drop
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


def test_the_script_can_be_taken_from_the_page(client: FlaskClient) -> None:
    assert 'href="/static/verify_receipt.py"' in client.get("/proofs").text
    with client.get("/static/verify_receipt.py") as file:
        assert file.get_data(as_text=True).startswith('"""Verifies a receipt')
