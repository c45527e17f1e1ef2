"""Servers under test: granian as the product runs it. `python -m benchmarks.servers APP PORT`."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psutil

from backend.runtime.serving import serve

WORKERS, THREADS = 2, 4


@contextmanager
def served(app: str, environment: Mapping[str, str]) -> Iterator[tuple[int, psutil.Process]]:
    """Serves an application on a free port; yields the port and the master process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    metrics = tempfile.TemporaryDirectory(prefix="tanpuhui-bench-metrics-")
    server = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, "-m", "benchmarks.servers", app, str(port)],
        env={**environment, "PROMETHEUS_MULTIPROC_DIR": metrics.name},
    )
    try:
        _wait(port)
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(timeout=40)
        metrics.cleanup()


def _wait(port: int) -> None:
    give_up = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)
        else:
            return


def worker_memory_mb(master: psutil.Process) -> float:
    """The largest proportional set size of a worker (its own memory and its share), in MB."""
    return max(float(child.memory_full_info().pss) for child in master.children()) / 1e6


if __name__ == "__main__":
    serve(
        sys.argv[1],
        host="127.0.0.1",
        port=int(sys.argv[2]),
        workers=WORKERS,
        threads=THREADS,
        log_level="error",
    )
