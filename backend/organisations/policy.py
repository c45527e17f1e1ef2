"""What names and 统一社会信用代码 (GB 32100-2015) must look like. Pure."""

import re

from backend.errors import InvalidInputError, field_errors
from backend.organisations.models import PATH_SEPARATOR
from backend.text.characters import is_text
from backend.text.cleaning import cleaned, squeezed

MAX_NAME = 100
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# GB 32100-2015, 4.2 and 4.3 with its amendments: who registers (机构编制, 外交, 司法行政, 文化,
# 民政, 旅游, 宗教, 工会, 市场监管, 军队, 农业, 其他), then the classes each of them registers.
_CLASSES = {
    "1": "1239",
    "2": "19",
    "3": "123459",
    "4": "19",
    "5": "1239",
    "6": "129",
    "7": "129",
    "8": "19",
    "9": "1239",
    "A": "19",
    "N": "1239",
    "Y": "1",
}
_PERSONAL_ID = re.compile(r"[1-8][0-9]{5}(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])[0-3][0-9]{4}[0-9X]")
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
        CreditCodeError: wrong length, a letter that never occurs (I O S V Z), a registrar or class
            that does not exist, a wrong checksum, or the number of a personal ID card.
    """
    code = squeezed(raw).replace("-", "").upper()
    if _PERSONAL_ID.fullmatch(code) and _is_personal_id(code):
        raise _refusal(field, "这是个人身份证号码，请填写单位登记证书上的统一社会信用代码。")
    if len(code) != 18:
        raise _refusal(field, f"统一社会信用代码应为18位，现为{len(code)}位，请核对。")
    if not _SHAPE.fullmatch(code):
        raise _refusal(
            field,
            "统一社会信用代码含有不会出现的字符（不使用字母 I、O、S、V、Z，"
            "第3至8位为数字），请核对是否把数字误录为字母。",
        )
    if code[1] not in _CLASSES.get(code[0], ""):
        raise _refusal(
            field,
            f"统一社会信用代码不会以 {code[:2]} 开头（机关为11，事业单位为12，社会团体为51），"
            "请对照登记证书核对。",
        )
    if credit_code_check_character(code[:17]) != code[17]:
        raise _refusal(field, "统一社会信用代码校验位不符，请对照登记证书逐位核对。")
    return code


def _is_personal_id(code: str) -> bool:
    """Whether the check digit of an ID card (GB 11643-1999) holds."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(code[:17]))
    return "10X98765432"[total % 11] == code[17]


def _refusal(field: str, sentence: str) -> CreditCodeError:
    return CreditCodeError(sentence, fields=field_errors({field: sentence}, CreditCodeError.code))


def checked_name(raw: str, *, field: str = "name") -> str:
    """A name of an institution, district or department without outer blanks and unseen characters.

    Raises:
        InvalidInputError: empty, longer than 100 characters, or it holds `/`, which separates
            the departments of a path.
    """
    name = cleaned(raw)
    if not name or len(name) > MAX_NAME:
        raise invalid(field, f"名称应为1至{MAX_NAME}个字，请修改。")
    if PATH_SEPARATOR in name or not is_text(name):
        raise invalid(field, "名称不能包含“/”或不可见字符，请修改。")
    return name


def invalid(field: str, sentence: str) -> InvalidInputError:
    """The refusal of one field."""
    return InvalidInputError(sentence, fields=field_errors({field: sentence}))
