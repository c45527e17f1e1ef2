"""One shape for every refusal and failure, headers kept; a page where a person is looking."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from flask import abort, redirect
from flask.testing import FlaskClient
from redis.exceptions import ConnectionError as RedisConnectionError
from werkzeug.exceptions import TooManyRequests

from backend.errors import ErrorKind
from backend.people.models import Face
from backend.web import access
from backend.web.application import Application

MakeApp = Callable[..., Application]
MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


@pytest.mark.parametrize(
    "kind, status, header, value",
    [
        (ErrorKind.INVALID, 422, None, None),
        (ErrorKind.UNAUTHENTICATED, 401, "WWW-Authenticate", 'Bearer realm="tanpuhui"'),
        (ErrorKind.FORBIDDEN, 403, None, None),
        (ErrorKind.NOT_FOUND, 404, None, None),
        (ErrorKind.CONFLICT, 409, None, None),
        (ErrorKind.IN_PROGRESS, 409, "Retry-After", "1"),
        (ErrorKind.MISMATCH, 422, None, None),
        (ErrorKind.TOO_MANY, 429, "Retry-After", "60"),
        (ErrorKind.UNAVAILABLE, 503, "Retry-After", "2"),
    ],
)
def test_each_kind_has_its_status(
    client: FlaskClient, kind: ErrorKind, status: int, header: str | None, value: str | None
) -> None:
    answer = client.get(f"/api/v1/kinds/{kind}")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert set(answer.json) == MEMBERS
    assert answer.json["status"] == status
    assert answer.json["type"] == "/problems/of_a_kind"
    assert answer.json["detail"] == "请稍等。"
    assert answer.json["title"]
    if header is not None:
        assert answer.headers[header] == value


def test_every_kind_is_mapped() -> None:
    parametrized: Sequence[Any] = test_each_kind_has_its_status.pytestmark[0].args[1]  # type: ignore[attr-defined]  # pytest keeps the marks there
    assert {row[0] for row in parametrized} == set(ErrorKind)


def test_an_internal_error_tells_its_number_and_nothing_else(
    client: FlaskClient, log_lines: Sequence[Mapping[str, Any]]
) -> None:
    answer = client.post("/api/v1/outcomes/crash")
    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["code"] == "internal_error"
    assert "secret" not in answer.text
    (line,) = [line for line in log_lines if line["event"] == "internal_error"]
    assert line["request_id"] == answer.json["request_id"]
    assert "a bug with a secret in it" in str(line["exc_info"][1])


def _with_view(app: Application, view: Callable[[], Any], path: str = "/api/v1/it") -> FlaskClient:
    app.add_url_rule(path, "it", access.public(view))
    return app.test_client()


def test_headers_of_http_exceptions_are_kept(app: Application) -> None:
    def too_many() -> None:
        raise TooManyRequests(retry_after=17)

    answer = _with_view(app, too_many).get("/api/v1/it")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "17")
    assert answer.json is not None
    assert answer.json["code"] == "rate_limited"


@pytest.mark.parametrize("status", [400, 404, 410, 418, 451, 500, 501, 502, 504])
def test_any_status_has_a_title_and_a_sentence(app: Application, status: int) -> None:
    answer = _with_view(app, lambda: abort(status)).get("/api/v1/it")
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["title"]
    assert answer.json["detail"].endswith("。")


def test_an_aborted_response_passes_unchanged(app: Application) -> None:
    answer = _with_view(app, lambda: abort(redirect("/elsewhere"))).get("/api/v1/it")
    assert (answer.status_code, answer.location) == (302, "/elsewhere")


def test_redis_out_of_reach_is_unavailable(app: Application) -> None:
    def ask() -> None:
        raise RedisConnectionError("refused")

    answer = _with_view(app, ask).get("/api/v1/it")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


@pytest.mark.parametrize(
    "face, path, accept, mimetype",
    [
        (Face.API, "/api/v1/none", "text/html", "application/problem+json"),
        (Face.API, "/p/none", "text/html,*/*;q=0.8", "text/html"),
        (Face.API, "/p/none", "*/*", "application/problem+json"),
        (Face.API, "/p/none", "application/json", "application/problem+json"),
        (Face.CONSOLE, "/none", "*/*", "text/html"),
        (Face.CONSOLE, "/none", "application/problem+json", "application/problem+json"),
        (Face.CONSOLE, "/none", "image/png", "text/html"),
    ],
)
def test_people_get_a_page_and_programs_json(
    make_app: MakeApp, face: Face, path: str, accept: str, mimetype: str
) -> None:
    app = make_app(face=face, prefers_pages=face is Face.CONSOLE)
    answer = app.test_client().get(path, headers={"Accept": accept})
    assert answer.status_code == 404
    assert answer.mimetype == mimetype
    assert "没有找到您要的内容" in answer.text
    assert "not_found" in answer.text
    assert answer.headers["X-Request-Id"] in answer.text


def test_a_page_escapes_what_the_client_sent(make_app: MakeApp) -> None:
    app = make_app(prefers_pages=True)
    answer = app.test_client().post(
        "/api/v1/notes",
        json={"<script>alert(1)</script>": 1},
        headers={"Authorization": "Bearer member-token"},
    )
    assert answer.mimetype == "application/problem+json"
    page = app.test_client().get("/<script>alert(1)</script>")
    assert "<script>" not in page.text
