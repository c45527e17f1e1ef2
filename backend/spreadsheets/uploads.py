"""A file somebody uploaded, kept while they look at what taking it in would do.

It is kept sealed in Redis for an hour, one a person and kind: a newer one replaces it, and when it
is lost, it is uploaded again. Nothing else remembers it.
"""

import base64
import json
from dataclasses import asdict, dataclass
from typing import Any, Final

from redis import Redis

from backend.ports.keys import KeyRing, SealBrokenError
from backend.spreadsheets.errors import RowProblem

KEPT_SECONDS: Final = 3600
_PREFIX: Final = "tanpuhui:upload:"
_PURPOSE: Final = "upload"


@dataclass(frozen=True, slots=True)
class RowChange:
    """What a row changes, in Chinese: of whom or what, and which of its columns."""

    row: int
    subject: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What taking a file in did, or would do.

    Attributes:
        written: False when it was only tried, or refused as a whole.
        counts: how many of what would be new or changed, by Chinese word.
        unchanged: rows that state nothing new.
        refused: rows with a problem.
        problems: what is wrong, row by row, with suggestions.
        ignored: headings nobody knows, as written.
        note: a sentence on the file as a whole; may be empty.
        changes: of the rows that change what is stored already.
    """

    written: bool
    counts: tuple[tuple[str, int], ...]
    unchanged: int
    refused: int
    problems: tuple[RowProblem, ...]
    ignored: tuple[str, ...] = ()
    note: str = ""
    changes: tuple[RowChange, ...] = ()

    @property
    def total(self) -> int:
        """How many things would be new or changed."""
        return sum(count for _, count in self.counts)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and what became of it: tried, then perhaps taken in."""

    name: str
    data: bytes
    outcome: ImportOutcome


def keep(redis: Redis, keys: KeyRing, owner: str, upload: Upload) -> None:
    """Keeps a file in the place of the owner's earlier one.

    Args:
        redis: where it is kept.
        keys: seals it: rosters hold people.
        owner: whose it is and of which kind.
        upload: the file and its outcome.
    """
    document = {
        "name": upload.name,
        "data": base64.b64encode(upload.data).decode(),
        "outcome": asdict(upload.outcome),
    }
    sealed = keys.seal(_PURPOSE, json.dumps(document).encode(), owner.encode())
    redis.set(_PREFIX + owner, sealed, ex=KEPT_SECONDS)


def kept(redis: Redis, keys: KeyRing, owner: str) -> Upload | None:
    """The owner's file; None when there is none, or it has been lost."""
    sealed = redis.get(_PREFIX + owner)
    if not isinstance(sealed, bytes):
        return None
    try:
        document = json.loads(keys.unseal(_PURPOSE, sealed, owner.encode()))
    except SealBrokenError:
        return None
    outcome: dict[str, Any] = document["outcome"]
    outcome["problems"] = tuple(RowProblem(**each) for each in outcome["problems"])
    outcome["changes"] = tuple(
        RowChange(each["row"], each["subject"], tuple(each["columns"]))
        for each in outcome["changes"]
    )
    outcome["counts"] = tuple((word, count) for word, count in outcome["counts"])
    outcome["ignored"] = tuple(outcome["ignored"])
    return Upload(document["name"], base64.b64decode(document["data"]), ImportOutcome(**outcome))
