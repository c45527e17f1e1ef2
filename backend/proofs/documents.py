"""Proofs as files: JSON with bytes in base64, read as strictly as they were written."""

import base64
import binascii
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from backend.errors import DomainError, ErrorKind
from backend.ports.signed_notes import NoteError, VerifierKey, open_note
from backend.proofs import merkle
from backend.proofs.policy import CheckpointText, read_checkpoint

_T = TypeVar("_T")


class ReceiptInvalidError(DomainError):
    """What was handed in is no receipt, or proves nothing."""

    code = "receipt_invalid"
    kind = ErrorKind.INVALID


def require_under(
    checkpoint: CheckpointText, leaf: bytes, *, index: int, path: Sequence[bytes]
) -> None:
    """Lets a leaf pass that stands under a signed root.

    Args:
        checkpoint: the root, and of how many leaves.
        leaf: its content.
        index: where it stands.
        path: hashes from the leaf up to the root.

    Raises:
        ReceiptInvalidError: it does not.
    """
    try:
        root = merkle.root_from_inclusion(merkle.leaf_hash(leaf), index, checkpoint.size, path)
    except ValueError as error:
        raise ReceiptInvalidError("凭证中的路径不完整，请使用原始文件。") from error
    if root != checkpoint.root:
        raise ReceiptInvalidError("内容与路径算不出签名的树根：凭证被改动过。")


def fields_of(document: object, names: Collection[str]) -> Mapping[str, object]:
    """The fields of a document that has these and no others.

    Raises:
        ReceiptInvalidError: one is missing or too many.
    """
    if not isinstance(document, Mapping):
        raise ReceiptInvalidError("凭证的内容格式不对，请使用原始文件。")
    wrong = document.keys() ^ set(names)
    if wrong:
        raise ReceiptInvalidError(
            f"凭证的字段缺少或多余：{'、'.join(sorted(wrong))}。请使用原始文件。"
        )
    return document


def field(document: Mapping[str, object], name: str, kind: type[_T]) -> _T:
    """One field of a document; true and false are no numbers.

    Raises:
        ReceiptInvalidError: it is of another kind.
    """
    value = document[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ReceiptInvalidError(_malformed(name))
    return value


def encoded(content: bytes) -> str:
    """Bytes as they stand in a document."""
    return base64.b64encode(content).decode()


def decoded(text: object, name: str) -> bytes:
    """The bytes of a field, of which there is at least one.

    Raises:
        ReceiptInvalidError: it is no canonical base64.
    """
    try:
        content = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        content = b""
    if not content or encoded(content) != text:
        raise ReceiptInvalidError(_malformed(name))
    return content


def opened(note: str, keys: Sequence[VerifierKey], log: str) -> tuple[CheckpointText, VerifierKey]:
    """What a signed note says of a log, and the first of the keys that signed it.

    Args:
        note: as received.
        keys: the keys that are trusted.
        log: what follows the key's name in the origin of the log: nothing for the ledger's own.

    Raises:
        ReceiptInvalidError: none of the keys signed it once, or it speaks of another log. The one
            key signs for the entries and for each month: a root of one proves nothing in another.
    """
    try:
        text, signed_by = open_note(note, keys)
        checkpoint = read_checkpoint(text)
    except NoteError as error:
        raise ReceiptInvalidError(
            "检查点的签名无法用已公布的公钥验证：凭证可能被改动，或不是本账本签发的。"
        ) from error
    if _signatures_of(signed_by, note) != 1:
        raise ReceiptInvalidError("检查点上有同一把公钥的两个签名：凭证被改动过。")
    if checkpoint.origin != signed_by.name + log:
        raise ReceiptInvalidError("签名的树根属于另一本账或另一个月份，请使用原始文件。")
    return checkpoint, signed_by


def _signatures_of(key: VerifierKey, note: str) -> int:
    """How many lines of a note that was opened are signatures of one key."""
    lines = note.removesuffix("\n").rpartition("\n\n")[2].split("\n")
    signed = [line.split(" ")[1:] for line in lines]
    return sum(
        name == key.name and base64.b64decode(signature).startswith(key.key_id)
        for name, signature in signed
    )


def _malformed(name: str) -> str:
    return f"凭证的字段 {name} 格式不对，请使用原始文件。"
