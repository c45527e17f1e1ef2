"""Structured logs: one JSON object a line on standard error, with the id of the request."""

import logging
import sys
import time

import structlog
from flask import Response, g, request
from structlog.typing import Processor

# Probes and scrapes come every few seconds and say nothing.
_QUIET = frozenset({"web.healthz", "web.readyz", "web.metrics", "static"})

_log = structlog.get_logger(__name__)


def configure(level: str) -> None:
    """Sends every log line of this process, ours and the libraries', to standard error as JSON.

    Args:
        level: DEBUG, INFO, WARNING or ERROR.
    """
    threshold = logging.getLevelNamesMapping()[level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))


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
