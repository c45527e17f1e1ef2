"""The log files of supervised processes, and what in them deserves the console."""

import json
import re
from pathlib import Path

_LARGEST_BYTES = 10 * 1024 * 1024
_LOUD = frozenset({"error", "critical", "fatal"})
# granian: `[ERROR] ...`; the standard library: `ERROR:name:...`.
_LOUD_TEXT = re.compile(r"\[(ERROR|CRITICAL)\]|^(ERROR|CRITICAL|FATAL)\b")


def begin_log(path: Path) -> None:
    """Prepares a log to be appended to; a large one becomes `NAME.log.1`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LARGEST_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))


class LogFollower:
    """Reads a growing log and picks the lines that tell of errors.

    Args:
        path: the log; what it already holds is passed over.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size if path.exists() else 0

    def errors(self) -> list[str]:
        """One short line for each error logged since the last call."""
        if not self._path.exists():
            return []
        if self._path.stat().st_size < self._offset:  # put aside by begin_log
            self._offset = 0
        with self._path.open("rb") as file:
            file.seek(self._offset)
            fresh = file.read()
        complete, newline, _ = fresh.rpartition(b"\n")
        self._offset += len(complete) + len(newline)
        lines = complete.decode("utf-8", errors="replace").splitlines()
        return [said for said in map(_error_in, lines) if said is not None]


def _error_in(line: str) -> str | None:
    """The sentence of an error line, structured or plain; None for every other line."""
    if line.startswith("{"):
        try:
            record = json.loads(line)
        except ValueError:
            return None
        if str(record.get("level", "")).lower() not in _LOUD:
            return None
        return str(record.get("event") or record.get("message") or line)[:300]
    return line[:300] if _LOUD_TEXT.search(line) else None
