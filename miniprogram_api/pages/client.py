"""The built client (miniprogram/), served at /app/."""

import mimetypes
from pathlib import Path

from flask import Blueprint, Response, redirect, request
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as AnyResponse

from backend.errors import NotFoundError
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
    return _file("index.html", kept="no-cache")


@blueprint.get("/app/<path:name>")
@public
def client_file(name: str) -> Response:
    """A file of the bundle; those named by their content are kept for a year."""
    named = name.startswith("assets/")
    return _file(name, kept=f"public, max-age={_YEAR}, immutable" if named else "no-cache")


def _file(name: str, *, kept: str) -> Response:
    """A file of the bundle, or nothing where the browser has it as it is."""
    path = safe_join(str(_BUNDLE), name)
    if path is None or not Path(path).is_file():
        raise NotFoundError("没有这个文件，请重新打开碳普惠。")
    kind, _ = mimetypes.guess_type(path)
    response = Response(Path(path).read_bytes(), mimetype=kind or "application/octet-stream")
    response.headers["Cache-Control"] = kept
    response.add_etag()
    response.make_conditional(request)
    return response
