"""Printed and rotating codes: made, read and verified. Pure.

A printed code is the place's public code and the random key of its print batch; the database says
whether the batch stands. A rotating code carries place, 30-second step and a truncated HMAC, and
needs no database: 16 bytes, 22 base64url characters.
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, unquote

from backend.errors import ErrorKind, FieldError, InvalidInputError
from backend.places.models import PlaceKind
from backend.ports.keys import ROTATING_CODE, KeyRing
from backend.text.cleaning import half_width

STEP_SECONDS: Final = 30
STEPS_BACK: Final = 2
STEPS_AHEAD: Final = 1
TAG_BYTES: Final = 8
KEY_LENGTH: Final = 10

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_LETTERS: Final = {
    PlaceKind.RECYCLING_POINT: "R",
    PlaceKind.CANTEEN: "C",
    PlaceKind.STAIRWELL: "S",
    PlaceKind.VENUE: "V",
}
_LONGEST: Final = 1_000
_URL = re.compile(r"https?://[^/?#\s]+/p/", re.ASCII | re.IGNORECASE)
_PRINTED = re.compile(r"([RCSV][0-9]{7})\?k=([A-Z2-7]{10})", re.ASCII | re.IGNORECASE)
_ROTATING = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


class CodeError(InvalidInputError):
    """A code that earns nothing; the subclass says why."""

    code = "code_invalid"

    def __init__(self, message: str) -> None:
        super().__init__(message, fields=[FieldError("code", self.code, message)])


class CodeUnreadableError(CodeError):
    """The text is none of our codes."""

    code = "code_unreadable"

    def __init__(self) -> None:
        super().__init__("这不是碳普惠的二维码，请扫描点位海报或屏幕上的二维码")


class CodeForgedError(CodeError):
    """Some character differs from what we issued."""

    code = "code_forged"

    def __init__(self) -> None:
        super().__init__("二维码校验未通过，请对准现场的海报或屏幕重新扫描")


class CodeExpiredError(CodeError):
    """A rotating code outside the steps accepted now."""

    code = "code_expired"

    def __init__(self, *, ahead: bool = False) -> None:
        super().__init__(
            "屏幕的时间走快了，请联系现场管理员校准后再扫"
            if ahead
            else "二维码已过期，请扫描屏幕上最新的二维码，截图和转发的照片无效"
        )


class CodeRevokedError(CodeError):
    """A printed code of a batch that was revoked."""

    code = "code_revoked"

    def __init__(self) -> None:
        super().__init__("这张海报已作废，请扫描现场新张贴的海报，或联系点位管理员更换")


class CodeUnknownError(CodeError):
    """A code of a place that does not exist."""

    code = "code_unknown"
    kind = ErrorKind.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("没有找到这个点位，请核对海报上的编号，或联系点位管理员")


@dataclass(frozen=True, slots=True)
class PrintedCode:
    """What a poster says: `R0001234` and the key of its print batch."""

    place_code: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RotatingCode:
    """What a screen says: place id, step since the Unix epoch, 8 bytes of HMAC-SHA256."""

    place_id: int
    step: int
    tag: bytes = field(repr=False)


def place_code(kind: PlaceKind, place_id: int) -> str:
    """The public code of a place: the kind's letter and the id in seven digits."""
    return f"{_LETTERS[kind]}{place_id:07d}"


def place_id_of(code: str) -> int:
    """The id in a public code of the form of `place_code`; the letter may still be another's."""
    return int(code[1:])


def new_key() -> str:
    """A random key of a print batch: 10 base32 characters, 50 bits."""
    return "".join(secrets.choice(_BASE32) for _ in range(KEY_LENGTH))


def printed_url(public_url: str, code: PrintedCode) -> str:
    """The text of a poster's QR code: opens the mini-program by prefix rule, else a page."""
    return f"{public_url}/p/{code.place_code}?k={code.key}"


def rotating_url(public_url: str, code: str) -> str:
    """The text of a screen's QR code for a rotating code."""
    return f"{public_url}/p/{code}"


def place_key(keys: KeyRing, place_id: int) -> bytes:
    """The 32-byte key that a place's screen signs its rotating codes with."""
    return keys.key(ROTATING_CODE, struct.pack(">I", place_id))


def step_at(at: datetime) -> int:
    """The 30-second step of an aware instant, counted from the Unix epoch."""
    return (at - _EPOCH) // timedelta(seconds=STEP_SECONDS)


def step_begins(step: int) -> datetime:
    """The instant at which a step begins."""
    return _EPOCH + step * timedelta(seconds=STEP_SECONDS)


def rotating_code(key: bytes, place_id: int, at: datetime) -> str:
    """The code a place shows at an instant.

    Args:
        key: the place's key, from `place_key`.
        place_id: the place.
        at: aware instant.

    Returns:
        22 base64url characters: place u32, step u32, 8-byte truncated HMAC-SHA256.
    """
    step = step_at(at)
    packed = struct.pack(">II", place_id, step) + _tag(key, place_id, step)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def parse(text: str) -> PrintedCode | RotatingCode:
    """Reads a scanned or typed code; verifies nothing.

    Args:
        text: `R0001234?k=KEY`, 22 characters of a rotating code, or either as a poster's URL
            `https://HOST/p/…`. Blanks around it and the case of a printed code are forgiven, and
            what a phone makes of a URL: percent-encoding, `&from=…`, `#wechat_redirect`.

    Raises:
        CodeUnreadableError: none of these.
    """
    if len(text) > _LONGEST:
        raise CodeUnreadableError
    bare = _bare(text)
    if (printed := _PRINTED.fullmatch(bare)) is not None:
        return PrintedCode(printed[1].upper(), printed[2].upper())
    if _ROTATING.fullmatch(bare) is None:
        raise CodeUnreadableError
    try:
        packed = base64.urlsafe_b64decode(bare + "==")
    except binascii.Error:
        raise CodeUnreadableError from None
    if base64.urlsafe_b64encode(packed).decode().rstrip("=") != bare:
        # The last character has four bits to spare; only one of its 16 forms was ever issued.
        raise CodeForgedError
    place_id, step = struct.unpack_from(">II", packed)
    return RotatingCode(place_id, step, packed[8:])


def _bare(text: str) -> str:
    """The code in a text, without the address it leads to and what was added to that."""
    bare = half_width(text)
    # WeChat hands a link over percent-encoded, in the parameter `q`; a page may do so once more.
    for _ in range(2):
        bare = unquote(bare)
    if (prefix := _URL.match(bare)) is not None:
        bare = bare[prefix.end() :]
    path, _, query = bare.partition("#")[0].partition("?")
    keys = [value for name, value in parse_qsl(query) if name.lower() == "k"]
    return "?k=".join((path.rstrip("/"), *keys))


def verify_rotating(key: bytes, code: RotatingCode, at: datetime) -> None:
    """Accepts a code of the steps from two back to one ahead: it dies within 90 seconds.

    Args:
        key: the place's key, from `place_key`.
        code: what was read.
        at: aware instant of the server's clock.

    Raises:
        CodeForgedError: the tag does not fit place and step.
        CodeExpiredError: genuine, but of another time; says whether too old or ahead of us.
    """
    if not hmac.compare_digest(code.tag, _tag(key, code.place_id, code.step)):
        raise CodeForgedError
    now = step_at(at)
    if code.step < now - STEPS_BACK:
        raise CodeExpiredError
    if code.step > now + STEPS_AHEAD:
        raise CodeExpiredError(ahead=True)


def _tag(key: bytes, place_id: int, step: int) -> bytes:
    message = struct.pack(">II", place_id, step)
    return hmac.digest(key, message, hashlib.sha256)[:TAG_BYTES]
