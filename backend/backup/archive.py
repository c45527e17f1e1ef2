"""The file of a backup: a ZIP of one COPY text a table, and a manifest that says what it holds.

Nothing in it needs this program: `unzip` opens it, and every PostgreSQL reads the tables with COPY.
"""

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from backend.errors import DomainError, ErrorKind

FORMAT = 1
MANIFEST = "manifest.json"
_BLOCK = 1 << 20
# Level 1 keeps up with PostgreSQL; higher levels save a tenth of the size for three times the time.
_COMPRESS_LEVEL = 1
# What reading a file that is not as it was written may raise, by where the damage lies.
_DAMAGES = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError),
    *(LookupError, ValueError, TypeError, OverflowError, RuntimeError),
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
    part = path.with_name(f"{path.name}.part")
    try:
        part.touch(mode=0o600)
        with zipfile.ZipFile(
            part, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESS_LEVEL
        ) as archive:
            yield Writer(archive)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)


class Reader:
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
def reading(path: Path) -> Iterator[Reader]:
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
            reader = Reader(archive, _manifest(archive))
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
    document = json.loads(archive.read(MANIFEST))
    if document["format"] > FORMAT:
        raise BackupTooNewError(
            "这份备份由更新版本的程序生成，没有改动数据库；请先升级程序再恢复。"
        )
    return Manifest(
        revision=document["revision"],
        created_at=document["created_at"],
        tables=tuple(
            TableContent(row["name"], tuple(row["columns"]), row["rows"], row["sha256"])
            for row in document["tables"]
        ),
        sequences=document["sequences"],
    )


def _compare(reader: Reader, table: TableContent) -> None:
    digest = hashlib.sha256()
    rows = 0
    for block in reader.blocks(table):
        digest.update(block)
        rows += block.count(b"\n")
    if (digest.hexdigest(), rows) != (table.sha256, table.rows):
        raise ValueError(f"表 {table.name} 的内容与清单不符")


def _member(table: str) -> str:
    return f"tables/{table}.copy"
