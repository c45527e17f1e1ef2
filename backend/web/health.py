"""Whether the process is up (`/healthz`) and whether it can work (`/readyz`)."""

from typing import Any

from flask import Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from backend.db import migrate
from backend.timekeeping.queries import JobsHold, clock_state
from backend.web.context import backend, now
from backend.web.problems import ProblemDetails, respond

_SENTENCES = {
    "database": "数据库连接不上，请检查 PostgreSQL 是否运行。",
    "migrations": "数据库结构不是最新，请先运行迁移。",
    "clock": "服务器与数据库的时钟相差超过 26 小时，请先校准时间。",
    "redis": "Redis 连接不上，请检查 Redis 是否运行。",
}


def healthz() -> Response:
    """The process answers; says nothing about what it depends on."""
    return jsonify(status="ok")


def readyz() -> Response:
    """The database, its migrations, Redis and the clock; 503 with what is missing otherwise.

    Held jobs are told as well, but the process goes on answering: people can use it meanwhile.
    """
    database, hold = _database()
    found = {**database, "redis": _redis()}
    missing = [name for name, good in found.items() if not good]
    checks: dict[str, Any] = {
        name: {"ok": good, **({} if good else {"detail": _SENTENCES[name]})}
        for name, good in found.items()
    }
    checks["jobs"] = {"ok": hold is None, **({"detail": hold.sentence} if hold else {})}
    if not missing:
        return jsonify(status="ready", checks=checks)
    sentence = "".join(_SENTENCES[name] for name in missing)
    return respond(
        ProblemDetails(
            503,
            "not_ready",
            sentence,
            headers={"Retry-After": "2"},
            extensions={"missing": missing, "checks": checks},
        )
    )


def _database() -> tuple[dict[str, bool], JobsHold | None]:
    """Whether the database answers, its schema is the code's and its clock ours; held jobs."""
    try:
        with backend().engine.connect() as connection:
            if migrate.pending(connection):
                return {"database": True, "migrations": False}, None
            state = clock_state(connection, now=now())
    except SQLAlchemyError:
        return {"database": False, "migrations": False}, None
    found = {"database": True, "migrations": True, "clock": state.now.agrees}
    return found, state.hold


def _redis() -> bool:
    try:
        return bool(backend().redis.ping())
    except RedisError:
        return False
