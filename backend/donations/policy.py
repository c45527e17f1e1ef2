"""The least that can be given, and what a certificate is called. Pure."""

import re
from collections.abc import Mapping
from typing import Final

from backend.errors import FieldError, InvalidInputError
from backend.offers.policy import ALPHABET
from backend.text.cleaning import squeezed

SMALLEST_GIFT: Final[Mapping[str, int]] = {"mpt": 1_000, "mg": 1_000}
"""One point, one gram: the least that can be given, in milli-points and milligrams."""

_CERTIFICATE = re.compile(rf"[{ALPHABET}]{{4}}(?:-[{ALPHABET}]{{4}}){{2}}")


def check_gift(unit: str, amount: int) -> None:
    """Holds a gift against the least that can be given.

    Raises:
        InvalidInputError: it is less.
    """
    if amount < SMALLEST_GIFT[unit]:
        what = "1 积分" if unit == "mpt" else "1 克"
        sentence = f"每次至少捐赠 {what}，请调整数量。"
        raise InvalidInputError(sentence, fields=[FieldError("amount", "range", sentence)])


def certificate_number(text: str) -> str | None:
    """A certificate's number as it was issued, whatever case it was typed in; None for others."""
    number = squeezed(text).upper()
    return number if _CERTIFICATE.fullmatch(number) else None


def masked_name(name: str) -> str:
    """A name as strangers see it: the first character, then stars."""
    return name[:1] + "*" * max(1, min(len(name) - 1, 3))
