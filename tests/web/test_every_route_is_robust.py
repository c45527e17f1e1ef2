"""Every hostile shape to every route of both faces: an answer below 500, told as what it is."""

import io
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.people.models import Face
from backend.runtime.gateway import FAULT, Fault
from backend.web.counting import UseCounter
from tests.web.faces import Route, client_of, face_app, routes

HUGE = "9" * 24
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


PARTS = "multipart/form-data; boundary=b"
_FILE = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="\xff"\r\n\r\n'
    b"PK\x03\x04\r\n--b--"
)


class Shape(NamedTuple):
    """A way to ask that no honest client has."""

    name: str
    environ: Mapping[str, Any] = {}
    query: str = ""
    body: bytes = b""
    content_type: str = ""


SHAPES = (
    Shape("two dots in the host", {"HTTP_HOST": "a..b"}),
    Shape("a host of nothing", {"HTTP_HOST": ".:."}),
    Shape("a host too long", {"HTTP_HOST": "x" * 300}),
    Shape("a host with a space", {"HTTP_HOST": "a b"}),
    Shape("an open bracket", {"HTTP_HOST": "["}),
    Shape("a broken body", {FAULT: Fault.BODY_BROKEN}),
    Shape("a late body", {FAULT: Fault.BODY_LATE}),
    Shape("odd headers", {"HTTP_ACCEPT": ";;,=", "HTTP_COOKIE": ";=\xff", "HTTP_RANGE": "bytes=x"}),
    Shape("odd conditions", {"HTTP_IF_MODIFIED_SINCE": "soon", "HTTP_IF_NONE_MATCH": 'W/"'}),
    Shape("a length that is none", {"CONTENT_LENGTH": "many"}),
    Shape("a length below nothing", {"CONTENT_LENGTH": "-1"}),
    Shape("an unknown filter", query="surprise=1"),
    Shape("filters twice", query="page=1&page=2&cursor=a&cursor=b&on=1&on=2"),
    Shape("filters of the wrong kind", query=f"page={HUGE}&limit=-1&cursor=%00&on=x&season=%ff"),
    Shape("half an escape", query="%&=%zz&a[]=1&%F0%9F"),
    Shape("null", body=b"null", content_type=JSON),
    Shape("a list of null", body=b"[null]", content_type=JSON),
    Shape("members of null", body=b'{"actions": null, "reference": null}', content_type=JSON),
    Shape("items of null", body=b'{"actions": [null], "items": [null]}', content_type=JSON),
    Shape("unknown members", body=b'{"surprise": {"a": [1]}}', content_type=JSON),
    Shape("half a text", body=b'{"reference": "\\ud800"}', content_type=JSON),
    Shape("JSON that breaks off", body=b'{"a":', content_type=JSON),
    Shape("a deep body", body=b"[" * 5000, content_type=JSON),
    Shape("an unknown field", body=b"surprise=1", content_type=FORM),
    Shape("a field twice", body=b"reference=a&reference=b&reason=1&reason=2", content_type=FORM),
    Shape("NUL in a field", body=b"reference=%00&reason=%00&name=%00&code=%00", content_type=FORM),
    Shape("no UTF-8", body=b"reference=%ff%fe&name=%ed%a0%80", content_type=FORM),
    Shape("a thousand fields", body=b"&".join([b"f=1"] * 1500), content_type=FORM),
    Shape("parts that break off", body=b"--b\r\nContent-Disp", content_type=PARTS),
    Shape("parts without a border", body=b"x", content_type="multipart/form-data"),
    Shape("an unknown file", body=_FILE, content_type=PARTS),
    Shape("an unknown charset", body=b"\xff\xfe", content_type="application/json; charset=utf-42"),
)  # fmt: skip


def _ask(client: FlaskClient, route: Route, shape: Shape) -> tuple[int, str, bytes]:
    answer = client.open(
        route.path,
        method=route.method,
        query_string=shape.query,
        input_stream=io.BytesIO(shape.body),
        content_length=len(shape.body) if shape.body else None,
        content_type=shape.content_type or None,
        environ_overrides=dict(shape.environ),
    )
    return answer.status_code, answer.mimetype or "", answer.data


@pytest.fixture(params=Face)
def face(request: pytest.FixtureRequest) -> Face:
    found: Face = request.param
    return found


@pytest.fixture
def app(backend: Backend, face: Face, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application of a face, whose limits never refuse."""
    monkeypatch.setattr(UseCounter, "take", lambda _counter, _wanted: [])
    return face_app(backend, face)


def test_no_shape_makes_any_route_fail(app: Flask, face: Face) -> None:
    client = client_of(app, face)
    failures = []
    for route in routes(app, face):
        for shape in SHAPES:
            status, mimetype, data = _ask(client, route, shape)
            if status >= 500 and not _is_unready(route, status):
                failures.append((route.method, route.path, shape.name, status))
            if mimetype == "application/problem+json":
                assert json.loads(data)["status"] == status
    assert failures == []


def _is_unready(route: Route, status: int) -> bool:
    return route.endpoint == "web.readyz" and status == 503
