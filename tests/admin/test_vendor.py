"""What a browser loads: our own files only, as they were published, and not many bytes."""

import gzip
import hashlib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import admin as console
from backend.people.models import Role
from tests.builders.town import Town

FOLDER = Path(console.__file__).parent
VENDOR = FOLDER / "static" / "vendor"
FIRST_LOAD_BYTES = 150 * 1024
OUTSIDE = re.compile(
    r"""(?:src|href|action|url|import)\s*[=(]\s*["']?\s*(?:https?:)?//""", re.IGNORECASE
)


def test_vendored_files_are_those_of_the_manifest() -> None:
    manifest = tomllib.loads((VENDOR / "MANIFEST.toml").read_text(encoding="utf-8"))["file"]
    assert {entry["path"] for entry in manifest} | {"MANIFEST.toml"} == {
        path.name for path in VENDOR.iterdir()
    }
    for entry in manifest:
        content = (VENDOR / entry["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"], entry["path"]
        assert entry.keys() == {"path", "package", "version", "source", "licence", "sha256"}
        assert entry["version"].encode() in content or entry["package"] == "htmx.org"


def test_no_page_refers_to_an_outside_host() -> None:
    ours = [
        *(FOLDER / "templates").rglob("*.html"),
        *(path for path in (FOLDER / "static").iterdir() if path.suffix in {".css", ".js"}),
    ]
    assert len(ours) > 15
    guilty = [path.name for path in ours if OUTSIDE.search(path.read_text(encoding="utf-8"))]
    assert not guilty


@pytest.mark.parametrize(
    "line", ['<script src="https://cdn.example/x.js">', "url(//cdn.example/f)"]
)
def test_the_search_for_outside_hosts_finds_them(line: str) -> None:
    assert OUTSIDE.search(line)


def test_templates_hold_no_inline_script_or_style() -> None:
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE
    )
    guilty = [
        path.name
        for path in (FOLDER / "templates").rglob("*.html")
        if inline.search(path.read_text(encoding="utf-8"))
    ]
    assert not guilty


@pytest.mark.parametrize("path", ["/", "/places", "/drop-offs", "/rankings"])
def test_the_first_load_is_small(admin: FlaskClient, path: str) -> None:
    page = admin.get(path)
    files = re.findall(r'(?:src|href)="(/static/[^"]*)"', page.text)
    assert len(files) >= 5
    total = len(gzip.compress(page.data))
    for address in set(files):
        answer = admin.get(address.replace("&amp;", "&"), headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "immutable" in answer.headers["Cache-Control"]
        total += len(answer.data)
    assert total <= FIRST_LOAD_BYTES


def test_files_are_served_plain_to_those_who_ask_so(admin: FlaskClient) -> None:
    plain = admin.get("/static/app.css")
    assert plain.data == (FOLDER / "static" / "app.css").read_bytes()
    assert plain.headers["Cache-Control"] == "no-cache"
    assert plain.headers["Vary"] == "Accept-Encoding"
    for path in ("/static/nothing.css", "/static/../app.py", "/static/vendor/MANIFEST.toml"):
        assert admin.get(path).status_code == 404


def test_pages_forbid_everything_but_our_own_files(
    as_role: Callable[[Role], FlaskClient], town: Town
) -> None:
    for path in ("/", f"/places/{town.bureau_point.place.id}", "/nothing"):
        policy = as_role(Role.CITY_ADMIN).get(path).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
