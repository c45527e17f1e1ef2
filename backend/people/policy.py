"""Phones, tokens and codes: how they are normalised, masked and hashed. Pure."""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import Final

from backend.errors import InvalidInputError, field_errors
from backend.ports.keys import KeyRing
from backend.text.characters import is_person_name, is_text
from backend.text.cleaning import cleaned, squeezed

PHONE: Final = "phone"
MEMBER_TOKEN_LIFE: Final = timedelta(days=30)
CONSOLE_TOKEN_LIFE: Final = timedelta(hours=12)
CONSOLE_IDLE: Final = timedelta(minutes=30)
SEEN_RESOLUTION: Final = timedelta(days=1)
CONSOLE_SEEN_RESOLUTION: Final = timedelta(minutes=1)
BINDING_ATTEMPTS_A_DAY: Final = 5
MAX_STAFF_NUMBER: Final = 32
MAX_PERSON_NAME: Final = 100

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
# No 0/O, 1/I/L: an invitation is read aloud and typed.
_INVITATION_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_INVITATION_LENGTH: Final = 12


class PhoneError(InvalidInputError):
    """Not a mobile number of the Chinese mainland."""

    code = "phone_invalid"


def checked_phone(raw: str, *, field: str = "phone") -> str:
    """A mainland mobile number as eleven digits.

    Args:
        raw: as typed; full-width digits, blanks, hyphens and the prefix +86 are forgiven.
        field: how the caller's form names it, for the error.

    Raises:
        PhoneError: not eleven digits that start with 13 to 19.
    """
    number = re.sub(r"[\-()]", "", squeezed(raw))
    number = re.sub(r"^(\+86|0086|86(?=1[3-9][0-9]{9}$))", "", number)
    if not _MOBILE.fullmatch(number):
        sentence = "手机号应为11位数字，以13至19开头，请核对。"
        raise PhoneError(sentence, fields=field_errors({field: sentence}, PhoneError.code))
    return number


def phone_mask(phone: str) -> str:
    """`138****1234` of a checked number."""
    return f"{phone[:3]}****{phone[-4:]}"


def phone_hash(keys: KeyRing, phone: str) -> bytes:
    """HMAC-SHA256 (32 bytes) of a checked number: comparable, not reversible without the secret.

    A bare hash would be: there are only some 10^10 numbers.
    """
    return hmac.new(keys.key(PHONE), phone.encode(), hashlib.sha256).digest()


def new_token() -> str:
    """32 random bytes as URL-safe text: a bearer token or the code of a login link."""
    return secrets.token_urlsafe(32)


def new_invitation_code() -> str:
    """12 characters a person can read aloud (59 bits), grouped by four: `7KQM-2XWA-9HTR`."""
    code = "".join(secrets.choice(_INVITATION_ALPHABET) for _ in range(_INVITATION_LENGTH))
    return "-".join(code[start : start + 4] for start in range(0, _INVITATION_LENGTH, 4))


def code_digest(code: str) -> bytes:
    """SHA-256 (32 bytes) of a token or code: what the database keeps of it."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).digest()


def invitation_digest(code: str) -> bytes:
    """Digest of an invitation code, whatever case, hyphens and blanks it was typed with."""
    return code_digest(squeezed(code).replace("-", "").upper())


def normalised_staff_number(raw: str) -> str:
    """工号 as rosters compare it: half-width, upper case, no blanks; leading zeros count.

    The apostrophe that marks a text in a workbook is no part of it.
    """
    return squeezed(raw).lstrip("'’‘`").upper()


def checked_staff_number(raw: str, *, field: str = "staff_number") -> str:
    """A 工号 in its normal form.

    Raises:
        InvalidInputError: empty, longer than 32 characters, not drawn, or zeros alone.
    """
    number = normalised_staff_number(raw)
    if not is_text(number) or not 1 <= len(number) <= MAX_STAFF_NUMBER or not number.strip("0"):
        sentence = f"工号应为1至{MAX_STAFF_NUMBER}个字符，不能只有零，请核对。"
        raise InvalidInputError(sentence, fields=field_errors({field: sentence}))
    return number


def staff_number_key(number: str) -> str:
    """What no two people of an institution share: a number that is all digits without its zeros.

    Spreadsheets drop leading zeros: 00123 and 123 are one person until somebody says otherwise.
    """
    return number.lstrip("0") if number.isdigit() else number


def checked_person_name(raw: str, *, field: str = "name") -> str:
    """A person's name as it is written: letters of any script, with `·`, `/`, `’` and the like.

    Raises:
        InvalidInputError: empty, longer than 100 characters, or it holds what no name has.
    """
    name = cleaned(raw)
    if len(name) > MAX_PERSON_NAME or not is_person_name(name):
        sentence = f"姓名应为1至{MAX_PERSON_NAME}个字，以文字开头，不含“+”“@”等符号，请核对。"
        raise InvalidInputError(sentence, fields=field_errors({field: sentence}))
    return name
