"""No route of either face writes without a limit of its caller and one of all callers together."""

from collections.abc import Sequence

import pytest

from backend.bootstrap import Backend
from backend.people.models import Face
from backend.web.counting import By, Limit, SlotTaken, UseCounter
from backend.web.limits import SAFE_METHODS
from tests.web.faces import client_of, face_app, routes

WAIT = 7


@pytest.mark.parametrize("face", Face)
def test_every_writing_route_asks_its_limits_and_obeys_them(
    backend: Backend, face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[By]] = []

    def used_up(_counter: UseCounter, wanted: Sequence[tuple[Limit, str]]) -> list[SlotTaken]:
        asked.append({limit.by for limit, _ in wanted})
        return [SlotTaken(limit, WAIT, 0, WAIT) for limit, _ in wanted]

    monkeypatch.setattr(UseCounter, "take", used_up)
    app = face_app(backend, face)
    client = client_of(app, face)
    writing = [route for route in routes(app, face) if route.method not in SAFE_METHODS]
    for route in writing:
        asked.clear()
        answer = client.open(route.path, method=route.method, json={})
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, f"{WAIT}"), route
        assert By.INSTALLATION in asked[0], route
        assert asked[0] & {By.CALLER, By.ADDRESS}, route
    assert len(writing) > 20
