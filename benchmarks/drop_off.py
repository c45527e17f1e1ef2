"""A drop-off over HTTP with 16 connections, from authentication to commit, against its floor."""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from backend.ports.keys import KeyRing
from benchmarks.installation import MEMBERS, BenchInstallation, screen_code
from benchmarks.load import Figures, run
from benchmarks.servers import served, worker_memory_mb

CONNECTIONS = 16
TURNS = 13
REQUESTS = 700
_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class DropOffFigures:
    """Medians of the turns: drop-offs and floor per second, their ratio, p99, worker memory."""

    per_second: float
    floor_per_second: float
    ratio: float
    p99_ms: float
    failed: int
    worker_mb: float


def measure(where: BenchInstallation) -> DropOffFigures:
    """Lets floor and product take short turns: a slow moment of the machine hits both."""
    with (
        served("benchmarks.floor:app", where.environment) as (floor_port, _),
        served("miniprogram_api.wsgi:app", where.environment) as (port, master),
    ):
        _turn(floor_port, _floor_requests(500))
        _turn(port, _requests(where, 500))
        floors, products = [], []
        for _ in range(TURNS):
            floors.append(_turn(floor_port, _floor_requests(REQUESTS)))
            products.append(_turn(port, _requests(where, REQUESTS)))
        memory = worker_memory_mb(master)
    ratios = [p.per_second / f.per_second for p, f in zip(products, floors, strict=True)]
    return DropOffFigures(
        per_second=median(figures.per_second for figures in products),
        floor_per_second=median(figures.per_second for figures in floors),
        ratio=median(ratios),
        p99_ms=median(figures.p99_ms for figures in products),
        failed=sum(figures.failed for figures in products + floors),
        worker_mb=memory,
    )


def _turn(port: int, requests: Sequence[bytes]) -> Figures:
    return run(port, requests, connections=CONNECTIONS, expect=b"201")


def _requests(where: BenchInstallation, count: int) -> list[bytes]:
    now = datetime.now(UTC)
    keys = KeyRing(where.environment["TANPUHUI_SECRET_KEY"])
    made = []
    for number in itertools.islice(_NUMBERS, count):
        member = number % MEMBERS
        shown = screen_code(keys, where.codes, number, now)
        body = {
            "reference": f"bench-{number:010d}",
            "kind": "recycling.drop_off",
            "occurred_at": shown.at.isoformat(),
            "facts": {"material": "paper", "mass": "1.25"},
            "evidence": {"code": shown.code},
        }
        made.append(_post("/api/v1/actions", body, where.tokens[member]))
    return made


def _floor_requests(count: int) -> list[bytes]:
    return [_post("/floor", {"member_id": number % MEMBERS + 1}, "none") for number in range(count)]


def _post(path: str, body: Mapping[str, object], token: str) -> bytes:
    content = json.dumps(body).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    ).encode() + content
