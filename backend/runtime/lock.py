"""One owner per data folder."""

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from backend.errors import DomainError, ErrorKind

_FILE = "lock"


class AlreadyRunningError(DomainError):
    """Another process owns the data folder."""

    code = "already_running"
    kind = ErrorKind.CONFLICT


class DataFolderLock:
    """Holds the data folder for one process; the kernel lets go when the process ends.

    Args:
        data_dir: the folder; created when missing.

    Attributes:
        owner_was_killed: the owner before us ended without releasing, so that what it started
            may still be leaving.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._file = -1
        self.owner_was_killed = False

    def acquire(self) -> None:
        """Takes the folder.

        Raises:
            AlreadyRunningError: another process has it.
        """
        self._data_dir.mkdir(parents=True, exist_ok=True)
        file = os.open(self._data_dir / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
        owner = os.read(file, 32).decode("ascii", errors="replace").strip()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(file)
            raise AlreadyRunningError(
                f"数据目录 {self._data_dir} 已被进程 {owner} 使用：请先停止它，"
                "或用 TANPUHUI_DATA_DIR 换一个目录。"
            ) from error
        self._file = file
        self.owner_was_killed = owner != ""
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode("ascii"), 0)

    def release(self) -> None:
        """Gives the folder back. Safe to repeat."""
        if self._file != -1:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
