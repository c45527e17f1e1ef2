"""What a checkpoint says (C2SP tlog-checkpoint): the log's origin, its size, its root."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.ports.signed_notes import NoteError
from backend.proofs.merkle import HASH_BYTES

_LEDGER: Final = "ledger"


@dataclass(frozen=True, slots=True)
class CheckpointText:
    """The text of a checkpoint.

    Attributes:
        origin: names the log; the name of the key that signs.
        size: leaves in the tree.
        root: its root, 32 bytes.
        extensions: further lines.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def render(self) -> str:
        """The lines that are signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode())
        return "".join(f"{line}\n" for line in (*lines, *self.extensions))


def read_checkpoint(text: str) -> CheckpointText:
    """Reads the text of a checkpoint.

    Raises:
        NoteError: it is none.
    """
    origin, *lines = text.removesuffix("\n").split("\n")
    try:
        size, root = int(lines[0]), base64.b64decode(lines[1], validate=True)
    except (IndexError, ValueError, binascii.Error):
        raise NoteError("a checkpoint is an origin, a size and a root") from None
    read = CheckpointText(origin, size, root, tuple(lines[2:]))
    if len(root) != HASH_BYTES or size < 0 or read.render() != text or not origin:
        raise NoteError("a checkpoint is an origin, a size and a root")
    return read


def ledger_line(size: int, root: bytes) -> str:
    """The line by which a month's note names the tree whose entries it counts."""
    return f"{_LEDGER} {size} {base64.b64encode(root).decode()}"


def read_ledger_line(origin: str, extensions: Sequence[str]) -> CheckpointText:
    """The tree that a month's note names in the first line after its root.

    Args:
        origin: of the ledger's log.
        extensions: those lines.

    Raises:
        NoteError: the line is none.
    """
    name, _, rest = (extensions[0] if extensions else "").partition(" ")
    size, _, root = rest.partition(" ")
    if name != _LEDGER:
        raise NoteError("a month's note names the tree whose entries it counts")
    return read_checkpoint(f"{origin}\n{size}\n{root}\n")
