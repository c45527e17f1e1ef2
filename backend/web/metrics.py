"""Prometheus metrics: requests by endpoint, method and status; open to loopback or a token."""

import hmac
import os
import time
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address

from flask import Response, g, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from backend.errors import UnauthenticatedError
from backend.timekeeping.queries import clock_state
from backend.web.context import web_context
from backend.web.proxies import peer_of

REQUESTS = Counter(
    "tanpuhui_http_requests_total",
    "Requests answered.",
    ("face", "endpoint", "method", "status"),
)
SECONDS = Histogram(
    "tanpuhui_http_request_seconds",
    "Time from the first hook to the answer, commit included.",
    ("face", "endpoint"),
    buckets=(0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12),
)
LIMITER_FAILURES = Counter(
    "tanpuhui_rate_limiter_failures_total",
    "Tries let through because Redis could not count them.",
    ("limit",),
)

JOBS_HELD = Gauge(
    "tanpuhui_irreversible_jobs_held",
    "1 while jobs that cannot be undone wait because the clocks were in doubt.",
    multiprocess_mode="mostrecent",
)
CLOCK_DIFFERENCE = Gauge(
    "tanpuhui_clock_difference_seconds",
    "The clock of this process minus the database's.",
    multiprocess_mode="mostrecent",
)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def observe(response: Response) -> None:
    """Counts one answered request. Labels come from closed sets, whatever a client sends."""
    face = web_context().face.value
    endpoint = request.endpoint or "unmatched"
    method = request.method if request.method in _METHODS else "other"
    counted, timed = _series(face, endpoint, method, response.status_code)
    counted.inc()
    timed.observe(time.perf_counter() - g.started)


@lru_cache(maxsize=4096)
def _series(face: str, endpoint: str, method: str, status: int) -> tuple[Counter, Histogram]:
    """The series of one kind of answer, looked up once."""
    return REQUESTS.labels(face, endpoint, method, str(status)), SECONDS.labels(face, endpoint)


def expose() -> Response:
    """All metrics of all processes of this face, in Prometheus' text format.

    Raises:
        UnauthenticatedError: neither a loopback peer nor the token.
    """
    if not (_from_loopback() or _has_token()):
        raise UnauthenticatedError("监控指标只对本机或持有令牌者开放。")
    _look_at_the_clocks()
    registry = REGISTRY
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # ships no types here
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _look_at_the_clocks() -> None:
    """Without a database there is nothing to tell; `/readyz` says so."""
    context = web_context()
    with suppress(SQLAlchemyError), context.backend.engine.connect() as db:
        state = clock_state(db, now=context.backend.clock.now())
        JOBS_HELD.set(state.hold is not None)
        CLOCK_DIFFERENCE.set(state.now.difference.total_seconds())


def _from_loopback() -> bool:
    """Whether the peer of the socket is this machine and speaks for itself.

    A proxy on this machine is a loopback peer too: what it forwards does not count.
    """
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(peer_of(request.environ)).is_loopback
    except ValueError:
        return False


def _has_token() -> bool:
    token = web_context().backend.settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())
