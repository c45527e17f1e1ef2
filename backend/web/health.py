"""Whether the process is up (`/healthz`) and whether it can work (`/readyz`)."""

from typing import Any

from flask import Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from backend.db import migrate
from backend.web.context import backend
from backend.web.problems import ProblemDetails, respond

_SENTENCES = {
    "database": "数据库连接不上，请检查 PostgreSQL 是否运行。",
    "migrations": "数据库结构不是最新，请先运行迁移。",
    "redis": "Redis 连接不上，请检查 Redis 是否运行。",
}


def healthz() -> Response:
    """The process answers; says nothing about what it depends on."""
    return jsonify(status="ok")


def readyz() -> Response:
    """The database, its migrations and Redis; 503 with what is missing otherwise."""
    found = {**_database(), "redis": _redis()}
    missing = [name for name, good in found.items() if not good]
    checks: dict[str, Any] = {
        name: {"ok": good, **({} if good else {"detail": _SENTENCES[name]})}
        for name, good in found.items()
    }
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


def _database() -> dict[str, bool]:
    """Whether the database answers and its schema is the code's."""
    try:
        with backend().engine.connect() as connection:
            return {"database": True, "migrations": not migrate.pending(connection)}
    except SQLAlchemyError:
        return {"database": False, "migrations": False}


def _redis() -> bool:
    try:
        return bool(backend().redis.ping())
    except RedisError:
        return False
