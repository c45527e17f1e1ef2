"""A client process: performs its share of operations over HTTP and records what it saw.

Run as `python -m tests.faults.clients SPECIFICATION HISTORY`; needs nothing but the standard
library. First every operation is tried; then, told on standard input that the faults
are over, those that are unknown are invoked again until they are known.
"""

import http.client
import json
import random
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TextIO

from tests.faults.history import FAIL, INVOKE, OK, UNKNOWN, Award, Event, record

_TIMEOUT_SECONDS = 10.0
# After an outage a client waits a little, as phones do, instead of hammering.
_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 240.0
# What a client does about an operation: insist on an answer, give up for now when there is none,
# or send it again although it was answered.
_MOODS = ("insist",) * 14 + ("give up",) * 5 + ("repeat",)


class Client:
    """One process with several threads, each with a connection of its own.

    Args:
        specification: port, threads, seed, and the operations: reference, member, token, body.
        file: the history.
    """

    def __init__(self, specification: Mapping[str, Any], file: TextIO) -> None:
        self._specification = specification
        self._file = file
        self._lock = threading.Lock()
        self._own = threading.local()
        self._dice = random.Random(specification["seed"])  # noqa: S311 - chance, not secrecy

    def perform(self) -> list[Mapping[str, Any]]:
        """Tries every operation; returns those that are unknown."""
        operations = self._specification["operations"]
        moods = [self._dice.choice(_MOODS) for _ in operations]
        with ThreadPoolExecutor(self._specification["threads"]) as pool:
            ended = list(pool.map(self._try, operations, moods))
        return [each for each, known in zip(operations, ended, strict=True) if not known]

    def settle(self, unknown: Iterable[Mapping[str, Any]]) -> None:
        """Invokes each again, under the same reference, until it is known."""
        with ThreadPoolExecutor(self._specification["threads"]) as pool:
            list(pool.map(self._insist, unknown))

    def _try(self, operation: Mapping[str, Any], mood: str) -> bool:
        known = self._invoke(operation)
        if not known and mood != "give up":
            known = self._insist(operation)
        if mood == "repeat":
            return self._invoke(operation) or known
        return known

    def _insist(self, operation: Mapping[str, Any]) -> bool:
        give_up = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < give_up:
            time.sleep(_PAUSE_SECONDS)
            if self._invoke(operation):
                return True
        return False

    def _invoke(self, operation: Mapping[str, Any]) -> bool:
        """Sends it once; returns whether its outcome is known."""
        self._record(operation, INVOKE)
        try:
            status, answer = self._send(operation)
        except (OSError, http.client.HTTPException, ValueError):
            self._own.connection.close()
            self._record(operation, UNKNOWN)
            return False
        if status in (200, 201):
            self._record(operation, OK, status, _award(answer))
            return True
        later = status >= 500 or status == 429 or answer.get("code") == "member_busy"
        self._record(operation, UNKNOWN if later else FAIL, status)
        return not later

    def _send(self, operation: Mapping[str, Any]) -> tuple[int, Any]:
        if not hasattr(self._own, "connection"):
            self._own.connection = http.client.HTTPConnection(
                "127.0.0.1", self._specification["port"], timeout=_TIMEOUT_SECONDS
            )
        self._own.connection.request(
            "POST",
            "/api/v1/actions",
            json.dumps(operation["body"]),
            {
                "Authorization": f"Bearer {operation['token']}",
                "Content-Type": "application/json",
            },
        )
        response = self._own.connection.getresponse()
        return response.status, json.loads(response.read())

    def _record(
        self,
        operation: Mapping[str, Any],
        type_: str,
        status: int = 0,
        award: Award | None = None,
    ) -> None:
        event = Event(
            time.time(), type_, operation["body"]["reference"], operation["member"], status, award
        )
        with self._lock:
            record(event, self._file)


def _award(answer: Any) -> Award:
    award = answer["award"]
    return Award(answer["action"]["id"], award["reduction_mg"], award["points_mpt"])


def main(specification: Path, history: Path) -> None:
    """Performs, waits for the word that the faults are over, and settles what is unknown."""
    with history.open("a", encoding="utf-8") as file:
        client = Client(json.loads(specification.read_text(encoding="utf-8")), file)
        unknown = client.perform()
        sys.stdout.write("performed\n")
        sys.stdout.flush()
        sys.stdin.readline()
        client.settle(unknown)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
