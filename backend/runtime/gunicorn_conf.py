"""How gunicorn runs either face. gunicorn loads it; the command adds address, size and app."""

import gc
from pathlib import Path
from typing import Protocol

from prometheus_client import multiprocess

worker_class = "gthread"
# A worker that replaces another need not import anything, and has 59 MB of its own, not 98.
# Building the application opens no connection, so nothing is shared that must not be.
preload_app = True
# A worker is renewed now and then, so that a slow leak never becomes an outage.
max_requests = 20_000
max_requests_jitter = 2_000
timeout = 30
graceful_timeout = 30
keepalive = 5
# Heartbeat files on a disk can stall a worker for seconds; memory cannot.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - unlinked by gunicorn at once
control_socket_disable = True
# Headers of proxies are judged in one place, by TANPUHUI_TRUSTED_PROXIES.
forwarded_allow_ips = ""
forwarder_headers = ""
# The application logs each request itself, with its id.
accesslog = None
errorlog = "-"


def when_ready(_server: object) -> None:
    """Keeps the collector away from what was imported, so that workers go on sharing it."""
    gc.collect()
    gc.freeze()


class _Worker(Protocol):
    pid: int


def child_exit(_server: object, worker: _Worker) -> None:
    """Takes a worker that has ended out of the live gauges."""
    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]  # its own gap
