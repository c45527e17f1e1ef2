"""The register: energy statements by year, the entry grid, two reviews, reports, doubts."""

from collections.abc import Callable, Mapping
from typing import Final

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin.auth import CASH_DECIDERS, CITY, PLACE_READERS, PLACE_WRITERS, may, scope
from admin.forms.reading import filters, submitted
from admin.forms.register import (
    MONTHS,
    Opening,
    RegisterFilter,
    ReportFilter,
    StatementStep,
    grid_figures,
)
from backend.clock import business_day
from backend.errors import ForbiddenError, InvalidInputError
from backend.organisations.queries import institutions, institutions_around
from backend.people.access import institution_in_scope
from backend.people.models import Role
from backend.register.reviews.service import review_year
from backend.register.statistics import queries, service
from backend.register.statistics.models import StatementState
from backend.register.statistics.policy import Figure, StatementStateError
from backend.register.statistics.queries import Axis, StatementView
from backend.register.statistics.reports import report
from backend.register.statistics.service import Officer
from backend.web.access import actor, console_roles
from backend.web.context import now
from backend.web.transaction import connection
from credit_rules.energy import ITEMS, Basis, load_energy_tables, measures

pages = Blueprint("register", __name__)

REVIEWERS: Final = CASH_DECIDERS
# What every office uses, in the units of its bills; the first of them is chosen beforehand.
_USUAL: Final[Mapping[str, tuple[str, ...]]] = {
    "electricity": ("kWh", "万kWh", "MWh"),
    "natural_gas": ("m3", "万m3"),
    "petrol": ("L", "kg", "t"),
    "diesel": ("L", "kg", "t"),
    "heat": ("GJ", "MJ"),
}
_MOST_DOUBTS: Final = 200
_YEARS_BACK: Final = 6


@pages.get("/register")
@console_roles(*PLACE_READERS)
def listing() -> str:
    """Every institution of the caller's scope with the state of its statement of a year."""
    db = connection()
    chosen = filters(RegisterFilter)
    year = chosen["year"] or _last_year()
    found = institutions(db, scope=scope(PLACE_READERS), on=business_day(now()))
    statements: dict[int, StatementView] = {}
    for each in queries.statements(db, year=year, institution_ids=[i.id for i in found]):
        statements[each.institution_id] = each  # a correction stands after what it corrects
    return render_template(
        "register/list.html",
        institutions=found,
        statements=statements,
        year=year,
        years=_years(),
        writes=may(*PLACE_WRITERS),
        sealed=sum(each.state is StatementState.SEALED for each in statements.values()),
        done=chosen["done"],
    )


@pages.post("/register")
@console_roles(*PLACE_WRITERS)
def open_statement() -> ResponseReturnValue:
    """Opens the statement of an institution's year, and leads to its grid."""
    form = submitted(Opening)
    if form.errors:
        raise InvalidInputError(form.sentence)
    institution_id = form.values["institution_id"]
    institution_in_scope(connection(), actor(), institution_id, roles=PLACE_WRITERS)
    opened = service.open_year(
        connection(), institution_id=institution_id, year=form.values["year"], officer=_officer()
    )
    return redirect(url_for("register.statement", statement_id=opened.id), 303)


@pages.get("/register/statements/<int:statement_id>")
@console_roles(*PLACE_READERS)
def statement(statement_id: int) -> str:
    """One statement: its figures, and what can be done with it now."""
    return _page(_visible(statement_id, PLACE_READERS), done=filters(RegisterFilter)["done"])


@pages.post("/register/statements/<int:statement_id>/figures")
@console_roles(*PLACE_WRITERS)
def save(statement_id: int) -> ResponseReturnValue:
    """Saves the grid of a draft, or shows it again with what is wrong and everything typed."""
    found = _visible(statement_id, PLACE_WRITERS)
    typed = {name: value for name, value in request.form.items() if "." in name}
    figures, errors = grid_figures(typed, _items(queries.figures(connection(), statement_id)))
    if not errors:
        try:
            service.put_figures(
                connection(),
                load_energy_tables(),
                statement_id=statement_id,
                figures=figures,
                officer=_officer(),
            )
        except InvalidInputError as error:
            errors = {f"unit.{field.field}": field.message for field in error.fields}
    if errors:
        return _page(found, typed=typed, errors=errors), 422
    return redirect(url_for("register.statement", statement_id=statement_id, done="saved"), 303)


@pages.post("/register/statements/<int:statement_id>/moves")
@console_roles(*PLACE_WRITERS)
def move(statement_id: int) -> ResponseReturnValue:
    """Hands a statement in, reviews, seals, returns or corrects it."""
    found = _visible(statement_id, PLACE_WRITERS)
    form = submitted(StatementStep)
    if form.errors:
        return _page(found, errors=dict(form.errors)), 422
    act, reason = form.values["act"], form.values["reason"]
    try:
        lead_to = _MOVES[act](statement_id, reason)
    except InvalidInputError as error:
        return _page(found, errors={"reason": error.message}), 422
    except StatementStateError as error:
        return _page(found, errors={"act": error.message}), 409
    return redirect(url_for("register.statement", statement_id=lead_to, done=act), 303)


@pages.get("/register/report")
@console_roles(*PLACE_READERS)
def yearly_report() -> str:
    """A year by one axis, of the caller's scope: the same total on every axis."""
    chosen = filters(ReportFilter)
    within = scope(PLACE_READERS)
    year = chosen["year"] or _last_year()
    found = report(
        connection(),
        load_energy_tables(),
        axis=chosen["by"],
        year=year,
        basis=chosen["basis"],
        now=now(),
        institution_ids=None if within.everything else institutions_around(connection(), within),
    )
    return render_template(
        "register/report.html",
        report=found,
        axis=chosen["by"],
        axes=list(Axis),
        bases=list(Basis),
        year=year,
        years=_years(),
        longest=max((row.tco2 for row in found.rows), default=0),
        items=ITEMS,
        at=now(),
    )


@pages.get("/register/doubts")
@console_roles(*PLACE_READERS)
def doubts() -> str:
    """What the review rules doubt of a year, the largest possible error first."""
    year = filters(RegisterFilter)["year"] or _last_year()
    db = connection()
    within = {
        each.credit_code: each
        for each in institutions(db, scope=scope(PLACE_READERS), on=business_day(now()))
    }
    flags = [
        flag
        for flag in review_year(db, load_energy_tables(), year=year, now=now())
        if flag.credit_code in within
    ]
    return render_template(
        "register/doubts.html",
        flags=flags[:_MOST_DOUBTS],
        found=len(flags),
        institutions=within,
        items=ITEMS,
        year=year,
        years=_years(),
    )


def _submit(statement_id: int, _reason: str) -> int:
    service.submit(connection(), statement_id=statement_id, officer=_officer())
    return statement_id


def _review(statement_id: int, _reason: str) -> int:
    _only(REVIEWERS, "区县审核由区县或市级管理员办理。")
    service.review(connection(), statement_id=statement_id, officer=_officer())
    return statement_id


def _seal(statement_id: int, _reason: str) -> int:
    _only(CITY, "会审封存由市级管理员办理。")
    service.seal(connection(), statement_id=statement_id, officer=_officer())
    return statement_id


def _send_back(statement_id: int, reason: str) -> int:
    _only(REVIEWERS, "退回由区县或市级管理员办理。")
    service.send_back(connection(), statement_id=statement_id, because=reason, officer=_officer())
    return statement_id


def _correct(statement_id: int, reason: str) -> int:
    return service.correct(
        connection(), statement_id=statement_id, reason=reason, officer=_officer()
    ).id


_MOVES: Final[Mapping[str, Callable[[int, str], int]]] = {
    "submit": _submit,
    "review": _review,
    "seal": _seal,
    "send_back": _send_back,
    "correct": _correct,
}


def _only(roles: tuple[Role, ...], sentence: str) -> None:
    if not may(*roles):
        raise ForbiddenError(sentence)


def _visible(statement_id: int, roles: tuple[Role, ...]) -> StatementView:
    """A statement of an institution in the caller's scope; any other one is not there."""
    found = service.statement_named(connection(), statement_id)
    institution_in_scope(connection(), actor(), found.institution_id, roles=roles)
    return found


def _page(
    found: StatementView,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    done: str = "",
) -> str:
    figures = queries.figures(connection(), found.id)
    editable = found.state is StatementState.DRAFT and may(*PLACE_WRITERS)
    return render_template(
        "register/statement.html",
        statement=found,
        editable=editable,
        rows=_items(figures),
        items=ITEMS,
        months=MONTHS,
        values=_texts(figures) | dict(typed or {}),
        units={
            item: _USUAL.get(item) or measures.offered_symbols(ITEMS[item].kind) for item in ITEMS
        },
        errors=errors or {},
        reviews=may(*REVIEWERS),
        seals=may(*CITY),
        writes=may(*PLACE_WRITERS),
        done=done,
    )


def _items(figures: list[Figure]) -> list[str]:
    """The rows of the grid: the usual items, then whatever else the statement holds."""
    return list(dict.fromkeys((*_USUAL, *(figure.item for figure in figures))))


def _texts(figures: list[Figure]) -> dict[str, str]:
    """The figures as the grid's cells show them."""
    found: dict[str, str] = {}
    for each in figures:
        found[f"quantity.{each.item}.{each.month}"] = measures.plain(each.quantity)
        found[f"cost.{each.item}.{each.month}"] = (
            "" if each.cost is None else measures.plain(each.cost)
        )
        found[f"unit.{each.item}"] = each.unit
    return found


def _officer() -> Officer:
    return Officer(actor().member_id, now())


def _last_year() -> int:
    return business_day(now()).year - 1


def _years() -> list[int]:
    newest = business_day(now()).year
    return list(range(newest, newest - _YEARS_BACK, -1))
