"""Holds a process to the root key of its database: codes of one key are forgeries to another."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from backend.errors import DomainError, ErrorKind
from backend.installation.models import InstallationKey
from backend.ports.keys import KeyRing

_ROOT = "root"
_KEPT = "SELECT fingerprint FROM installation_key WHERE purpose = %s"


class AnotherKeyError(DomainError):
    """The database was used with another root key than this process has."""

    code = "another_key"
    kind = ErrorKind.UNAVAILABLE


def claim(db: Connection, keys: KeyRing, *, now: datetime) -> None:
    """Records the root key at the first use of a database.

    Raises:
        AnotherKeyError: the database belongs to another one.
    """
    db.execute(
        insert(InstallationKey)
        .values(purpose=_ROOT, fingerprint=keys.fingerprint, first_used_at=now)
        .on_conflict_do_nothing()
    )
    kept = select(InstallationKey.fingerprint).where(InstallationKey.purpose == _ROOT)
    _compare(db.scalar(kept), keys)


def held_against(keys: KeyRing) -> Callable[[psycopg.Connection[tuple[Any, ...]], object], None]:
    """What a new connection is asked before it is used; a database without tables says nothing.

    The function raises AnotherKeyError where the database belongs to another root key.
    """

    def ask(connection: psycopg.Connection[tuple[Any, ...]], _record: object) -> None:
        try:
            row = connection.execute(_KEPT, (_ROOT,)).fetchone()
        except psycopg.errors.UndefinedTable:
            row = None
        finally:
            connection.rollback()
        try:
            _compare(None if row is None else row[0], keys)
        except AnotherKeyError:
            connection.close()
            raise

    return ask


def _compare(kept: str | None, keys: KeyRing) -> None:
    if kept is not None and kept != keys.fingerprint:
        raise AnotherKeyError(
            "数据库属于另一把根密钥，本进程已停止使用：否则两边的二维码互不承认。"
            "请把 TANPUHUI_SECRET_KEY 设成这个数据库一直使用的那一把；"
            "确要更换时，见 docs/operations.md。"
        )
