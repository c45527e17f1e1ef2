"""POST /actions/batch: each action by itself, in any order, any number of times."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from tests.builders.scene import Scene

Body = Callable[..., dict[str, Any]]
Send = Callable[..., Any]


@pytest.fixture
def send(client: FlaskClient) -> Send:
    def post(actions: list[Any], headers: dict[str, str]) -> Any:
        answer = client.post("/api/v1/actions/batch", json={"actions": actions}, headers=headers)
        assert answer.status_code == 200
        return answer.get_json()["results"]

    return post


def _backlog(drop_off: Body) -> list[dict[str, Any]]:
    """Drop-offs of two days whose order matters to what each of them earns."""
    return [
        drop_off(
            reference=f"backlog-{day}-{material}",
            occurred_at=f"2026-11-{day}T09:00:00+08:00",
            material=material,
            mass=mass,
        )
        for day in (17, 18)
        for material, mass in (("paper", "1.5"), ("pet", "0.7"), ("steel", "4"), ("glass", "2.25"))
    ]


def test_results_come_in_the_order_of_the_actions(
    send: Send, drop_off: Body, member: dict[str, str]
) -> None:
    backlog = _backlog(drop_off)
    results = send(backlog, member)
    assert [result["status"] for result in results] == [201] * len(backlog)
    assert [result["receipt"]["action"]["reference"] for result in results] == [
        body["reference"] for body in backlog
    ]


def test_a_bad_action_spoils_no_other(
    send: Send, drop_off: Body, member: dict[str, str], stored: Connection
) -> None:
    results = send(
        [
            drop_off(reference="first-of-batch"),
            {"reference": "no-fields-at-all"},
            "not an object",
            drop_off(reference="forged-code-1", code="R0000001?k=AAAAAAAAAA"),
            drop_off(reference="same-minute-1"),
            drop_off(reference="first-of-batch"),
            drop_off(reference="last-of-batch", material="pet"),
        ],
        member,
    )
    assert [result["status"] for result in results] == [201, 422, 422, 422, 409, 200, 201]
    assert [result["problem"]["code"] for result in results if result["problem"]] == [
        "invalid_input",
        "invalid_input",
        "code_forged",
        "evidence_used",
    ]
    assert results[5]["receipt"] == results[0]["receipt"]
    assert stored.scalar(text("SELECT count(*) FROM action")) == 2


@pytest.mark.parametrize(
    "item, status",
    [
        ("null", 422),
        ("[]", 422),
        ("1", 422),
        ("1e999", 400),
        ("NaN", 400),
        ("99999999999999999999999", 400),
        ('{"kind": "a", "kind": "b"}', 400),
        ('{"reference": "a\\u0000bbbbbb"}', 422),
        ('{"\\ud800": 1}', 422),
        ('"\\u0000"', 422),
    ],
)
def test_an_item_that_cannot_be_read_spoils_no_other(
    client: FlaskClient, drop_off: Body, member: dict[str, str], item: str, status: int
) -> None:
    good = json.dumps(drop_off(reference="after-a-bad-item"))
    body = f'{{"actions": [{item}, {good}]}}'
    answer = client.post(
        "/api/v1/actions/batch", data=body, content_type="application/json", headers=member
    )
    assert answer.status_code == 200
    assert [result["status"] for result in answer.get_json()["results"]] == [status, 201]


@pytest.mark.parametrize(
    "body",
    [
        '{"actions": [null]',
        '{"actions": [1], "actions": [2]}',
        '{"actions": [1], "\\u0000": 1}',
        "[1e999]",
    ],
)
def test_a_batch_that_is_none_is_refused_as_a_whole(
    client: FlaskClient, member: dict[str, str], body: str
) -> None:
    answer = client.post(
        "/api/v1/actions/batch", data=body, content_type="application/json", headers=member
    )
    assert answer.status_code in {400, 422}


def test_a_single_request_answers_as_the_batch_did(
    send: Send, drop_off: Body, member: dict[str, str], client: FlaskClient
) -> None:
    (result,) = send([drop_off()], member)
    answer = client.post("/api/v1/actions", json=drop_off(), headers=member)
    assert (answer.status_code, answer.get_json()) == (200, result["receipt"])


@pytest.mark.parametrize("seed", range(3))
def test_any_order_and_any_repetition_lead_to_the_same_totals(
    send: Send,
    drop_off: Body,
    scene: Scene,
    bearer: Callable[[int], dict[str, str]],
    stored: Connection,
    seed: int,
) -> None:
    random, backlog = Random(seed), _backlog(drop_off)  # noqa: S311 -- a seeded shuffle
    shuffled = random.sample(backlog, len(backlog)) + random.choices(backlog, k=5)
    for member_id, sent in zip(scene.members, (backlog, shuffled), strict=False):
        headers = bearer(member_id)
        for start in range(0, len(sent), 3):
            send(sent[start : start + 3], headers)
    days = stored.execute(
        text(
            "SELECT member_id, occurred_on, count(*), sum(points_mpt), sum(reduction_mg)"
            " FROM action GROUP BY 1, 2 ORDER BY 1, 2"
        )
    ).all()
    in_order, in_disorder = days[:2], days[2:]
    assert [tuple(row[1:]) for row in in_order] == [tuple(row[1:]) for row in in_disorder]
    assert all(row[2] == 4 for row in days)


def test_a_batch_holds_one_to_a_hundred_actions(
    client: FlaskClient, member: dict[str, str]
) -> None:
    wrong: tuple[Any, ...] = ([], [{}] * 101, None, {})
    for actions in wrong:
        body = {"actions": actions}
        answer = client.post("/api/v1/actions/batch", json=body, headers=member)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.get_json()["errors"]] == ["actions"]


def _mixed(drop_off: Body) -> list[dict[str, Any]]:
    """A backlog of several kinds on two days; some exclude one another, the earlier one counts."""
    told: list[tuple[str, str, dict[str, str]]] = [
        ("08:10", "commute.metro", {"distance": "10"}),
        ("08:25", "commute.bicycle", {"distance": "2"}),
        ("18:00", "commute.bus", {"distance": "6"}),
        ("19:00", "commute.car_free_day", {"habit": "drives", "restricted": "no"}),
        ("09:00", "stairs.climb", {"floors": "8"}),
        ("14:00", "stairs.climb", {"floors": "12"}),
        ("12:10", "dining.clean_plate", {"meal": "lunch"}),
        ("12:11", "dining.small_portion", {"meal": "lunch"}),
        ("12:12", "dining.own_chopsticks", {"pairs": "1"}),
        ("15:00", "office.paperless", {"sheets": "30"}),
    ]
    return [
        drop_off(
            reference=f"mixed-{day}-{number}",
            kind=kind,
            occurred_at=f"2026-11-{day}T{at}:00+08:00",
            facts=facts,
            evidence={},
        )
        for day in (16, 17)
        for number, (at, kind, facts) in enumerate(told)
    ] + _backlog(drop_off)


def test_exclusive_actions_of_a_batch_lead_to_the_same_ledger_in_any_order(
    send: Send,
    drop_off: Body,
    scene: Scene,
    bearer: Callable[[int], dict[str, str]],
    stored: Connection,
) -> None:
    backlog = _mixed(drop_off)
    for seed, member_id in enumerate(scene.members[:4]):
        random = Random(seed)  # noqa: S311 -- a seeded shuffle
        sent = random.sample(backlog, len(backlog)) + random.choices(backlog, k=8)
        headers = bearer(member_id)
        results = send(backlog if seed == 0 else sent, headers)
        refused = [r["problem"]["code"] for r in results if r["problem"] is not None]
        assert set(refused) == {"excluded"}
        # A lost answer: the whole backlog comes once more, in yet another order.
        assert 201 not in {r["status"] for r in send(random.sample(sent, len(sent)), headers)}
    ledgers = [
        stored.execute(
            text(
                "SELECT reference, points_mpt, reduction_mg FROM action"
                " WHERE member_id = :member ORDER BY reference"
            ),
            {"member": member_id},
        ).all()
        for member_id in scene.members[:4]
    ]
    assert all(ledger == ledgers[0] for ledger in ledgers)
    assert len(ledgers[0]) == len(backlog) - 2 * 3
