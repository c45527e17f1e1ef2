"""Receipts for their owners; checkpoints, keys and consistency for everybody."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.ports.signed_notes import VerifierKey
from backend.proofs import jobs, merkle
from backend.proofs.month_files import MonthFile, verify_month
from backend.proofs.months import seal_due
from backend.proofs.receipts import LedgerReceipt, verify
from tests.builders.scene import Scene

Body = Callable[..., dict[str, Any]]


@pytest.fixture
def seal(backend: Backend) -> Callable[[], int]:
    """Puts what is posted into the tree, as the worker does."""

    def build() -> int:
        assert backend.signer is not None
        return jobs.build(backend.engine.begin, backend.signer, backend.clock)

    return build


def test_an_entry_gets_its_receipt_within_a_minute(
    client: FlaskClient,
    member: dict[str, str],
    bearer: Callable[[int], dict[str, str]],
    drop_off: Body,
    scene: Scene,
    seal: Callable[[], int],
) -> None:
    client.post("/api/v1/actions", json=drop_off(), headers=member)
    (entry,) = client.get("/api/v1/me/entries", headers=member).get_json()["items"]
    path = f"/api/v1/receipts/{entry['id']}"
    pending = client.get(path, headers=member)
    assert (pending.status_code, pending.get_json()["code"]) == (409, "receipt_pending")
    assert pending.headers["Retry-After"] == "20"
    assert seal() == 1
    answer = client.get(path, headers=member)
    assert answer.status_code == 200
    (key,) = client.get("/api/v1/verifier-keys").get_json()["items"]
    proven = verify(LedgerReceipt.from_json(answer.get_json()), [VerifierKey.parse(key["key"])])
    assert proven.entry.id == entry["id"]
    assert sum(t.amount for t in proven.entry.transfers if t.unit == "mpt") == entry["points_mpt"]
    assert client.get(path, headers=bearer(scene.members[1])).status_code == 404
    assert client.get("/api/v1/receipts/9223372036854775807", headers=member).status_code == 404


def test_checkpoints_are_consistent_for_everybody(
    client: FlaskClient, member: dict[str, str], drop_off: Body, seal: Callable[[], int]
) -> None:
    assert client.get("/api/v1/checkpoints").get_json() == {"items": [], "next_cursor": None}
    for number, material in enumerate(("paper", "pet", "glass")):
        body = drop_off(reference=f"reference-{number}", material=material)
        client.post("/api/v1/actions", json=body, headers=member)
        seal()
    newest = client.get("/api/v1/checkpoints?limit=2").get_json()
    assert [item["size"] for item in newest["items"]] == [3, 2]
    rest = client.get(f"/api/v1/checkpoints?cursor={newest['next_cursor']}").get_json()
    assert [item["size"] for item in rest["items"]] == [1]
    proof = client.get("/api/v1/checkpoints/3/consistency?from=1").get_json()
    old, new, *path = (
        base64.b64decode(each)
        for each in (proof["earlier"]["root"], proof["later"]["root"], *proof["path"])
    )
    assert merkle.is_consistent(1, old, 3, new, path)
    assert client.get("/api/v1/checkpoints/3/consistency?from=9").status_code == 404
    assert client.get("/api/v1/checkpoints/3/consistency").status_code == 422


def test_sealed_months_are_open_and_balances_are_ones_own(
    client: FlaskClient,
    member: dict[str, str],
    bearer: Callable[[int], dict[str, str]],
    scene: Scene,
    drop_off: Body,
    seal: Callable[[], int],
    backend: Backend,
) -> None:
    assert client.get("/api/v1/months").get_json()["items"] == []
    client.post("/api/v1/actions", json=drop_off(), headers=member)
    seal()
    assert backend.signer is not None
    later = FixedClock(backend.clock.now() + timedelta(days=30))
    assert len(seal_due(backend.engine.begin, backend.signer, later)) == 1
    (month,) = client.get("/api/v1/months").get_json()["items"]
    assert month["month"] == "2026-11"
    assert client.get("/api/v1/months?cursor=WyIyMDI2LTExIl0").get_json()["items"] == []
    own = client.get("/api/v1/me/months/2026-11/balances", headers=member).get_json()
    points = client.get("/api/v1/me/points", headers=member).get_json()
    held = {item["kind"]: item["amount"] for item in own["items"]}
    assert held == {
        "member_reduction": points["reduction_mg"],
        "member_points": points["points_mpt"],
    }
    assert own["month"] == month
    (key,) = client.get("/api/v1/verifier-keys").get_json()["items"]
    assert verify_month(MonthFile.from_json(own), [VerifierKey.parse(key["key"])]).balances
    stranger = client.get("/api/v1/me/months/2026-11/balances", headers=bearer(scene.members[1]))
    assert (stranger.status_code, stranger.get_json()["items"]) == (200, [])
    for wrong in ("2026-10", "2026-13", "2026-1", "november"):
        answer = client.get(f"/api/v1/me/months/{wrong}/balances", headers=member)
        assert answer.status_code == 404
