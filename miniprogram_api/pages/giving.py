"""Donations on the phone: choose a cause, give, keep the certificate; anybody can confirm one."""

import secrets
from typing import Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.clock import business_day
from backend.donations import certificates
from backend.donations.certificates import Certificate
from backend.donations.policy import certificate_number, masked_name
from backend.donations.queries import (
    CauseTotal,
    DonationView,
    cause_of,
    donation_by_certificate,
    donation_of,
    donations_of,
    given_to,
    open_causes,
)
from backend.donations.service import GiftOrder
from backend.errors import DomainError, FieldError, InvalidInputError, NotFoundError
from backend.ledger.chart import EntryKind
from backend.ledger.labels import ENTRY_KINDS
from backend.ledger.queries import balance_of
from backend.offers.models import OfferState
from backend.proofs.queries import proofs_of_entries
from backend.web import problems, transaction
from backend.web.access import actor, member_page, public
from backend.web.paging import decode_cursor, page
from backend.web.transaction import connection
from miniprogram_api.flows.rewards import certificate_url, give
from miniprogram_api.pages import wording
from miniprogram_api.pages.frame import form_reference, page_blueprint

blueprint = page_blueprint("giving", __name__)

_PAGE: Final = 20
_LONGEST: Final = 64
_THOUSANDTHS: Final = 1_000
_MOST_DIGITS: Final = 9


@blueprint.get("/causes")
@member_page
def causes() -> str:
    """What can be given to, and what each was given so far."""
    found = open_causes(connection())
    given = given_to(connection(), [cause.id for cause in found])
    return render_template("causes.html", causes=found, given=given, nothing=CauseTotal())


@blueprint.get("/causes/<int:cause_id>")
@member_page
def cause(cause_id: int) -> str:
    """One cause and the form to give to it."""
    return _cause_page(cause_id, {}, None)


@blueprint.post("/causes/<int:cause_id>")
@member_page
def donate(cause_id: int) -> Response | tuple[str, int]:
    """Gives, and leads to the certificate; a refusal is told on the page of the cause."""
    typed = {name: request.form.get(name, "").strip()[:_LONGEST] for name in ("unit", "amount")}
    try:
        amount = _amount(typed["amount"])
        made, _ = give(GiftOrder(form_reference(), cause_id, typed["unit"], amount))
    except NotFoundError:
        raise
    except DomainError as error:
        transaction.roll_back()
        return _cause_page(cause_id, typed, error), problems.status_of(error)
    return redirect(url_for("giving.donation", donation_id=made.id), 303)


def _amount(typed: str) -> int:
    """Whole points or grams as thousandths.

    Raises:
        InvalidInputError: none of these.
    """
    if not (typed.isascii() and typed.isdigit() and len(typed) <= _MOST_DIGITS):
        sentence = "请填写整数数量，例如 5。"
        raise InvalidInputError(sentence, fields=[FieldError("amount", "type", sentence)])
    return int(typed) * _THOUSANDTHS


def _cause_page(cause_id: int, typed: dict[str, str], error: DomainError | None) -> str:
    found = cause_of(connection(), cause_id)
    if found.state is OfferState.DRAFT:
        raise NotFoundError("没有找到这个捐赠项目，请返回列表重新选择。")
    return render_template(
        "cause.html",
        cause=found,
        open=found.state is OfferState.OPEN,
        given=given_to(connection(), [cause_id]).get(cause_id, CauseTotal()),
        held=balance_of(connection(), member_id=actor().member_id),
        reference=secrets.token_urlsafe(16),
        typed=typed,
        fault=None if error is None else error.message,
    )


@blueprint.get("/me/donations")
@member_page
def list_own() -> str:
    """The member's donations, newest first."""
    cursor = request.args.get("cursor")
    found = donations_of(
        connection(),
        member_id=actor().member_id,
        before_id=decode_cursor(cursor, int)[0] if cursor else None,
        limit=_PAGE + 1,
    )
    shown = page(found, _PAGE, lambda each: (each.id,))
    return render_template(
        "donations.html",
        donations=[(each, amount_text(each)) for each in shown["items"]],
        next_cursor=shown["next_cursor"],
    )


@blueprint.get("/me/donations/<int:donation_id>")
@member_page
def donation(donation_id: int) -> str:
    """One donation with its certificate."""
    found = donation_of(connection(), donation_id, member_id=actor().member_id)
    return render_template(
        "donation.html",
        donation=found,
        amount=amount_text(found),
        address=certificate_url(found.certificate),
        proofs=proofs_of_entries(connection(), {found.entry_id: EntryKind.DONATION}),
        kinds=ENTRY_KINDS,
    )


@blueprint.get("/me/donations/<int:donation_id>/certificate.pdf")
@member_page
def certificate_file(donation_id: int) -> Response:
    """The certificate as PDF, to keep or to print."""
    found = donation_of(connection(), donation_id, member_id=actor().member_id)
    drawn = certificates.pdf(
        Certificate(
            number=found.certificate,
            name=found.member_name,
            amount=amount_text(found).replace("减排量", "二氧化碳当量的减排量"),
            cause=found.cause_name,
            institution=found.institution_name,
            on=business_day(found.donated_at),
            url=certificate_url(found.certificate),
        )
    )
    disposition = f'attachment; filename="certificate-{found.certificate}.pdf"'
    return Response(drawn, mimetype="application/pdf", headers={"Content-Disposition": disposition})


@blueprint.get("/certificates")
@public
def look_up() -> str | Response:
    """The form to confirm a certificate by its number."""
    typed = request.args.get("number", "")[:_LONGEST]
    number = certificate_number(typed)
    if number is not None:
        return redirect(url_for("giving.certificate", number=number), 303)
    return render_template("certificate.html", donation=None, typed=typed)


@blueprint.get("/certificates/<number>")
@public
def certificate(number: str) -> str:
    """Confirms a certificate to whoever holds its number; the name is masked."""
    wanted = certificate_number(number)
    if wanted is None:
        raise NotFoundError("没有这个编号的证书，请核对编号；伪造的证书在这里查不到。")
    found = donation_by_certificate(connection(), wanted)
    return render_template(
        "certificate.html",
        donation=found,
        name=masked_name(found.member_name),
        amount=amount_text(found),
        on=business_day(found.donated_at),
    )


def amount_text(found: DonationView) -> str:
    """What was given, with its unit: `5 积分`, `1.2 千克减排量`."""
    if found.unit == "mpt":
        return f"{wording.points_text(found.amount)} 积分"
    return f"{wording.carbon_text(found.amount)}减排量"
