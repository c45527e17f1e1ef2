"""One face on one port: granian, its workers and their renewal."""

import gc
import resource
import signal
from contextlib import suppress
from functools import partial
from importlib import import_module

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from backend.runtime.children import die_with_parent
from backend.runtime.gateway import Gateway

# Of the request line and all headers; a longer head is answered 431.
_HEAD_BYTES = 65_536
# A head that takes longer, and a connection that has nothing to say, are closed.
_HEAD_SECONDS = 10
# Connections of one worker; more wait outside.
_CONNECTIONS = 8_192
# Files of a process beside its connections: the database, Redis, logs, metrics.
_OTHER_FILES = 256
# A worker is renewed now and then, so that a slow leak never becomes an outage.
_LIFETIME_SECONDS = 6 * 3600
_LARGEST_MIB = 512
_KILL_SECONDS = 30


def serve(target: str, *, host: str, port: int, workers: int, threads: int, log_level: str) -> None:
    """Serves an application until SIGTERM or SIGINT; what was begun is finished first.

    Args:
        target: the application, as `module:name`.
        host: address to listen on.
        port: TCP port.
        workers: processes.
        threads: requests each works on at once.
        log_level: of granian's own words; requests are logged by the application.
    """
    # Imported here, the code is shared by all workers, also by those that replace others. Building
    # the application opens no connection, so nothing is shared that must not be.
    load(target, threads)
    gc.collect()
    gc.freeze()
    Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        websockets=False,
        workers=workers,
        backlog=1024,
        # A permit is held as long as its connection is open.
        backpressure=_connections(),
        http1_settings=HTTP1Settings(
            header_read_timeout=_HEAD_SECONDS * 1000, max_buffer_size=_HEAD_BYTES
        ),
        log_level=LogLevels(log_level.lower()),
        respawn_failed_workers=True,
        respawn_interval=1.0,
        workers_lifetime=_LIFETIME_SECONDS,
        workers_max_rss=_LARGEST_MIB,
        workers_kill_timeout=_KILL_SECONDS,
    ).serve(
        target_loader=partial(_load_in_worker, target, threads),  # type: ignore[arg-type]  # an object with `__rsgi__` serves too
        wrap_loader=False,
    )


def load(target: str, threads: int) -> Gateway:
    """The gateway of an application named `module:name`."""
    module, _, name = target.partition(":")
    return Gateway(getattr(import_module(module), name), threads=threads)


def _load_in_worker(target: str, threads: int) -> Gateway:
    """What a worker serves. A worker whose parent is killed would go on taking connections."""
    # Until granian sets its own handlers, those of the parent would swallow the signal.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent(signal.SIGTERM)
    return load(target, threads)


def _connections() -> int:
    """How many connections a worker takes: granian stops accepting for good without files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OTHER_FILES
    if soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(128, min(_CONNECTIONS, soft - _OTHER_FILES))
