"""Redeeming and giving, for pages and JSON alike."""

from backend.donations import service as donations
from backend.donations.policy import SMALLEST_GIFT
from backend.donations.queries import DonationView
from backend.donations.service import GiftOrder
from backend.errors import FieldError, InvalidInputError
from backend.offers.policy import Person
from backend.places.codes import STEP_SECONDS
from backend.rewards.codes import redemption_code
from backend.web.access import actor
from backend.web.context import backend, now
from backend.web.transaction import connection


def person() -> Person:
    """The caller with their institution of today."""
    return Person(actor().member_id, actor().institution_id)


def give(order: GiftOrder) -> tuple[DonationView, bool]:
    """Gives what the caller ordered; whether it was given by this call.

    Raises:
        DomainError: it is refused; the sentence says what to do.
    """
    if order.unit not in SMALLEST_GIFT:
        sentence = "请选择捐赠积分（mpt）或减排量（mg）。"
        raise InvalidInputError(sentence, fields=[FieldError("unit", "choice", sentence)])
    return donations.donate(connection(), member_id=actor().member_id, order=order, now=now())


def code_url(redemption_id: int) -> str:
    """The text of a redemption's QR code now: opens the attendant's screen in the console."""
    with_backend = backend()
    code = redemption_code(with_backend.keys, redemption_id, now())
    return f"{with_backend.settings.console_url}/redemptions/verify?code={code}"


def seconds_left() -> int:
    """How long the present step of the codes still lasts."""
    return STEP_SECONDS - int(now().timestamp()) % STEP_SECONDS


def certificate_url(number: str) -> str:
    """The public address that confirms a certificate."""
    return f"{backend().settings.public_url}/certificates/{number}"
