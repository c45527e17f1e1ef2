"""The access log, and the id of the request on every line it causes."""

import time

import structlog
from flask import Response, g, request

# Probes and scrapes come every few seconds and say nothing.
_QUIET = frozenset({"web.healthz", "web.readyz", "web.metrics", "static"})

_log = structlog.get_logger(__name__)


def bind_request(request_id: str) -> None:
    """Puts the request's id on every line this thread logs from here on."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def write_access(response: Response) -> None:
    """Logs one line for an answered request.

    The route is logged, not the path: paths carry login codes and poster codes.
    """
    if request.endpoint in _QUIET:
        return
    rule = request.url_rule
    _log.info(
        "request",
        method=request.method,
        route=rule.rule if rule else None,
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.started) * 1000, 2),
    )
