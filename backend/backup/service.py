"""Takes a consistent backup of the database, and restores one into an empty database."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DataError

from backend.backup.archive import (
    ArchiveReader,
    BackupDamagedError,
    BackupTooNewError,
    Manifest,
    TableContent,
    reading,
    writing,
)
from backend.db import migrate
from backend.db.engine import make_engine
from backend.db.snapshot import snapshot
from backend.errors import DomainError, ErrorKind

Report = Callable[[str], None]

_REVISIONS = "alembic_version"
# Whoever uses an installation leaves rows in one of these; migrating and starting it does not.
_SIGNS_OF_USE = ("district", "member", "audit_event", "action", "entry")
_SEQUENCES = "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'"
# The text of a value is the same wherever it is written.
_TEXT_FORMS = (
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL client_encoding = 'UTF8'",
    # A table is read from its first block on, whoever else is reading it.
    "SET LOCAL synchronize_seqscans = off",
)


class DatabaseNotEmptyError(DomainError):
    """A backup is restored only into a database that nobody has used."""

    code = "database_not_empty"
    kind = ErrorKind.CONFLICT


class RestoreMismatchError(DomainError):
    """What the database holds after restoring is not what the backup says."""

    code = "restore_mismatch"
    kind = ErrorKind.CONFLICT


def backup(url: str, path: Path, *, report: Report) -> Manifest:
    """Writes the whole database, as of one instant, into a file; others go on working meanwhile.

    Args:
        url: PostgreSQL, as the owner of the tables.
        path: the file; must not exist.
        report: told a line a table.

    Raises:
        FileExistsError: there is a file of that name.
        OSError: the file cannot be written.
    """
    engine = make_engine(url, owner=True)
    try:
        with writing(path) as writer, snapshot(engine) as db:
            _fix_text_forms(db)
            created_at = db.execute(text("SELECT now()")).scalar_one()
            tables = []
            for name in _tables(db):
                columns = _columns(db, name)
                tables.append(writer.table(name, columns, _copied_out(db, name, columns)))
                report(f"{name}：{tables[-1].rows:,} 行")
            manifest = Manifest(_revision(db), created_at.isoformat(), tuple(tables), _drawn(db))
            writer.finish(manifest)
    finally:
        engine.dispose()
    return manifest


def restore(url: str, path: Path, *, report: Report) -> Manifest:
    """Fills an empty database from a backup and brings it up to this program's revision.

    The file is read through and compared with its digests before anything is touched; afterwards
    every table is read back and compared again.

    Args:
        url: PostgreSQL, as the owner of the tables to be.
        path: the file.
        report: told a line a table.

    Raises:
        BackupDamagedError: the file is not whole, and nothing was touched; or it holds what its
            schema does not, and nothing was written.
        BackupTooNewError: this program does not know its schema; nothing was touched.
        Before02Error: the backup or the database is of a program before 0.2.0; nothing was touched.
        DatabaseNotEmptyError: the database holds something; nothing was touched.
        RestoreMismatchError: reading back gave something else; the data was not committed.
        OSError: the file cannot be read.
    """
    with reading(path) as reader:
        manifest = reader.manifest
        if manifest.revision in migrate.BEFORE_0_2:
            raise migrate.Before02Error(
                f"这份备份是 0.2.0 之前的程序生成的（结构版本 {manifest.revision}），"
                "没有改动数据库。能恢复它的最后一版程序是提交"
                f" {migrate.LAST_COMMIT_BEFORE_0_2}，请用那一版恢复。"
            )
        if manifest.revision not in migrate.revisions():
            raise BackupTooNewError(
                f"这份备份的数据库结构（{manifest.revision}）本程序还不认识，没有改动数据库；"
                "请先升级程序再恢复。"
            )
        _lay_out(url, manifest.revision)
        _fill(url, reader, report)
    migrate.upgrade(url)
    return manifest


def _lay_out(url: str, revision: str) -> None:
    """Makes the empty tables of a revision.

    Raises:
        DatabaseNotEmptyError: somebody has used the database, or its tables are not ours.
    """
    engine = make_engine(url, owner=True, statement_timeout_ms=0)
    try:
        with engine.connect() as db:
            tables = set(inspect(db).get_table_names())
            if tables and (_REVISIONS not in tables or _used(db, tables)):
                raise DatabaseNotEmptyError(
                    "数据库里已有数据，没有改动；备份只能恢复到空的数据库，"
                    "请换一个 TANPUHUI_DATA_DIR 或新建一个数据库。"
                )
    finally:
        engine.dispose()
    if tables:
        migrate.downgrade(url)
    migrate.upgrade(url, revision)


def _used(db: Connection, tables: Collection[str]) -> bool:
    return any(
        db.exec_driver_sql(f'SELECT EXISTS (SELECT FROM "{name}")').scalar_one()
        for name in _SIGNS_OF_USE
        if name in tables
    )


def _fill(url: str, reader: ArchiveReader, report: Report) -> None:
    """Loads and compares every table in one transaction."""
    engine = make_engine(url, owner=True, statement_timeout_ms=0)
    try:
        with engine.begin() as db:
            _fix_text_forms(db)
            _check_content(db, reader.manifest)
            tables = reader.manifest.tables
            # What a row sets off when it is written was set off when it was first written.
            for table in tables:
                db.exec_driver_sql(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER')
            names = ", ".join(f'"{table.name}"' for table in tables)
            db.exec_driver_sql(f"TRUNCATE {names}")
            for table in tables:
                _copy_in(db, reader, table)
                report(f"{table.name}：{table.rows:,} 行")
            for table in tables:
                db.exec_driver_sql(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER')
            _set_sequences(db, reader.manifest)
    finally:
        engine.dispose()


def _check_content(db: Connection, manifest: Manifest) -> None:
    """Holds what the manifest names against the empty tables of its revision.

    Raises:
        BackupDamagedError: it names other tables, columns or sequences.
    """
    laid_out = {name: sorted(_columns(db, name)) for name in _tables(db)}
    named = {table.name: sorted(table.columns) for table in manifest.tables}
    sequences = set(db.scalars(text(_SEQUENCES)))
    if named != laid_out or not manifest.sequences.keys() <= sequences:
        raise _unfit("清单", "表、列或序列")


def _copy_in(db: Connection, reader: ArchiveReader, table: TableContent) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(*_identifiers(table.name, table.columns))
    try:
        with _driver(db).cursor() as cursor, cursor.copy(statement) as copy:
            for block in reader.blocks(table):
                copy.write(block)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise _unfit(f"表 {table.name} ", str(error.diag.message_primary)) from error
    digest = hashlib.sha256()
    for block in _copied_out(db, table.name, table.columns):
        digest.update(block)
    if digest.hexdigest() != table.sha256:
        raise RestoreMismatchError(
            f"恢复后的表 {table.name} 与备份不一致，数据没有写入；"
            "请检查数据库服务器的版本与编码（应为 UTF8）后重试。"
        )


def _set_sequences(db: Connection, manifest: Manifest) -> None:
    for name, last in manifest.sequences.items():
        try:
            values = {"name": name, "last": last}
            db.execute(text("SELECT setval(CAST(:name AS regclass), :last)"), values)
        except DataError as error:
            raise _unfit(f"序列 {name} ", str(last)) from error


def _unfit(part: str, why: str) -> BackupDamagedError:
    return BackupDamagedError(
        f"备份的{part}与它的数据库结构不符（{why}），没有写入数据；请换用另一份备份。"
    )


def _copied_out(db: Connection, name: str, columns: tuple[str, ...]) -> Iterator[bytes]:
    """The rows of a table in the order they lie in, as COPY writes them."""
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(*_identifiers(name, columns))
    with _driver(db).cursor() as cursor, cursor.copy(statement) as copy:
        for block in copy:
            yield bytes(block)


def _identifiers(name: str, columns: tuple[str, ...]) -> tuple[sql.Identifier, sql.Composed]:
    return sql.Identifier(name), sql.SQL(", ").join(sql.Identifier(each) for each in columns)


def _driver(db: Connection) -> psycopg.Connection[tuple[object, ...]]:
    driver = db.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("the database is not reached by psycopg")
    return driver


def _fix_text_forms(db: Connection) -> None:
    for statement in _TEXT_FORMS:
        db.exec_driver_sql(statement)


def _tables(db: Connection) -> list[str]:
    """All tables but that of the revision, those referred to before those that refer to them."""
    ordered = inspect(db).get_sorted_table_and_fkc_names()
    return [name for name, _ in ordered if name is not None and name != _REVISIONS]


def _columns(db: Connection, table: str) -> tuple[str, ...]:
    """The columns that are stored as given; generated ones come about by themselves."""
    found = inspect(db).get_columns(table)
    return tuple(column["name"] for column in found if "computed" not in column)


def _revision(db: Connection) -> str:
    return str(db.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def _drawn(db: Connection) -> dict[str, int]:
    """By sequence, the last number drawn; those never used are left out."""
    rows = db.execute(
        text(
            "SELECT quote_ident(sequencename), last_value FROM pg_sequences"
            " WHERE schemaname = 'public' AND last_value IS NOT NULL ORDER BY 1"
        )
    )
    return {row[0]: row[1] for row in rows}
