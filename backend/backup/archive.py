"""The file of a backup: a ZIP of one COPY text a table, and a manifest that says what it holds.

Nothing in it needs this program: `unzip` opens it, and every PostgreSQL reads the tables with COPY.
"""

import hashlib
import json
import os
import re
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from backend.errors import DomainError, ErrorKind

FORMAT = 1
MANIFEST = "manifest.json"
_BLOCK = 1 << 20
# A manifest names some fifty tables in some ten kB: a larger one is none.
_MANIFEST_BYTES = 1 << 20
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LARGEST_ID = 2**63 - 1
# Level 1 keeps up with PostgreSQL; higher levels save a tenth of the size for three times the time.
_COMPRESS_LEVEL = 1
# What reading a file that is not as it was written may raise, by where the damage lies.
_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(LookupError, ValueError, TypeError, AttributeError, OverflowError, RuntimeError),
)


class BackupDamagedError(DomainError):
    """The file is not a backup, is cut off, or was changed since it was written."""

    code = "backup_damaged"
    kind = ErrorKind.INVALID


class BackupTooNewError(DomainError):
    """The file was written by a program this one does not know yet."""

    code = "backup_too_new"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class TableContent:
    """One table of a backup: its columns in order, how many rows, and the SHA-256 of its text."""

    name: str
    columns: tuple[str, ...]
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds.

    Attributes:
        revision: the schema's.
        created_at: the instant of the snapshot, ISO 8601.
        tables: in an order in which they can be filled.
        sequences: by name, the last number drawn.
    """

    revision: str
    created_at: str
    tables: tuple[TableContent, ...]
    sequences: Mapping[str, int]

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)


class Writer:
    """Writes one backup. Nothing stands under the file's name before it is complete."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def table(self, name: str, columns: Iterable[str], blocks: Iterable[bytes]) -> TableContent:
        """Adds a table, as COPY writes it; returns what the manifest says of it."""
        digest = hashlib.sha256()
        rows = 0
        with self._archive.open(_member(name), "w", force_zip64=True) as member:
            for block in blocks:
                digest.update(block)
                rows += block.count(b"\n")
                member.write(block)
        return TableContent(name, tuple(columns), rows, digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Adds the manifest, last of all."""
        document = {"format": FORMAT, **asdict(manifest)}
        self._archive.writestr(MANIFEST, json.dumps(document, ensure_ascii=False, indent=1))


@contextmanager
def writing(path: Path) -> Iterator[Writer]:
    """Writes a backup beside `path` and gives it its name when it is complete.

    Raises:
        FileExistsError: there is a file of that name; a backup is never overwritten.
    """
    if path.exists():
        raise FileExistsError(path)
    # A name of its own, readable by its owner only: nobody waits there, nobody else writes to it.
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(
                file, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESS_LEVEL
            ) as archive:
                yield Writer(archive)
            file.flush()
            os.fsync(file.fileno())
        _name(part, path)
    finally:
        part.unlink(missing_ok=True)


def _name(part: Path, path: Path) -> None:
    """Gives a complete file its name, which nobody took meanwhile, and makes it last."""
    try:
        path.hardlink_to(part)
    except OSError:
        if path.exists():
            raise FileExistsError(path) from None
        part.rename(path)  # a file system without links
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class ArchiveReader:
    """Reads one backup that was found whole."""

    def __init__(self, archive: zipfile.ZipFile, manifest: Manifest) -> None:
        self._archive = archive
        self.manifest = manifest

    def blocks(self, table: TableContent) -> Iterator[bytes]:
        """The text of a table, block by block."""
        with self._archive.open(_member(table.name)) as member:
            while block := member.read(_BLOCK):
                yield block


@contextmanager
def reading(path: Path) -> Iterator[ArchiveReader]:
    """Opens a backup after reading all of it once and comparing every digest.

    Raises:
        BackupDamagedError: it is no backup, is cut off, or differs from what was written.
        BackupTooNewError: its format is of a later program.
        OSError: it cannot be read.
    """
    with path.open("rb") as file, ExitStack() as stack:
        try:
            archive = stack.enter_context(zipfile.ZipFile(file))
            if any(each.compress_type != zipfile.ZIP_DEFLATED for each in archive.infolist()):
                raise ValueError("压缩方式不符")
            reader = ArchiveReader(archive, _manifest(archive))
            for table in reader.manifest.tables:
                _compare(reader, table)
        except _DAMAGES as error:
            raise _damaged(path, error) from error
        yield reader


def _damaged(path: Path, error: Exception) -> BackupDamagedError:
    return BackupDamagedError(
        f"备份文件 {path} 已损坏或不完整（{error}），没有改动数据库；请换用另一份备份。"
    )


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    if archive.getinfo(MANIFEST).file_size > _MANIFEST_BYTES:
        raise ValueError("清单过大")
    document = json.loads(archive.read(MANIFEST))
    if document["format"] > FORMAT:
        raise BackupTooNewError(
            "这份备份由更新版本的程序生成，没有改动数据库；请先升级程序再恢复。"
        )
    tables = tuple(_table(row) for row in document["tables"])
    if len({table.name for table in tables}) != len(tables):
        raise ValueError("清单里有重复的表")
    sequences = {_matching(_NAME, name): _number(n) for name, n in document["sequences"].items()}
    return Manifest(_text(document["revision"]), _text(document["created_at"]), tables, sequences)


def _table(row: Any) -> TableContent:
    """A table as the manifest tells of it. Its names become part of statements: names only."""
    columns = tuple(_matching(_NAME, column) for column in row["columns"])
    name, sha256 = _matching(_NAME, row["name"]), _matching(_DIGEST, row["sha256"])
    return TableContent(name, columns, _number(row["rows"]), sha256)


def _text(said: Any) -> str:
    if not isinstance(said, str):
        raise TypeError("清单里应为文字")
    return said


def _matching(pattern: re.Pattern[str], said: Any) -> str:
    if not pattern.fullmatch(_text(said)):
        raise ValueError("清单里的名称或摘要不合规")
    return _text(said)


def _number(said: Any) -> int:
    if not isinstance(said, int) or isinstance(said, bool) or abs(said) > _LARGEST_ID:
        raise TypeError("清单里应为整数")
    return said


def _compare(reader: ArchiveReader, table: TableContent) -> None:
    digest = hashlib.sha256()
    rows = 0
    for block in reader.blocks(table):
        digest.update(block)
        rows += block.count(b"\n")
    if (digest.hexdigest(), rows) != (table.sha256, table.rows):
        raise ValueError(f"表 {table.name} 的内容与清单不符")


def _member(table: str) -> str:
    return f"tables/{table}.copy"
