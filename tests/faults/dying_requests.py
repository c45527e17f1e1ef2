"""Answers requests of the API, each in a child that may be killed before its N-th statement.

Run as `python -m tests.faults.dying_requests`; everything is imported once and each request forked
off. A line on standard input is `{"token", "method", "path", "body", "dies_before"}`; the answer is
`{"status", "statements"}`, where status is null for a child that was killed.
"""

import json
import os
import signal
import sys
from typing import Any

import psycopg
from flask import Flask

from backend.bootstrap import build
from backend.settings import Settings
from miniprogram_api.app import create_app


def count_and_die(dies_before: int) -> list[str]:
    """Counts statements and commits, and dies before the one of this number, or past the last.

    Args:
        dies_before: from 1; 0 never dies.
    """
    sent: list[str] = []
    execute, commit = psycopg.Cursor.execute, psycopg.Connection.commit

    def counted(what: str) -> None:
        sent.append(what)
        if len(sent) == dies_before:
            os.kill(os.getpid(), signal.SIGKILL)

    def executing(cursor: psycopg.Cursor[Any], query: Any, *rest: Any, **options: Any) -> Any:
        counted(str(query))
        return execute(cursor, query, *rest, **options)

    def committing(connection: psycopg.Connection[Any]) -> None:
        counted("COMMIT")
        commit(connection)
        counted("the answer")

    psycopg.Cursor.execute = executing  # type: ignore[assignment,method-assign]  # a wrapper of it
    psycopg.Connection.commit = committing  # type: ignore[assignment,method-assign]  # likewise
    return sent


def answer(app: Flask, request: dict[str, Any]) -> dict[str, Any]:
    """Has a child answer a request; tells the status, or that it died."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        sent = count_and_die(request["dies_before"])
        response = app.test_client().open(
            request["path"],
            method=request["method"],
            json=request["body"],
            headers={"Authorization": f"Bearer {request['token']}"},
        )
        os.write(writing, json.dumps({"status": response.status_code, "statements": sent}).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"status": None, "statements": []}
    found: dict[str, Any] = json.loads(text)
    return found


def main() -> None:
    """Answers line by line until standard input ends."""
    # Standard output is for answers alone: what the application logs goes to standard error.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        app = create_app(build(Settings.from_env()))
        for line in sys.stdin:
            answers.write(json.dumps(answer(app, json.loads(line))) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
