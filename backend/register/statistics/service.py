"""The life of a statement: figures while it is a draft, then two reviews, sealing, correction.

Callers commit. Every change is audited with the figures that changed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.errors import FieldError, InvalidInputError, NotFoundError
from backend.register.statistics import queries
from backend.register.statistics.models import EnergyFigure, EnergyStatement, StatementState
from backend.register.statistics.policy import Figure, Method, StatementStateError, converted
from backend.register.statistics.queries import StatementView
from credit_rules.energy import Basis, EnergyTables

_FIRST_YEAR = 2015
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts, and when.

    Attributes:
        member_id: the account; None for operator commands.
        now: the present instant.
    """

    member_id: int | None
    now: datetime


def open_year(db: Connection, *, institution_id: int, year: int, officer: Officer) -> StatementView:
    """The statement of an institution's year that can be filled in; opened where there is none.

    Raises:
        InvalidInputError: the year lies in the future, or before the register begins.
        StatementStateError: it is submitted or sealed.
    """
    if not _FIRST_YEAR <= year <= business_day(officer.now).year:
        sentence = f"年份须在 {_FIRST_YEAR} 年至今年之间，请改正。"
        raise InvalidInputError(sentence, fields=[FieldError("year", "out_of_range", sentence)])
    found = queries.open_statement(db, institution_id=institution_id, year=year)
    if found is None:
        _insert(db, institution_id, year, version=1, reason=None, now=officer.now)
        found = queries.open_statement(db, institution_id=institution_id, year=year)
    if found is None:
        raise NotFoundError("没有这个单位，请核对统一社会信用代码。")
    _require(found, StatementState.DRAFT)
    return found


def put_figures(
    db: Connection,
    tables: EnergyTables,
    *,
    statement_id: int,
    figures: Sequence[Figure],
    officer: Officer,
) -> int:
    """Writes figures into a draft, each in place of the one of its item and month.

    Returns:
        How many were new or changed.

    Raises:
        StatementStateError: the statement is no draft.
        InvalidInputError: with these figures the year cannot be converted; names the item.
    """
    found = _locked(db, statement_id)
    _require(found, StatementState.DRAFT)
    before = {(each.item, each.month): each for each in queries.figures(db, statement_id)}
    changed = {
        (each.item, each.month): each
        for each in figures
        if before.get((each.item, each.month)) != each
    }
    if not changed:
        return 0
    converted(tables, (before | changed).values(), _method(db, found.year, officer.now))
    statement = upsert(EnergyFigure)
    columns = ("quantity", "unit", "cost", "changed_at")
    db.execute(
        statement.on_conflict_do_update(
            index_elements=["statement_id", "item", "month"],
            set_={name: statement.excluded[name] for name in columns},
        ),
        [
            {
                "statement_id": statement_id,
                "item": each.item,
                "month": each.month,
                "quantity": each.quantity,
                "unit": each.unit,
                "cost": each.cost,
                "changed_at": officer.now,
            }
            for each in changed.values()
        ],
    )
    _audit(
        db,
        Tag.REGISTER_FIGURES_CHANGED,
        statement_id,
        officer,
        before={_name(key): _told(before[key]) for key in changed if key in before},
        after={_name(key): _told(each) for key, each in changed.items()},
    )
    return len(changed)


def submit(db: Connection, *, statement_id: int, officer: Officer) -> None:
    """Hands a draft in for review.

    Raises:
        StatementStateError: it is no draft.
        InvalidInputError: it has no figures.
    """
    found = _locked(db, statement_id)
    _require(found, StatementState.DRAFT)
    if not queries.figures(db, statement_id):
        sentence = "报表还没有数据，请先填报用能量。"
        raise InvalidInputError(sentence, fields=[FieldError("figures", "missing", sentence)])
    _move(db, found, StatementState.SUBMITTED, "submitted", officer, returned_because=None)


def review(db: Connection, *, statement_id: int, officer: Officer) -> None:
    """The district's review: the statement goes on to the city.

    Raises:
        StatementStateError: it was not submitted, or by the same person.
    """
    found = _locked(db, statement_id)
    _require(found, StatementState.SUBMITTED)
    _somebody_else(db, statement_id, "submitted_by", officer)
    _move(db, found, StatementState.REVIEWED, "reviewed", officer)


def seal(db: Connection, *, statement_id: int, officer: Officer) -> None:
    """The city's review 会审: the statement is sealed, and supersedes an earlier version.

    Raises:
        StatementStateError: the district has not reviewed it, or the same person has.
    """
    found = _locked(db, statement_id)
    _require(found, StatementState.REVIEWED)
    _somebody_else(db, statement_id, "reviewed_by", officer)
    db.execute(
        update(EnergyStatement)
        .where(
            EnergyStatement.institution_id == found.institution_id,
            EnergyStatement.year == found.year,
            EnergyStatement.state == StatementState.SEALED.value,
        )
        .values(state=StatementState.SUPERSEDED.value)
    )
    _move(db, found, StatementState.SEALED, "sealed", officer)


def send_back(db: Connection, *, statement_id: int, because: str, officer: Officer) -> None:
    """Returns a statement under review to whoever fills it in.

    Raises:
        InvalidInputError: no reason is given.
        StatementStateError: it is not under review.
    """
    found = _locked(db, statement_id)
    if found.state not in {StatementState.SUBMITTED, StatementState.REVIEWED}:
        raise _wrong_state(found)
    reason = _reason(because, "because")
    _move(db, found, StatementState.DRAFT, None, officer, returned_because=reason)


def correct(db: Connection, *, statement_id: int, reason: str, officer: Officer) -> StatementView:
    """Opens the next version of a sealed statement, with its figures; the sealed one stays.

    Raises:
        InvalidInputError: no reason is given.
        StatementStateError: it is not sealed, or a correction is under way.
    """
    found = _locked(db, statement_id)
    _require(found, StatementState.SEALED)
    why = _reason(reason, "reason")
    newest = queries.open_statement(db, institution_id=found.institution_id, year=found.year)
    if newest is not None and newest.id != found.id:
        raise StatementStateError("这一年的更正正在办理，请在原有的更正里继续。")
    version = found.version + 1
    opened = _insert(db, found.institution_id, found.year, version, reason=why, now=officer.now)
    db.execute(
        insert(EnergyFigure).from_select(
            ["statement_id", "item", "month", "quantity", "unit", "cost", "changed_at"],
            select(
                literal(opened),
                EnergyFigure.item,
                EnergyFigure.month,
                EnergyFigure.quantity,
                EnergyFigure.unit,
                EnergyFigure.cost,
                EnergyFigure.changed_at,
            ).where(EnergyFigure.statement_id == statement_id),
        )
    )
    _audit(db, Tag.REGISTER_CORRECTED, opened, officer, after={"version": version, "reason": why})
    return _locked(db, opened)


def statement_named(db: Connection, statement_id: int) -> StatementView:
    """One statement.

    Raises:
        NotFoundError: there is none.
    """
    found = queries.statement(db, statement_id)
    if found is None:
        raise NotFoundError("没有这份报表，请从列表里重新打开。")
    return found


def method_of(db: Connection, *, year: int, now: datetime, basis: Basis) -> Method:
    """How the statements of a year are converted today."""
    return Method(business_day(now), year, queries.city_code(db), basis)


def _method(db: Connection, year: int, now: datetime) -> Method:
    return method_of(db, year=year, now=now, basis=Basis.CALORIFIC)


def _insert(
    db: Connection,
    institution_id: int,
    year: int,
    version: int,
    *,
    reason: str | None,
    now: datetime,
) -> int:
    values = {
        "institution_id": institution_id,
        "year": year,
        "version": version,
        "state": StatementState.DRAFT.value,
        "reason": reason,
        "opened_at": now,
    }
    # Two officers may open the same year at once: both then work in the one that came first.
    opened = db.scalar(
        upsert(EnergyStatement)
        .values(**values)
        .on_conflict_do_nothing()
        .returning(EnergyStatement.id)
    )
    return opened or 0


def _locked(db: Connection, statement_id: int) -> StatementView:
    found = queries.statement(db, statement_id, lock=True)
    if found is None:
        raise NotFoundError("没有这份报表，请从列表里重新打开。")
    return found


_STATES: Mapping[StatementState, str] = {
    StatementState.DRAFT: "还在填报",
    StatementState.SUBMITTED: "已提交，待区县审核",
    StatementState.REVIEWED: "区县已审核，待市级会审",
    StatementState.SEALED: "已封存",
    StatementState.SUPERSEDED: "已被更正替代",
}


def _require(found: StatementView, state: StatementState) -> None:
    if found.state is not state:
        raise _wrong_state(found)


def _wrong_state(found: StatementView) -> StatementStateError:
    remedy = (
        "封存后的改动请发起更正。" if found.state is StatementState.SEALED else "请刷新后再办理。"
    )
    return StatementStateError(
        f"{found.institution} {found.year} 年的报表{_STATES[found.state]}，不能这样办理；{remedy}"
    )


def _somebody_else(db: Connection, statement_id: int, column: str, officer: Officer) -> None:
    done_by = db.scalar(
        select(getattr(EnergyStatement, column)).where(EnergyStatement.id == statement_id)
    )
    if done_by is not None and done_by == officer.member_id:
        raise StatementStateError("上一步是您办理的，这一步须由另一位人员办理。")


def _move(
    db: Connection,
    found: StatementView,
    state: StatementState,
    act: str | None,
    officer: Officer,
    **values: str | None,
) -> None:
    stamped = {f"{act}_at": officer.now, f"{act}_by": officer.member_id} if act else {}
    db.execute(
        update(EnergyStatement)
        .where(EnergyStatement.id == found.id)
        .values(state=state.value, **stamped, **values)
    )
    _audit(
        db,
        Tag.REGISTER_STATE_CHANGED,
        found.id,
        officer,
        before={"state": found.state},
        after={"state": state, **values},
    )


def _audit(
    db: Connection,
    tag: Tag,
    statement_id: int,
    officer: Officer,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    record(
        db,
        tag=tag,
        actor_id=officer.member_id,
        object_type="energy_statement",
        object_id=statement_id,
        before=before,
        after=after,
        at=officer.now,
    )


def _reason(text: str, field: str) -> str:
    reason = text.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        sentence = f"请写明原因，{_LONGEST_REASON} 字以内。"
        raise InvalidInputError(sentence, fields=[FieldError(field, "missing", sentence)])
    return reason


def _name(key: tuple[str, int]) -> str:
    return f"{key[0]}.{key[1]}"


def _told(figure: Figure) -> list[str]:
    return [f"{figure.quantity:f}", figure.unit, "" if figure.cost is None else f"{figure.cost:f}"]
