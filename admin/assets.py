"""The console's own files: addresses that change with the content, compressed once a process."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, request, url_for
from werkzeug.exceptions import NotFound

from backend.web.access import public

_TYPES: Mapping[str, str] = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent.

    Attributes:
        content_type: its media type.
        plain: its bytes.
        packed: the same, compressed with gzip.
        version: short digest of the content, part of the address.
    """

    content_type: str
    plain: bytes
    packed: bytes
    version: str


def load(folder: Path) -> dict[str, Asset]:
    """Every file of a folder that a page may ask for, by its path below the folder."""
    return {
        path.relative_to(folder).as_posix(): _asset(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _TYPES
    }


def _asset(path: Path) -> Asset:
    plain = path.read_bytes()
    return Asset(
        _TYPES[path.suffix],
        plain,
        gzip.compress(plain, mtime=0),
        hashlib.sha256(plain).hexdigest()[:12],
    )


def install(app: Flask) -> None:
    """Serves the face's `static` folder from memory and gives templates `asset(path)`."""
    assets = load(Path(app.static_folder or ""))

    def serve(filename: str) -> Response:
        found = assets.get(filename)
        if found is None:
            raise NotFound
        return _response(found)

    def asset(path: str) -> str:
        """The address of a file; another content has another address."""
        return url_for("static", filename=path, v=assets[path].version)

    app.view_functions["static"] = public(serve)
    app.jinja_env.globals["asset"] = asset


def _response(found: Asset) -> Response:
    packs = request.accept_encodings["gzip"] > 0
    response = Response(found.packed if packs else found.plain, content_type=found.content_type)
    response.vary.add("Accept-Encoding")
    if packs:
        response.content_encoding = "gzip"
    current = request.args.get("v") == found.version
    response.headers["Cache-Control"] = _FOREVER if current else "no-cache"
    return response
