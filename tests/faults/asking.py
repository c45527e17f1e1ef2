"""Asking the process whose children die before a statement of choice."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a member: their token, the method and path, and the body if there is one."""

    token: str
    path: str
    body: Mapping[str, Any] | None
    method: str = "POST"


Ask = Callable[[Request, int], dict[str, Any]]


@contextmanager
def asking() -> Iterator[Ask]:
    """Makes a request in a child that dies before its N-th statement; 0 lets it live."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.dying_requests"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:

        def ask(request: Request, dies_before: int) -> dict[str, Any]:
            assert process.stdin is not None
            assert process.stdout is not None
            line = {
                "token": request.token,
                "method": request.method,
                "path": request.path,
                "body": request.body,
                "dies_before": dies_before,
            }
            process.stdin.write(json.dumps(line) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer

        try:
            yield ask
        finally:
            process.kill()
