"""Signed notes: a text, a blank line, and signatures by name (C2SP signed-note, Ed25519).

The format of Go's checksum database and of the transparency logs, so that their tools read ours.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

_ED25519: Final = b"\x01"
_KEY_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_SIGNATURE_BYTES: Final = 64
_LINE_START: Final = "\N{EM DASH} "
_PRIVATE: Final = "PRIVATE+KEY+"
_LONGEST_NOTE: Final = 65_536


class KeyTextError(ValueError):
    """A text is no key: says what is wrong with it, never what stands in it."""


class NoteError(ValueError):
    """A note is malformed, or no key that is known has signed it."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name it signs under.

    Attributes:
        name: such as `tanpuhui.example.gov.cn/ledger`; without blanks and plus signs.
        public: the Ed25519 public key, 32 bytes.
    """

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Reads a verifier key `NAME+ID+BASE64`.

        Raises:
            KeyTextError: it is none, or its id is not that of its name and key.
        """
        name, key_id, public = _parts(text)
        key = cls(name, public)
        if key.key_id.hex() != key_id:
            raise KeyTextError("the key's id does not belong to its name and key")
        return key

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell the keys of one name apart."""
        named = self.name.encode() + b"\n" + _ED25519 + self.public
        return hashlib.sha256(named).digest()[:_KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The verifier key as it is published."""
        return f"{self.name}+{self.key_id.hex()}+{_encoded(_ED25519 + self.public)}"

    def has_signed(self, text: str, signature: bytes) -> bool:
        """Whether an Ed25519 signature (64 bytes) over a text is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer:
    """A private key with the name it signs under.

    Args:
        name: as in `VerifierKey`.
        seed: the Ed25519 private key, 32 bytes.

    Raises:
        KeyTextError: the name or the length is wrong.
    """

    def __init__(self, name: str, seed: bytes) -> None:
        _check_name(name)
        if len(seed) != _KEY_BYTES:
            raise KeyTextError(f"an Ed25519 private key has {_KEY_BYTES} bytes")
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, self._key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls, name: str) -> "Signer":
        """A new key from the system's random source."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> "Signer":
        """Reads a private key `PRIVATE+KEY+NAME+ID+BASE64`.

        Raises:
            KeyTextError: it is none, or its id is not that of its name and key.
        """
        if not text.startswith(_PRIVATE):
            raise KeyTextError(f"a private key begins with {_PRIVATE}")
        name, key_id, seed = _parts(text.removeprefix(_PRIVATE))
        signer = cls(name, seed)
        if signer.verifier.key_id.hex() != key_id:
            raise KeyTextError("the key's id does not belong to its name and key")
        return signer

    @property
    def secret_text(self) -> str:
        """The private key as `parse` reads it; keep it secret."""
        verifier = self.verifier
        secret = _encoded(_ED25519 + self._seed)
        return f"{_PRIVATE}{verifier.name}+{verifier.key_id.hex()}+{secret}"

    def sign(self, text: str) -> str:
        """The signed note of a text.

        Args:
            text: lines, each ended by a newline, without other control characters.

        Raises:
            NoteError: the text is none of that kind.
        """
        _check_text(text)
        signature = _encoded(self.verifier.key_id + self._key.sign(text.encode()))
        return f"{text}\n{_LINE_START}{self.verifier.name} {signature}\n"


def open_note(note: str, keys: Sequence[VerifierKey]) -> tuple[str, VerifierKey]:
    """The text of a note and the first known key that signed it.

    Signatures of keys that are not known are passed over, as the specification asks.

    Args:
        note: as received.
        keys: the keys that are trusted.

    Raises:
        NoteError: it is no signed note, no known key signed it, or the signature of a known key
            does not verify.
    """
    if len(note) > _LONGEST_NOTE:
        raise NoteError("the note is too long")
    text, blank, lines = note.rpartition("\n\n")
    text += "\n"
    if not blank or not lines.endswith("\n"):
        raise NoteError("a note is a text, a blank line and lines of signatures")
    _check_text(text)
    signed_by: VerifierKey | None = None
    for name, key_id, signature in _signatures(lines):
        for key in keys:
            if (key.name, key.key_id) != (name, key_id):
                continue
            if not key.has_signed(text, signature):
                raise NoteError(f"the signature of {name} does not verify")
            signed_by = signed_by or key
    if signed_by is None:
        raise NoteError("no known key has signed this note")
    return text, signed_by


def _signatures(lines: str) -> Iterator[tuple[str, bytes, bytes]]:
    for line in lines.removesuffix("\n").split("\n"):
        name, blank, encoded = line.removeprefix(_LINE_START).partition(" ")
        decoded = _decoded(encoded)
        if not (line.startswith(_LINE_START) and name and blank and decoded):
            raise NoteError("a line is no signature")
        if len(decoded) == _KEY_ID_BYTES + _SIGNATURE_BYTES:
            yield name, decoded[:_KEY_ID_BYTES], decoded[_KEY_ID_BYTES:]


def _parts(text: str) -> tuple[str, str, bytes]:
    """Name, id and key of `NAME+ID+BASE64`; the base64 may hold plus signs of its own."""
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    decoded = _decoded(encoded)
    if len(decoded) != 1 + _KEY_BYTES or decoded[:1] != _ED25519:
        raise KeyTextError("a key is NAME+ID+BASE64 of an Ed25519 key")
    _check_name(name)
    return name, key_id, decoded[1:]


def _check_name(name: str) -> None:
    if not name or "+" in name or any(character.isspace() for character in name):
        raise KeyTextError("a key's name has no blanks and no plus signs")


def _check_text(text: str) -> None:
    lines = text.removesuffix("\n")
    if not text.endswith("\n") or any((c < " " and c != "\n") or c == "\x7f" for c in lines):
        raise NoteError("the text of a note is lines without control characters")


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str) -> bytes:
    """The bytes of base64; none where it is not canonical base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
    return data if _encoded(data) == text else b""
