"""Every input on which the stock stack fails or says yes: a 4xx here, with the field named."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

MEMBER = {"Authorization": "Bearer member-token"}
GOOD = {"reference": "ref-00000001", "body": "水"}
HUGE = "9" * 24


def post(client: FlaskClient, body: bytes, **headers: str) -> TestResponse:
    sent = {"Content-Type": "application/json", **MEMBER, **headers}
    return client.post("/api/v1/notes", data=body, headers=sent)


def write(client: FlaskClient, **changed: Any) -> TestResponse:
    return post(client, json.dumps({**GOOD, **changed}).encode())


def errors(answer: TestResponse) -> list[tuple[str, str]]:
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    return [(error["field"], error["code"]) for error in answer.json.get("errors", [])]


def test_a_good_note_is_written(client: FlaskClient, stored: Callable[[], list[str]]) -> None:
    answer = write(client, mass="1.25", count=3, at="2026-11-18T08:00:00+08:00", tags=["a"])
    assert (answer.status_code, answer.json) == (201, {"id": 1, "body": "水"})
    assert stored() == ["水"]


@pytest.mark.parametrize(
    "body, status, error",
    [
        (b"[" * 100_000, 400, ("", "too_deep")),
        (b'{"tags":' * 5_000 + b"1" + b"}" * 5_000, 400, ("", "too_deep")),
        (b'{"count": ' + b"1" * 5_000 + b"}", 400, ("count", "number_out_of_range")),
        (b'{"body": "\\ud800"}', 422, ("body", "lone_surrogate")),
        (b'{"body": "a\\u0000"}', 422, ("body", "nul")),
        (b'{"body": "a", "body": "b"}', 400, ("body", "duplicate_key")),
        (b'{"mass": NaN}', 400, ("mass", "not_finite")),
        (b"\xff\xfe", 400, ("", "byte_order_mark")),
        (b'{"body": "\xff"}', 400, ("", "not_utf8")),
        (b"{", 400, ("", "syntax")),
        (b"", 400, ("", "empty")),
        (b"[]", 422, ("", "type")),
        (b'"text"', 422, ("", "type")),
        (b"null", 422, ("", "type")),
    ],
)
def test_a_bad_body_is_named(
    client: FlaskClient, body: bytes, status: int, error: tuple[str, str]
) -> None:
    answer = post(client, body)
    assert answer.status_code == status
    assert error in errors(answer)


@pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_json_under_another_name_is_refused(client: FlaskClient, declared: str) -> None:
    answer = client.post(
        "/api/v1/notes", data=json.dumps(GOOD), content_type=declared, headers=MEMBER
    )
    assert answer.status_code == 415
    assert answer.json is not None
    assert answer.json["code"] == "unsupported_media_type"


def test_a_missing_body_is_refused(client: FlaskClient) -> None:
    assert client.post("/api/v1/notes", headers=MEMBER).status_code == 400


@pytest.mark.parametrize(
    "field, value, code",
    [
        ("count", 3.7, "type"),
        ("count", 3.0, None),
        ("count", 1e60, "range"),
        ("count", " 12 ", "type"),
        ("count", "1_000", "type"),
        ("count", "١٢", "type"),
        ("count", "12", "type"),
        ("count", True, "type"),
        ("count", -1, "range"),
        ("count", None, "null"),
        ("mass", "1E+999999999", "type"),
        ("mass", "1e3", "type"),
        ("mass", "NaN", "type"),
        ("mass", "+1", "type"),
        ("mass", "٣", "type"),
        ("mass", 1.5, "type"),
        ("mass", "1.1234567", "scale"),
        ("mass", "1234567890", "digits"),
        ("mass", "123456789.123456", None),
        ("mass", "-0", "range"),
        ("mass", "-1", "range"),
        ("urgent", "yes", "type"),
        ("urgent", 1, "type"),
        ("at", "2026-11-18T08:00:00", "format"),
        ("at", "2026-02-30T08:00:00Z", "format"),
        ("at", "1999-12-31T23:59:59Z", "range"),
        ("at", "2101-01-01T00:00:00+08:00", "range"),
        ("at", "2100-12-31T23:59:59+08:00", None),
        ("at", "9999-12-31T23:59:59-23:59", "format"),
        ("at", 1763424000, "format"),
        ("reference", "short", "format"),
        ("reference", "ref-00000001\n", "format"),
        ("reference", "参考参考参考参考", "format"),
        ("reference", "x" * 65, "format"),
        ("body", "   ", "length"),
        ("body", "x" * 501, "length"),
        ("body", "a\u0007b", "control_character"),
        ("body", "a\nb", "control_character"),
        ("body", 5, "type"),
        ("tags", "a", "type"),
        ("surprise", 1, "unknown"),
    ],
)
def test_a_bad_value_is_named(
    client: FlaskClient, field: str, value: object, code: str | None
) -> None:
    answer = write(client, **{field: value})
    if code is None:
        assert answer.status_code == 201
    else:
        assert answer.status_code == 422
        assert errors(answer) == [(field, code)]


def test_nested_and_missing_fields_have_paths(client: FlaskClient) -> None:
    answer = post(client, json.dumps({"tags": ["ok", 5]}).encode())
    assert sorted(errors(answer)) == [
        ("body", "required"),
        ("reference", "required"),
        ("tags.1", "type"),
    ]


def test_a_thousand_mistakes_are_answered_briefly(client: FlaskClient) -> None:
    answer = post(client, json.dumps({f"x{n}" * 60: 1 for n in range(1000)}).encode())
    assert answer.status_code == 422
    assert len(answer.data) < 30_000


@pytest.mark.parametrize(
    "query, field, code",
    [
        (f"minimum={HUGE}", "minimum", "type"),
        ("minimum=9223372036854775808", "minimum", "range"),
        ("minimum=3.7", "minimum", "type"),
        ("minimum=%20 12", "minimum", "type"),
        ("minimum=1_000", "minimum", "type"),
        ("minimum=%D9%A1%D9%A2", "minimum", "type"),
        ("minimum=", "minimum", "type"),
        ("urgent=yes", "urgent", "type"),
        ("limit=0", "limit", "range"),
        ("limit=100000", "limit", "range"),
        ("page=2", "page", "unknown"),
        ("minumum=2", "minumum", "unknown"),
        ("minimum=1&minimum=2", "minimum", "duplicate_key"),
        ("cursor=%00", "cursor", "nul"),
        ("%00=1", "\ufffd", "nul"),
        ("cursor=zzz", "cursor", "cursor_invalid"),
        ("cursor=" + "A" * 401, "cursor", "length"),
    ],
)
def test_a_bad_query_is_named(client: FlaskClient, query: str, field: str, code: str) -> None:
    answer = client.get(f"/api/v1/notes?{query}")
    assert answer.status_code == 422
    assert errors(answer) == [(field, code)]


@pytest.mark.parametrize("query", ["", "limit=5&urgent=true&minimum=9223372036854775807"])
def test_a_good_query_is_answered(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/v1/notes?{query}")
    assert (answer.status_code, answer.json) == (200, {"items": [], "next_cursor": None})


@pytest.mark.parametrize(
    "path",
    [
        f"notes/{HUGE}",
        "notes/9223372036854775808",
        "notes/0",
        "notes/01",
        "notes/-1",
        "notes/١٢",
        "notes/",
        "notes//1",
        "raw/a%00b",
        "nothing",
    ],
)
def test_a_path_that_cannot_exist_is_not_found(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert answer.json is not None
    assert answer.json["code"] == "not_found"
    assert answer.mimetype == "application/problem+json"


def test_the_largest_id_is_looked_up(client: FlaskClient) -> None:
    assert client.get("/api/v1/notes/9223372036854775807").status_code == 200


@pytest.mark.parametrize("name", ["%FF", "%ED%A0%80", "😀", "a%0D%0AX-Evil:%201", "x" * 3000])
def test_strange_text_in_a_path_reaches_the_database_safely(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/api/v1/raw/{name}")
    assert answer.status_code == 200
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND"])
def test_a_wrong_method_says_which_are_right(client: FlaskClient, method: str) -> None:
    answer = client.open("/api/v1/notes", method=method, headers=MEMBER)
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert answer.json is not None
    assert answer.json["code"] == "method_not_allowed"


@pytest.mark.parametrize("host", ["a b", "evil.example\r\nX: 1", "", "[", "x" * 5000])
def test_a_strange_host_is_no_internal_error(client: FlaskClient, host: str) -> None:
    answer = client.get("/healthz", environ_overrides={"HTTP_HOST": host})
    assert answer.status_code in {200, 400}


@pytest.mark.parametrize(
    "token",
    ["Bearer", "Bearer ", "Basic dTpw", "Bearer \xff\xfe", "bearer x", "Bearer " + "x" * 9000],
)
def test_a_strange_credential_is_a_401(client: FlaskClient, token: str) -> None:
    answer = client.post("/api/v1/notes", json=GOOD, headers={"Authorization": token})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
