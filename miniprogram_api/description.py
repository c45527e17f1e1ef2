"""The API's description: what it is called, how a caller identifies, and a page to read it."""

from dataclasses import dataclass
from typing import Any

import flask

from backend.web.access import public
from backend.web.api import Api

PREFIX = "/api/v1"

CONFIG = {
    "API_TITLE": "碳普惠 tanpuhui",
    "API_VERSION": "v1",
    "OPENAPI_VERSION": "3.1.0",
    "OPENAPI_URL_PREFIX": PREFIX,
    "OPENAPI_JSON_PATH": "openapi.json",
}

SPEC = {
    "info": {
        "description": "Low-carbon actions, their explained reductions and points. "
        "Errors are RFC 9457 problems; docs/errors.md lists every code."
    },
    "components": {
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "tanpuhui_api"},
        }
    },
}

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the page: a method on a path."""

    method: str
    path: str
    summary: str
    description: str
    needs_login: bool
    parameters: list[dict[str, Any]]
    body: str | None
    answers: list[tuple[str, str, str | None]]


def operations(spec: dict[str, Any]) -> list[Operation]:
    """The operations of an OpenAPI document, in its order.

    Args:
        spec: the document as a dict.
    """
    return [
        _operation(method, path, item[method], item.get("parameters", []))
        for path, item in spec.get("paths", {}).items()
        for method in _METHODS
        if method in item
    ]


def _operation(
    method: str, path: str, described: dict[str, Any], shared: list[dict[str, Any]]
) -> Operation:
    body = described.get("requestBody", {})
    answers = [
        (status, answer.get("description", ""), _schema_name(answer))
        for status, answer in described.get("responses", {}).items()
        if status != "default"
    ]
    return Operation(
        method=method.upper(),
        path=path,
        summary=described.get("summary", ""),
        description=described.get("description", ""),
        needs_login=bool(described.get("security")),
        parameters=[
            parameter for parameter in [*shared, *described.get("parameters", [])] if parameter
        ],
        body=_schema_name(body),
        answers=answers,
    )


def _schema_name(holder: dict[str, Any]) -> str | None:
    """The name of the schema in a body or an answer, or None."""
    for content in holder.get("content", {}).values():
        reference = content.get("schema", {}).get("$ref")
        if isinstance(reference, str):
            return reference.rsplit("/", 1)[-1]
    return None


def docs_page(api: Api) -> flask.Blueprint:
    """The blueprint of `/api/v1/docs`: the description as a page, without any outside script.

    Args:
        api: the API with all its resources registered.
    """
    page = flask.Blueprint("docs", __name__, template_folder="templates")

    @page.get(f"{PREFIX}/docs")
    @public
    def read() -> str:
        spec = api.spec.to_dict()
        return flask.render_template(
            "docs.html",
            title=spec["info"]["title"],
            version=spec["info"]["version"],
            operations=operations(spec),
            schemas=spec.get("components", {}).get("schemas", {}),
        )

    return page
