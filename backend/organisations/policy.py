"""What names and 统一社会信用代码 (GB 32100-2015) must look like. Pure."""

import re
import unicodedata

from backend.errors import InvalidInputError, field_errors
from backend.organisations.models import PATH_SEPARATOR

MAX_NAME = 100
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_SHAPE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")


class CreditCodeError(InvalidInputError):
    """A 统一社会信用代码 is misspelt; the sentence says how."""

    code = "credit_code_invalid"


def credit_code_check_character(first_17: str) -> str:
    """The 18th character that belongs to the first 17 (GB 32100-2015, 4.6 and annex A).

    The characters' positions in the alphabet of 31 are weighted by 3^i mod 31; the check
    character makes the sum divisible by 31.

    Raises:
        ValueError: not 17 characters of the alphabet.
    """
    if len(first_17) != 17 or not set(first_17) <= set(_ALPHABET):
        raise ValueError("a credit code starts with 17 characters of 0-9A-Z without I O S V Z")
    total = sum(
        _ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(first_17)
    )
    return _ALPHABET[-total % 31]


def checked_credit_code(raw: str, *, field: str = "credit_code") -> str:
    """The code in its normal form: half-width, upper case, no blanks; its checksum holds.

    Args:
        raw: as typed or read from a workbook; full-width characters and blanks are forgiven.
        field: how the caller's form names it, for the error.

    Raises:
        CreditCodeError: wrong length, a letter that never occurs (I O S V Z) or a wrong checksum.
    """
    code = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", raw)).upper()
    if len(code) != 18:
        raise _refusal(field, f"统一社会信用代码应为18位，现为{len(code)}位，请核对。")
    if not _SHAPE.fullmatch(code):
        raise _refusal(
            field,
            "统一社会信用代码含有不会出现的字符（不使用字母 I、O、S、V、Z，"
            "第3至8位为数字），请核对是否把数字误录为字母。",
        )
    if credit_code_check_character(code[:17]) != code[17]:
        raise _refusal(field, "统一社会信用代码校验位不符，请对照登记证书逐位核对。")
    return code


def _refusal(field: str, sentence: str) -> CreditCodeError:
    return CreditCodeError(sentence, fields=field_errors({field: sentence}, CreditCodeError.code))


def checked_name(raw: str, *, field: str = "name") -> str:
    """A name of an institution, district or department without outer blanks.

    Raises:
        InvalidInputError: empty, longer than 100 characters, or it holds `/`, which separates
            the departments of a path.
    """
    name = unicodedata.normalize("NFC", raw).strip()
    if not name or len(name) > MAX_NAME:
        raise invalid(field, f"名称应为1至{MAX_NAME}个字，请修改。")
    if PATH_SEPARATOR in name or not name.isprintable():
        raise invalid(field, "名称不能包含“/”或不可见字符，请修改。")
    return name


def invalid(field: str, sentence: str) -> InvalidInputError:
    """The refusal of one field."""
    return InvalidInputError(sentence, fields=field_errors({field: sentence}))
