"""Connections that say nothing stop nobody; stopping and renewing lose no answer."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from tests.builders.city import City
from tests.conftest import PATIENCE_SECONDS
from tests.faults.conftest import Api
from tests.faults.crowd import IDLE, SLOW_BODIES, SLOW_HEADERS

CROWD = IDLE + SLOW_HEADERS + SLOW_BODIES
REQUESTS = 250
ATTEMPTS = 3


@contextmanager
def _crowd(port: int) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.crowd", str(port)], stdout=subprocess.PIPE
    ) as clients:
        assert clients.stdout is not None
        assert clients.stdout.readline() == b"there\n"
        yield
        clients.kill()


def _get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def _p99(port: int) -> float:
    """The 99th percentile in seconds of honest requests, each on a connection of its own."""
    taken = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        assert _get(port, "/api/v1/openapi.json") == 200
        taken.append(time.perf_counter() - begun)
    return sorted(taken)[int(REQUESTS * 0.99)]


def _open_connections(api: Api) -> int:
    return sum(
        connection.status == psutil.CONN_ESTABLISHED
        for worker in api.process.children()
        for connection in worker.net_connections("tcp")
    )


def test_a_crowd_of_silent_connections_leaves_the_others_their_speed(
    api: Api, until: Callable[..., None]
) -> None:
    _p99(api.port)
    quiet, crowded = [], []
    # A machine shared with other tests has slow moments; one that is starved has no quick ones.
    for _ in range(ATTEMPTS):
        quiet.append(_p99(api.port))
        with _crowd(api.port):
            until(lambda: _open_connections(api) >= 0.95 * CROWD, "the crowd is connected")
            crowded.append(_p99(api.port))
            assert _open_connections(api) >= 0.9 * CROWD
        if crowded[-1] <= 2 * quiet[-1]:
            return
    assert min(crowded) <= 2 * min(quiet), (quiet, crowded)


def test_what_was_begun_is_answered_when_the_face_is_stopped(api: Api) -> None:
    body = json.dumps({"provider": "wechat"}).encode()
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as slow:
        slow.sendall(
            b"POST /api/v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        slow.sendall(body[:5])
        time.sleep(0.5)
        api.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        slow.sendall(body[5:])
        assert slow.recv(12) == b"HTTP/1.1 422"
    assert api.process.wait(timeout=PATIENCE_SECONDS) == 0


def test_workers_are_renewed_under_load_without_a_failed_request(
    api: Api, until: Callable[..., None]
) -> None:
    before = {worker.pid for worker in api.process.children()}
    api.process.send_signal(signal.SIGHUP)

    def renewed() -> bool:
        assert _get(api.port, "/healthz") == 200
        pids = {worker.pid for worker in api.process.children()}
        return len(pids) == len(before) and not pids & before

    until(renewed, "both workers are new")


def test_a_killed_worker_is_replaced(api: Api, until: Callable[..., None]) -> None:
    killed = api.process.children()[0].pid
    api.kill_a_worker()
    until(
        lambda: len(pids := {w.pid for w in api.process.children()}) == 2 and killed not in pids,
        "there are two workers again",
    )
    assert _get(api.port, "/healthz") == 200


def test_workers_end_with_the_one_that_keeps_them(api: Api, until: Callable[..., None]) -> None:
    workers = api.process.children()
    api.process.kill()
    until(lambda: not any(worker.is_running() for worker in workers), "the workers are gone")


def test_metrics_count_the_requests_of_all_workers(api: Api, city: City) -> None:
    assert city.scene.members
    for _ in range(40):
        assert _get(api.port, "/healthz") == 200
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    line = next(
        line
        for line in text.splitlines()
        if line.startswith("tanpuhui_http_requests_total{") and 'endpoint="web.healthz"' in line
    )
    assert float(line.rpartition(" ")[2]) >= 40
