"""For whom an offer is, when it is open, and what a refused spending means."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from backend.errors import DomainError, ErrorKind, FieldError, NotFoundError
from backend.ledger.spending import Spending, SpendingOutcome
from backend.offers.models import Audience, OfferState

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""What numbers that people read aloud are made of: nothing looks like something else."""


class NotOnOfferError(DomainError):
    """The reward, cause or draw takes nothing (any more, or yet)."""

    code = "not_on_offer"
    kind = ErrorKind.CONFLICT


class PointsInsufficientError(DomainError):
    """Less is held than was to be spent."""

    code = "points_insufficient"
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


def require_posted(made: Spending) -> int:
    """The entry of a spending that was posted.

    Raises:
        PointsInsufficientError: too little is held.
        ReferenceTakenError: the reference belongs to something else.
    """
    if made.outcome is SpendingOutcome.POSTED and made.entry_id is not None:
        return made.entry_id
    if made.outcome is SpendingOutcome.INSUFFICIENT:
        raise PointsInsufficientError("可用余额不足，请减少数量，或先记录更多低碳行为。")
    raise reference_taken()


def reference_taken() -> ReferenceTakenError:
    """The refusal of a reference that belongs to something else."""
    sentence = "这个凭据号已用于另一笔内容，请刷新页面后重新提交。"
    return ReferenceTakenError(sentence, fields=[FieldError("reference", "mismatch", sentence)])


def new_number(groups: int) -> str:
    """A random number that a person can read aloud: groups of four, about 20 bits each."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(groups))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `after` that differ from `before`."""
    return {name: value for name, value in after.items() if before.get(name) != value}
