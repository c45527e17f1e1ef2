"""记录行为: every kind of action by group, and a form made from a kind's methodology."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any, Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.actions.evidence import TIERS, EvidenceKind
from backend.actions.refusals import ReferenceMismatchError
from backend.actions.versions import methodology_of
from backend.clock import SHANGHAI, business_day, shanghai_time
from backend.errors import DomainError
from backend.places.models import ResolvedPlace
from backend.places.service import resolve_code
from backend.places.tickets import ticket_of
from backend.rulebook.labels import KIND_GROUPS, UNITS
from backend.web import problems, transaction
from backend.web.access import actor, member_page
from backend.web.context import backend, now
from backend.web.limits import CLAIMS, limited
from backend.web.transaction import connection
from credit_rules import InputSpec, Methodology
from credit_rules.units import decimal_text
from miniprogram_api.flows.actions import loaded_action, record_action
from miniprogram_api.flows.kinds import better_evidence, caps_left, kind_bodies
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("log", __name__)

_LONGEST: Final = 300
_PREFIX: Final = "fact-"
_LOCAL: Final = "%Y-%m-%dT%H:%M"


@dataclass(frozen=True, slots=True)
class ClaimForm:
    """What the form holds.

    Attributes:
        reference: made when the page was rendered, so that posting twice credits once.
        when: minute of the action in Shanghai, `2026-11-18T10:00`.
        typed: the facts by name of the input, as text.
    """

    reference: str
    when: str
    typed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FormQuestion:
    """One input as the form asks it.

    Attributes:
        spec: the input.
        unit: its unit in Chinese; empty for a choice.
        hint: which values it takes, in Chinese.
        given: what stands in it.
    """

    spec: InputSpec
    unit: str
    hint: str
    given: str


@blueprint.get("/log")
@member_page
def choose() -> str:
    """The kinds in force today by group, with what is left today."""
    today = business_day(now())
    in_force = backend().rulebook.in_force(today)
    bodies = kind_bodies(in_force, member_id=actor().member_id, on=today)
    order = list(KIND_GROUPS)
    bodies.sort(key=lambda body: (not body["loggable"], body["title"]))
    bodies.sort(key=lambda body: order.index(body["group"]) if body["group"] in order else 99)
    return render_template(
        "kinds.html",
        left={body["kind"]: _points_left(body) for body in bodies},
        groups=[
            (label, list(group))
            for label, group in groupby(bodies, key=lambda body: body["group_label"])
        ],
    )


def _points_left(body: Mapping[str, Any]) -> str:
    """The least that any limit on the points of a kind leaves, in points."""
    left = [Decimal(c["left"]) for c in body["caps"] if c["unit"] == "point" and not c["tiers"]]
    return decimal_text(Fraction(min(left)))


@blueprint.get("/log/<kind>")
@member_page
def ask(kind: str) -> str:
    """The form of a kind; with `code`, for what the code of a place shows now."""
    return _page(kind, _fresh(kind))


@blueprint.post("/log/<kind>")
@member_page
@limited(*CLAIMS)
def submit(kind: str) -> Response | tuple[str, int]:
    """Logs an action and leads to its receipt; what is refused is told beside its field."""
    form = ClaimForm(
        reference=request.form.get("reference", "")[:_LONGEST],
        when=request.form.get("when", "")[:_LONGEST],
        typed={
            name: request.form.get(_PREFIX + name, "").strip()[:_LONGEST]
            for name in (spec.name for spec in _methodology(kind).asked)
        },
    )
    try:
        receipt = record_action(loaded_action(_claim(kind, form)))
    except DomainError as error:
        # What the refused posting has begun must be gone before the page reads anything.
        transaction.roll_back()
        if isinstance(error, ReferenceMismatchError):
            form = replace(form, reference=_fresh(kind).reference)
        return _page(kind, form, error), problems.status_of(error)
    again = None if receipt.first else "1"
    return redirect(url_for("receipts.show", action_id=receipt.action.id, again=again), 303)


def _methodology(kind: str) -> Methodology:
    return methodology_of(backend().rulebook, kind, business_day(now()))


def _fresh(kind: str) -> ClaimForm:
    """An empty form; where nothing is an answer of its own, it is given."""
    typed = {spec.name: "0" if spec.minimum == 0 else "" for spec in _methodology(kind).asked}
    return ClaimForm(secrets.token_urlsafe(16), shanghai_time(now()).strftime(_LOCAL), typed)


def _claim(kind: str, form: ClaimForm) -> dict[str, Any]:
    """The form as the API would have been sent it."""
    code = request.args.get("code")
    return {
        "reference": form.reference,
        "kind": kind,
        "occurred_at": _instant(form.when),
        "facts": {name: value for name, value in form.typed.items() if value},
        "evidence": {} if code is None else {"code": code},
    }


def _instant(when: str) -> str:
    """The minute in Shanghai as an instant; left as it is where it is none."""
    try:
        return datetime.strptime(when, _LOCAL).replace(tzinfo=SHANGHAI).isoformat()
    except ValueError:
        return when


def _page(kind: str, form: ClaimForm, error: DomainError | None = None) -> str:
    """The page of a kind.

    Raises:
        DomainError: there is no such kind, or the code leads nowhere; the sentence says why.
    """
    methodology, code, today = _methodology(kind), request.args.get("code"), business_day(now())
    found = _found(code) if error is None else None
    (body,) = kind_bodies([methodology], member_id=actor().member_id, on=today)
    tier_name = TIERS[EvidenceKind.SELF_DECLARATION if code is None else EvidenceKind.ROTATING_CODE]
    tier = next((tier for tier in methodology.tiers if tier.name == tier_name), None)
    return render_template(
        "kind.html",
        kind=body,
        form=form,
        code=_kept(code, found),
        place=None if found is None else found.place,
        questions=[_question(spec, form) for spec in methodology.asked],
        can_declare=any(e["available"] for e in body["evidence"] if e["tier"] == "T0"),
        advice=None if tier is None else better_evidence(methodology, tier),
        caps=caps_left(methodology, member_id=actor().member_id, on=today, tier=tier_name),
        excludes=_exclusions(body["excludes"]),
        earliest=_earliest(methodology),
        latest=shanghai_time(now()).strftime(_LOCAL),
        faults=_faults(methodology, error),
    )


def _found(code: str | None) -> ResolvedPlace | None:
    if code is None:
        return None
    return resolve_code(connection(), backend().keys, code, now(), member_id=actor().member_id)


def _kept(code: str | None, found: ResolvedPlace | None) -> str | None:
    """The code the form sends along: the ticket in place of one that dies within 90 seconds."""
    if found is None:
        return code
    ticket = ticket_of(backend().keys, found, member_id=actor().member_id)
    return code if ticket is None else ticket.text


def _question(spec: InputSpec, form: ClaimForm) -> FormQuestion:
    if spec.unit is None:
        return FormQuestion(spec, "", "", form.typed[spec.name])
    unit = UNITS.get(spec.unit.text, spec.unit.label)
    exactly = "填整数" if spec.step == 1 else f"精确到 {spec.step}"
    hint = f"填 {spec.minimum} 到 {spec.maximum} {unit}之间的数，{exactly}。"
    return FormQuestion(spec, unit, hint, form.typed[spec.name])


def _exclusions(excludes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What is not counted together, by the Chinese word for within what."""
    found: dict[str, list[str]] = {}
    for exclusion in excludes:
        found.setdefault(exclusion["period_label"], []).append(exclusion["title"])
    return [(period, "、".join(titles)) for period, titles in found.items()]


def _earliest(methodology: Methodology) -> str:
    days = methodology.evidence.max_age_days or 7
    # The next whole minute: the one before may already be too early when the form arrives.
    earliest = now() - timedelta(days=days) + timedelta(minutes=1)
    return shanghai_time(earliest).strftime(_LOCAL)


def _faults(methodology: Methodology, error: DomainError | None) -> dict[str, list[str]]:
    """What to change, by the place on the page that shows it; `form` is the top of it."""
    if error is None:
        return {}
    faults: dict[str, list[str]] = {}
    shown = {f"facts.{name}": _PREFIX + name for name in (spec.name for spec in methodology.asked)}
    for fault in error.fields:
        at = shown.get(fault.field, "when" if fault.field == "occurred_at" else "form")
        faults.setdefault(at, []).append(fault.message)
    return faults or {"form": [error.message]}
