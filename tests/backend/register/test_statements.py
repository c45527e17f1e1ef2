"""The life of an energy statement, and that figures are never lost, doubled or half written."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from sqlalchemy import Connection, select

from backend.audit.models import AuditEvent
from backend.errors import InvalidInputError
from backend.register.statistics import queries, service
from backend.register.statistics.models import StatementState
from backend.register.statistics.policy import Figure, StatementStateError
from credit_rules.energy import EnergyTables
from tests.backend.register.conftest import Register

YEAR = 2025
JANUARY = Figure("electricity", 1, Decimal("52300.5"), "kWh", Decimal("38702.00"))


def opened(db: Connection, register: Register) -> int:
    return service.open_year(
        db, institution_id=register.institutions[0], year=YEAR, officer=register.officer
    ).id


@pytest.fixture
def filled(db: Connection, register: Register, tables: EnergyTables) -> int:
    statement = opened(db, register)
    put(db, tables, register, statement, JANUARY)
    return statement


def put(
    db: Connection, tables: EnergyTables, register: Register, statement: int, *figures: Figure
) -> int:
    return service.put_figures(
        db, tables, statement_id=statement, figures=figures, officer=register.officer
    )


def state(db: Connection, statement: int) -> StatementState:
    found = queries.statement(db, statement)
    assert found is not None
    return found.state


def sealed(db: Connection, register: Register, statement: int) -> None:
    service.submit(db, statement_id=statement, officer=register.officer)
    service.review(db, statement_id=statement, officer=register.reviewer)
    service.seal(db, statement_id=statement, officer=register.sealer)


def test_a_year_is_entered_reviewed_twice_and_sealed(
    db: Connection, register: Register, filled: int
) -> None:
    sealed(db, register, filled)
    assert state(db, filled) is StatementState.SEALED
    tags = db.scalars(
        select(AuditEvent.tag).where(AuditEvent.object_type == "energy_statement")
    ).all()
    assert tags.count("register:energy_statement:move") == 3
    assert tags.count("register:energy_statement:change") == 1


def test_the_same_figures_again_change_nothing(
    db: Connection, register: Register, tables: EnergyTables, filled: int
) -> None:
    assert put(db, tables, register, filled, JANUARY) == 0
    assert queries.figures(db, filled) == [JANUARY]


def test_a_year_has_one_open_statement_whoever_opens_it(
    db: Connection, register: Register, filled: int
) -> None:
    assert opened(db, register) == filled


@pytest.mark.parametrize("act", [service.submit, service.review, service.seal])
def test_each_step_wants_the_one_before(
    db: Connection, register: Register, filled: int, act: Callable[..., None]
) -> None:
    if act is service.submit:
        service.submit(db, statement_id=filled, officer=register.officer)
    with pytest.raises(StatementStateError):
        act(db, statement_id=filled, officer=register.sealer)


def test_nobody_reviews_what_they_handed_in_nor_seals_what_they_reviewed(
    db: Connection, register: Register, filled: int
) -> None:
    service.submit(db, statement_id=filled, officer=register.officer)
    with pytest.raises(StatementStateError, match="另一位"):
        service.review(db, statement_id=filled, officer=register.officer)
    service.review(db, statement_id=filled, officer=register.reviewer)
    with pytest.raises(StatementStateError, match="另一位"):
        service.seal(db, statement_id=filled, officer=register.reviewer)


def test_a_sealed_year_takes_no_figures_but_a_correction_with_its_reason(
    db: Connection, register: Register, tables: EnergyTables, filled: int
) -> None:
    sealed(db, register, filled)
    with pytest.raises(StatementStateError, match="更正"):
        put(db, tables, register, filled, JANUARY)
    with pytest.raises(InvalidInputError):
        service.correct(db, statement_id=filled, reason="  ", officer=register.officer)
    later = service.correct(
        db, statement_id=filled, reason="电表倍率填错", officer=register.officer
    )
    assert (later.version, later.state, later.reason) == (2, StatementState.DRAFT, "电表倍率填错")
    assert queries.figures(db, later.id) == [JANUARY]
    right = Figure("electricity", 1, Decimal("5230.05"), "kWh", Decimal("3870.20"))
    put(db, tables, register, later.id, right)
    assert [each.figure.quantity for each in _sums(db)] == [JANUARY.quantity]  # until it is sealed
    sealed(db, register, later.id)
    assert state(db, filled) is StatementState.SUPERSEDED
    assert queries.figures(db, filled) == [JANUARY]
    assert [each.figure.quantity for each in _sums(db)] == [right.quantity]


def _sums(db: Connection) -> list[queries.AxisSum]:
    return queries.sums_by(db, axis=queries.Axis.INSTITUTION, year=YEAR)


def test_two_corrections_of_a_year_are_never_open_at_once(
    db: Connection, register: Register, filled: int
) -> None:
    sealed(db, register, filled)
    service.correct(db, statement_id=filled, reason="一", officer=register.officer)
    with pytest.raises(StatementStateError, match="正在办理"):
        service.correct(db, statement_id=filled, reason="二", officer=register.officer)


def test_what_is_sent_back_says_why_and_can_be_handed_in_again(
    db: Connection, register: Register, filled: int
) -> None:
    service.submit(db, statement_id=filled, officer=register.officer)
    with pytest.raises(InvalidInputError):
        service.send_back(db, statement_id=filled, because="", officer=register.reviewer)
    service.send_back(db, statement_id=filled, because="缺二月", officer=register.reviewer)
    found = queries.statement(db, filled)
    assert found is not None
    assert (found.state, found.returned_because) == (StatementState.DRAFT, "缺二月")
    service.submit(db, statement_id=filled, officer=register.officer)
    again = queries.statement(db, filled)
    assert again is not None
    assert again.returned_because is None


def test_an_empty_statement_is_not_handed_in(db: Connection, register: Register) -> None:
    with pytest.raises(InvalidInputError, match="还没有数据"):
        service.submit(db, statement_id=opened(db, register), officer=register.officer)


@pytest.mark.parametrize(
    "figure, field",
    [
        (Figure("electricity", 1, Decimal(1), "kg"), "electricity"),
        (Figure("natural_gas", 1, Decimal(1), "kWh"), "natural_gas"),
        (Figure("electricity_resold", 1, Decimal(99_999), "kWh"), "electricity_resold"),
        (Figure("raw_coal", 1, Decimal(1), "t"), "raw_coal"),
    ],
)
def test_a_figure_that_cannot_be_converted_is_refused_by_item_and_nothing_is_written(
    db: Connection,
    register: Register,
    tables: EnergyTables,
    filled: int,
    figure: Figure,
    field: str,
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        put(db, tables, register, filled, Figure("petrol", 1, Decimal(1), "L"), figure)
    assert [each.field for each in caught.value.fields] == [field]
    assert queries.figures(db, filled) == [JANUARY]


@pytest.mark.parametrize("year", [2014, 2027])
def test_a_year_out_of_range_is_refused(db: Connection, register: Register, year: int) -> None:
    with pytest.raises(InvalidInputError, match="年份"):
        service.open_year(
            db, institution_id=register.institutions[0], year=year, officer=register.officer
        )
