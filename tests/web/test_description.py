"""The API describes itself as it behaves: problems, security, ids, and a page to read it on."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from backend.bootstrap import Backend
from backend.web.application import Application
from miniprogram_api.app import create_app
from miniprogram_api.description import docs_page, operations


@pytest.fixture
def spec(client: FlaskClient) -> dict[str, Any]:
    document: dict[str, Any] | None = client.get("/api/v1/openapi.json").json
    assert document is not None
    return document


def test_errors_are_described_as_problems(spec: dict[str, Any]) -> None:
    default = spec["components"]["responses"]["DEFAULT_ERROR"]["content"]
    assert set(default) == {"application/problem+json"}
    problem = spec["components"]["schemas"]["Problem"]
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(problem["required"])


def test_security_follows_the_declared_access(spec: dict[str, Any]) -> None:
    assert spec["paths"]["/api/v1/notes"]["post"]["security"] == [{"bearer": []}]
    assert spec["paths"]["/api/v1/notes"]["get"]["security"] == []
    assert spec["paths"]["/api/v1/admins"]["get"]["security"] == [{"cookie": []}]


def test_fields_are_described_as_they_are_read(spec: dict[str, Any]) -> None:
    note = spec["components"]["schemas"]["Note"]
    fields = note["properties"]
    assert note["additionalProperties"] is False
    assert fields["reference"]["pattern"] == "^[A-Za-z0-9_-]{8,64}$"
    assert (fields["count"]["minimum"], fields["count"]["maximum"]) == (0, 2**63 - 1)
    assert fields["mass"]["type"] in ("string", ["string", "null"])
    assert re.fullmatch(fields["mass"]["pattern"], "1.25")
    assert not re.fullmatch(fields["mass"]["pattern"], "1e3")
    assert re.fullmatch(fields["body"]["pattern"], "水 和 a")
    assert not re.fullmatch(fields["body"]["pattern"], "a\u0007")
    assert not re.fullmatch(fields["body"]["pattern"], "  ")
    path = spec["paths"]["/api/v1/notes/{note_id}"]["parameters"][0]["schema"]
    assert (path["type"], path["minimum"], path["maximum"]) == ("integer", 1, 2**63 - 1)


def test_the_real_description_is_openapi_3_1(backend: Backend) -> None:
    answer = create_app(backend).test_client().get("/api/v1/openapi.json")
    assert answer.json is not None
    assert answer.json["openapi"] == "3.1.0"
    assert set(answer.json["components"]["securitySchemes"]) == {"bearer", "cookie"}


def test_every_operation_is_listed(spec: dict[str, Any]) -> None:
    listed = operations(spec)
    assert ("POST", "/api/v1/notes") in {(each.method, each.path) for each in listed}
    assert len(listed) == sum(
        method in item
        for item in spec["paths"].values()
        for method in ("get", "post", "put", "patch", "delete")
    )
    written = next(each for each in listed if (each.method, each.path) == ("POST", "/api/v1/notes"))
    assert (written.summary, written.body, written.needs_login) == ("Write a note.", "Note", True)
    assert ("201", "Created", "NoteRow") in written.answers


def test_the_real_page_loads_nothing_from_elsewhere(backend: Backend) -> None:
    app = create_app(backend)
    page = app.test_client().get("/api/v1/docs")
    assert page.status_code == 200
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", page.text)
    assert "openapi.json" in page.text


def test_a_page_of_many_operations_renders(app: Application) -> None:
    app.register_blueprint(docs_page(app.extensions["flask-smorest"]["apis"][""]["ext_obj"]))
    page = app.test_client().get("/api/v1/docs").text
    assert "/api/v1/notes/{note_id}" in page
    assert 'id="Note"' in page
