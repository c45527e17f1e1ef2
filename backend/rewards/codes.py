"""The code a member shows to collect a reward: another every 30 seconds, made without a database.

`D` and 22 base64url characters: redemption u32, 30-second step u32, 8 bytes of HMAC-SHA256. It
dies within 90 seconds; that a piece is handed over once is the redemption's own state.
"""

import base64
import binascii
import hashlib
import hmac
import re
import struct
from datetime import datetime
from typing import Final

from backend.errors import FieldError, InvalidInputError
from backend.places.codes import STEPS_AHEAD, STEPS_BACK, TAG_BYTES, step_at
from backend.ports.keys import REDEMPTION_CODE, KeyRing

_LONGEST: Final = 300
_CODE = re.compile(r"(?:.*[?&]code=)?D([A-Za-z0-9_-]{22})", re.ASCII)


class RedemptionCodeError(InvalidInputError):
    """A code nothing is handed out for: not ours, changed, or too old."""

    code = "redemption_code_invalid"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, fields=[FieldError("code", self.code, sentence)])


def redemption_code(keys: KeyRing, redemption_id: int, at: datetime) -> str:
    """The code of a redemption at an aware instant."""
    step = step_at(at)
    packed = struct.pack(">II", redemption_id, step) + _tag(keys, redemption_id, step)
    return "D" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_code(keys: KeyRing, text: str, at: datetime) -> int:
    """The redemption behind a code that is genuine and of now.

    Args:
        keys: the installation's.
        text: as scanned or typed: the code, or the address it is part of.
        at: aware instant of the server's clock.

    Raises:
        RedemptionCodeError: unreadable, changed, or of another time; the sentence says which.
    """
    found = _CODE.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        raise RedemptionCodeError("这不是兑换码，请扫描成员手机“我的兑换”里的二维码。")
    try:
        packed = base64.urlsafe_b64decode(found[1] + "==")
    except binascii.Error as error:
        raise RedemptionCodeError("兑换码校验未通过，请重新扫描。") from error
    redemption_id, step = struct.unpack_from(">II", packed)
    if not hmac.compare_digest(packed[8:], _tag(keys, redemption_id, step)):
        raise RedemptionCodeError("兑换码校验未通过，请重新扫描。")
    if not step_at(at) - STEPS_BACK <= step <= step_at(at) + STEPS_AHEAD:
        raise RedemptionCodeError("兑换码已过期，请让成员刷新后重新扫描，截图无效。")
    return int(redemption_id)


def _tag(keys: KeyRing, redemption_id: int, step: int) -> bytes:
    key = keys.key(REDEMPTION_CODE, struct.pack(">I", redemption_id))
    return hmac.digest(key, struct.pack(">II", redemption_id, step), hashlib.sha256)[:TAG_BYTES]
