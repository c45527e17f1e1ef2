"""Who may have what, when limits start again, and what a certificate is called. Pure."""

import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from backend.errors import DomainError, ErrorKind, FieldError, InvalidInputError, NotFoundError
from backend.rewards.models import Audience, LimitPeriod, OfferState

SMALLEST_GIFT: Final[Mapping[str, int]] = {"mpt": 1_000, "mg": 1_000}
"""One point, one gram: the least that can be given, in milli-points and milligrams."""

_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_CERTIFICATE = re.compile(rf"[{_ALPHABET}]{{4}}(?:-[{_ALPHABET}]{{4}}){{2}}")


class NotOnOfferError(DomainError):
    """The reward, cause or draw takes nothing (any more, or yet)."""

    code = "not_on_offer"
    kind = ErrorKind.CONFLICT


class SoldOutError(DomainError):
    """Fewer pieces are left than were asked for."""

    code = "sold_out"
    kind = ErrorKind.CONFLICT


class LimitReachedError(DomainError):
    """The member or the institution has had as many pieces as the period allows."""

    code = "limit_reached"
    kind = ErrorKind.CONFLICT


class PointsInsufficientError(DomainError):
    """Less is held than was to be spent."""

    code = "points_insufficient"
    kind = ErrorKind.CONFLICT


class ThresholdError(DomainError):
    """Too little was earned in the time that counts for a draw."""

    code = "threshold_not_reached"
    kind = ErrorKind.CONFLICT


class AlreadySettledError(DomainError):
    """The redemption was handed over or given back before."""

    code = "already_settled"
    kind = ErrorKind.CONFLICT


class ReferenceTakenError(DomainError):
    """The reference was used before for something else."""

    code = "reference_taken"
    kind = ErrorKind.MISMATCH


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: the member and the institution they belong to today, None for citizens."""

    member_id: int
    institution_id: int | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides whether somebody may have a reward or enter a draw.

    Attributes:
        institution_id: who offers it.
        audience: to whom.
        cash_value: whether it is worth money.
        cash_allowed: whether the switch is on for the asking member's institution; for a citizen
            that of the offering one.
    """

    institution_id: int
    audience: Audience
    cash_value: bool
    cash_allowed: bool


def is_for(terms: Terms, person: Person) -> bool:
    """Whether an offer is for this person at all; what is not, they do not get to see."""
    invited = terms.audience is Audience.CITY or person.institution_id == terms.institution_id
    return invited and (terms.cash_allowed or not terms.cash_value)


def require_for(terms: Terms, person: Person) -> None:
    """Lets a person pass for whom an offer is.

    Raises:
        NotFoundError: it is not for them; it looks as if it did not exist.
    """
    if not is_for(terms, person):
        raise NotFoundError("没有找到这个项目，请返回列表重新选择。")


def require_announced(state: OfferState) -> None:
    """Keeps from members what is still being prepared.

    Raises:
        NotFoundError: it is.
    """
    if state is OfferState.DRAFT:
        raise NotFoundError("没有找到这个项目，请返回列表重新选择。")


def require_on_offer(state: OfferState, first: date | None, last: date | None, today: date) -> None:
    """Lets pass what is open and within its dates.

    Raises:
        NotOnOfferError: it is not.
    """
    begun = first is None or first <= today
    ended = last is not None and last < today
    if state is not OfferState.OPEN or not begun or ended:
        raise NotOnOfferError("这个项目目前没有开放，请在列表里选择其他项目。")


def period_start(period: LimitPeriod, today: date) -> date:
    """The first day whose redemptions count towards a limit today."""
    match period:
        case LimitPeriod.MONTH:
            return today.replace(day=1)
        case LimitPeriod.QUARTER:
            return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
        case LimitPeriod.YEAR:
            return today.replace(month=1, day=1)
        case LimitPeriod.EVER:
            return date(2020, 1, 1)


def hold_ends(today: date, hold_days: int) -> date:
    """The day after the last one on which a piece can be collected."""
    return today + timedelta(days=hold_days + 1)


def check_gift(unit: str, amount: int) -> None:
    """Holds a gift against the least that can be given.

    Raises:
        InvalidInputError: it is less.
    """
    if amount < SMALLEST_GIFT[unit]:
        what = "1 积分" if unit == "mpt" else "1 克"
        sentence = f"每次至少捐赠 {what}，请调整数量。"
        raise InvalidInputError(sentence, fields=[FieldError("amount", "range", sentence)])


def new_number(groups: int) -> str:
    """A random number that a person can read aloud: groups of four, about 20 bits each."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(groups))


def certificate_number(text: str) -> str | None:
    """A certificate's number as it was issued, whatever case it was typed in; None for others."""
    number = unicodedata.normalize("NFKC", text).strip().upper()
    return number if _CERTIFICATE.fullmatch(number) else None


def masked_name(name: str) -> str:
    """A name as strangers see it: the first character, then stars."""
    return name[:1] + "*" * max(1, min(len(name) - 1, 3))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `after` that differ from `before`."""
    return {name: value for name, value in after.items() if before.get(name) != value}
