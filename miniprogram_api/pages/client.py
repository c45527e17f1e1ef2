"""The built client (miniprogram/), served at /app/."""

from pathlib import Path

from flask import Blueprint, Response, redirect, send_from_directory
from werkzeug.wrappers import Response as AnyResponse

from backend.web.access import public

blueprint = Blueprint("client", __name__)

_BUNDLE = Path(__file__).parents[1] / "static/app"
_YEAR = 365 * 24 * 3600


@blueprint.get("/app")
@public
def client_address() -> AnyResponse:
    """The address as people type it."""
    return redirect("/app/")


@blueprint.get("/app/")
@public
def client() -> Response:
    """The page that loads the client; asked for anew each time, for it names what else to load."""
    response = send_from_directory(_BUNDLE, "index.html")
    response.headers["Cache-Control"] = "no-cache"
    return response


@blueprint.get("/app/<path:name>")
@public
def client_file(name: str) -> Response:
    """A file of the bundle; those named by their content are kept for a year."""
    response = send_from_directory(_BUNDLE, name)
    kept = f"public, max-age={_YEAR}, immutable" if name.startswith("assets/") else "no-cache"
    response.headers["Cache-Control"] = kept
    return response
