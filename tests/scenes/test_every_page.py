"""Every page, as everybody, in every state of what it shows: an answer that was meant.

Routes come from the URL maps of both faces, objects from `objects.py`, people from `world.py`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import NotFound

import admin.app
import miniprogram_api.app
from tests.scenes.acts import MARKUP
from tests.scenes.objects import QUERIES, arguments_of
from tests.scenes.world import Visitor, World

# Gone means gone: an erased member's page, a certificate nobody has, what is not one's own.
MEANT = {200, 204, 302, 303, 401, 403, 404, 409, 422}
# Compares the clock, which stands still here, with the database's; tests/web/test_operations.py.
READINESS = "web.readyz"
THOROUGH = {"nobody", "new", "many", "citizen", "attendant"}
FACES: Mapping[str, Callable[[Any], Flask]] = {
    "console": admin.app.create_app,
    "phone": miniprogram_api.app.create_app,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer; `linked` when a page that its reader may open led there."""

    endpoint: str
    who: str
    url: str
    status: int
    text: str
    linked: bool = False

    @property
    def meant(self) -> bool:
        """Whether it may be so: no page leads to what is not there or not for its reader."""
        dead = self.linked and self.status in {403, 404, 405}
        return self.status in MEANT and MARKUP not in self.text and not dead


def _urls(face: str, app: Flask, world: World, me: int | None) -> dict[str, list[str]]:
    """The addresses of every page, once for each state of its objects, by endpoint."""
    urls: dict[str, list[str]] = {}
    with world.backend.engine.connect() as db:
        for rule in app.url_map.iter_rules():
            if "GET" not in (rule.methods or set()) or rule.endpoint == "static":
                continue
            for arguments in arguments_of(db, rule, me=me, own=face == "phone"):
                built = rule.build(arguments, append_unknown=True)
                assert built is not None, rule
                urls.setdefault(rule.endpoint, []).extend(
                    f"{built[1]}?{query}".rstrip("?") for query in QUERIES.get(rule.endpoint, ("",))
                )
    if face == "phone":
        urls.setdefault("posters.show", []).extend(f"/p/{code}" for code in world.screens)
    return urls


def _chosen(number: int, urls: list[str]) -> list[str]:
    """One of the addresses for each person, another for the next, so that all are taken."""
    own = [url for url in urls if "/me/" in url]
    return own or urls[number % len(urls) :][:1]


def _client(app: Flask, face: str, visitor: Visitor) -> FlaskClient:
    client = app.test_client()
    if visitor.token is not None:
        cookie = "tanpuhui_console" if face == "console" else "tanpuhui_api"
        client.set_cookie(cookie, visitor.token)
    return client


def _seen(face: str, world: World) -> Iterator[Seen]:
    """What everybody sees. On the console all have a role, which decides; on the phone a few
    look at everything, the others at what is theirs and at one of each kind."""
    app = FACES[face](world.backend)
    people = world.console if face == "console" else world.phone
    for number, (who, visitor) in enumerate(people.items()):
        client = _client(app, face, visitor)
        bearer = {"Authorization": f"Bearer {visitor.token}"} if visitor.token else {}
        links: dict[str, str] = {}
        for endpoint, urls in _urls(face, app, world, visitor.member_id).items():
            if endpoint == READINESS:
                continue
            thorough = face == "console" or who in THOROUGH
            for url in urls if thorough else _chosen(number, urls):
                answer = client.get(url, headers=bearer if url.startswith("/api/") else {})
                shown = answer.text if answer.mimetype == "text/html" else ""
                yield Seen(endpoint, who, url, answer.status_code, shown)
                links |= _links(app, shown) if answer.status_code == 200 else {}
        for endpoint, url in links.items():
            with closing(client.get(url)) as reached:
                yield Seen(endpoint, who, url, reached.status_code, "", linked=True)


def _links(app: Flask, page: str) -> dict[str, str]:
    """One link of a page to each endpoint; what leads to no route stands under its own address."""
    routes = app.url_map.bind("127.0.0.1")
    found = {}
    for href in map(unescape, re.findall(r'href="(/[^"#]*)', page)):
        try:
            endpoint, _ = routes.match(href.partition("?")[0])
        except NotFound:
            endpoint = href
        found[endpoint] = href
    return found


def _faults(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    return [str(line) for line in lines if line.get("log_level") in {"error", "critical"}]


@pytest.mark.parametrize("face", FACES)
def test_every_page_of_a_city_with_everything(
    face: str, full_world: World, log_lines: Sequence[Mapping[str, Any]]
) -> None:
    shown: Counter[str] = Counter()
    wrong: dict[str, Seen] = {}
    for seen in _seen(face, full_world):
        if not seen.meant:
            wrong.setdefault(seen.endpoint, seen)
        shown[seen.endpoint] += seen.status in {200, 204, 302, 303}
    assert not wrong, "\n".join(
        f"{s.who} {s.status} {s.url} linked={s.linked}" for s in wrong.values()
    )
    assert _faults(log_lines) == []
    never = [endpoint for endpoint, times in shown.items() if not times]
    assert not never, f"{never}: give them an object that somebody may look at"


@pytest.mark.parametrize("face", FACES)
def test_every_page_of_an_empty_installation(
    face: str, empty_world: World, log_lines: Sequence[Mapping[str, Any]]
) -> None:
    wrong = {seen.endpoint: seen for seen in _seen(face, empty_world) if not seen.meant}
    assert not wrong, "\n".join(
        f"{s.who} {s.status} {s.url} linked={s.linked}" for s in wrong.values()
    )
    assert _faults(log_lines) == []
