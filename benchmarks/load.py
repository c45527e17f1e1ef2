"""A closed-loop HTTP client: so many connections, each sending as soon as it was answered."""

import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context


@dataclass(frozen=True, slots=True)
class Figures:
    """What a load measured: answers per second, latencies in ms, and answers of other statuses."""

    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int


def run(port: int, requests: Sequence[bytes], *, connections: int, expect: bytes) -> Figures:
    """Sends every request once over keep-alive connections from two processes.

    Args:
        port: of the server, on 127.0.0.1.
        requests: whole HTTP/1.1 requests.
        connections: open at once.
        expect: the status every answer must have, such as `b"201"`.
    """
    context = get_context("fork")
    processes = 2
    with context.Pool(processes) as pool:
        shares = [
            (port, requests[i::processes], connections // processes, expect)
            for i in range(processes)
        ]
        begun = time.perf_counter()
        results = pool.starmap(_share, shares)
        elapsed = time.perf_counter() - begun
    latencies = sorted(latency for found, _ in results for latency in found)
    return Figures(
        per_second=len(latencies) / elapsed,
        p50_ms=latencies[len(latencies) // 2] * 1000,
        p99_ms=latencies[int(len(latencies) * 0.99)] * 1000,
        failed=sum(failed for _, failed in results),
    )


def _share(
    port: int, requests: Sequence[bytes], connections: int, expect: bytes
) -> tuple[list[float], int]:
    latencies: list[float] = []
    failed: list[bytes] = []
    threads = [
        threading.Thread(
            target=_connection, args=(port, requests[i::connections], expect, latencies, failed)
        )
        for i in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return latencies, len(failed)


def _connection(
    port: int,
    requests: Sequence[bytes],
    expect: bytes,
    latencies: list[float],
    failed: list[bytes],
) -> None:
    connected: socket.socket | None = None
    for request in requests:
        begun = time.perf_counter()
        if connected is None:
            connected = socket.create_connection(("127.0.0.1", port), timeout=30)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.sendall(request)
        answer = _answer(connected)
        latencies.append(time.perf_counter() - begun)
        if answer[9:12] != expect:
            failed.append(answer)
        if b"onnection: close" in answer:
            connected.close()
            connected = None
    if connected is not None:
        connected.close()


def _answer(connected: socket.socket) -> bytes:
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _some(connected)
    head = received[:end]
    at = head.lower().find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0])
    while len(received) < end + 4 + length:
        received += _some(connected)
    return received


def _some(connected: socket.socket) -> bytes:
    data = connected.recv(65_536)
    if not data:
        raise ConnectionError("the server closed the connection in the middle of an answer")
    return data
