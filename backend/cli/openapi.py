"""`tanpuhui openapi`: the document of the API, without a database."""

import importlib
import json
from dataclasses import replace
from typing import Any

import click

from backend.bootstrap import build
from backend.settings import Settings

# Faces stand on the backend, not under it: the document is asked for by name.
_FACE = "miniprogram_api.app"
_DOCUMENT = "/api/v1/openapi.json"


@click.command(help="输出接口的 OpenAPI 文档（JSON）。")
def openapi() -> None:
    """Prints the OpenAPI document."""
    click.echo(json.dumps(document(), ensure_ascii=False, indent=2))


def document() -> dict[str, Any]:
    """The OpenAPI document; no connection is opened for it."""
    settings = Settings.from_env()
    backend = build(
        replace(
            settings,
            database_url=settings.database_url or "postgresql://",
            redis_url=settings.redis_url or "redis://127.0.0.1",
            secret_key=settings.secret_key or "no request is ever answered with this one",
        )
    )
    app = importlib.import_module(_FACE).create_app(backend)
    found: dict[str, Any] = app.test_client().get(_DOCUMENT).get_json()
    return found
