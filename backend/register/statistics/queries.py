"""Reads statements and figures; sums them up by axis."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, Connection, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from backend.organisations.models import Institution
from backend.register.statistics.models import EnergyFigure, EnergyStatement, StatementState
from backend.register.statistics.policy import Figure


class Axis(StrEnum):
    """By what a report adds up."""

    DISTRICT = "district"
    SYSTEM = "system"
    TYPE = "type"
    INSTITUTION = "institution"


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement with the institution it is of."""

    id: int
    institution_id: int
    credit_code: str
    institution: str
    year: int
    version: int
    state: StatementState
    reason: str | None
    returned_because: str | None


@dataclass(frozen=True, slots=True)
class AxisSum:
    """What one item comes to for one row of a report.

    Attributes:
        key: code of the district or system, kind of institution, or credit code.
        name: what people call it.
        figure: item, unit and quantity of the year; its month is 0.
    """

    key: str
    name: str
    figure: Figure


_KEYS: Final[Mapping[Axis, tuple[str, str]]] = {
    Axis.DISTRICT: ("d.code", "d.name"),
    Axis.SYSTEM: ("s.code", "s.name"),
    Axis.TYPE: ("i.kind", "i.kind"),
    Axis.INSTITUTION: ("i.credit_code", "i.name"),
}
# Of each institution and year what counts: the sealed statement, unless a correction is under way
# that nobody has sealed yet; without a sealed one, whatever has been entered so far.
_COUNTED: Final = """
  FROM energy_statement t
  JOIN institution i ON i.id = t.institution_id
  JOIN district d ON d.id = i.district_id
  JOIN system s ON s.id = i.system_id
  JOIN energy_figure f ON f.statement_id = t.id
 WHERE t.year = :year AND t.state <> 'superseded'
   AND (t.state = 'sealed' OR NOT EXISTS (
        SELECT FROM energy_statement o
         WHERE o.institution_id = t.institution_id AND o.year = t.year AND o.state = 'sealed'))
"""
_SUMS: Final = {
    axis: text(f"""
        SELECT {key}, {name}, f.item, f.unit, sum(f.quantity) {_COUNTED}
           AND (CAST(:ids AS bigint[]) IS NULL OR i.id = ANY(:ids))
         GROUP BY 1, 2, 3, 4 ORDER BY 1, 3, 4
    """).bindparams(bindparam("ids", type_=ARRAY(BigInteger())))
    for axis, (key, name) in _KEYS.items()
}
_MONTHS: Final = text(f"""
SELECT i.credit_code, i.name, f.item, f.month, f.quantity, f.unit, f.cost {_COUNTED}
 ORDER BY 1, 3, 4
""")


def sums_by(
    db: Connection, *, axis: Axis, year: int, institution_ids: Collection[int] | None = None
) -> list[AxisSum]:
    """The quantities of a year by axis, item and unit.

    Args:
        db: any transaction.
        axis: by what.
        year: the year of use.
        institution_ids: these alone; None for all.
    """
    ids = None if institution_ids is None else sorted(institution_ids)
    return [
        AxisSum(key, name, Figure(item, 0, quantity, unit))
        for key, name, item, unit, quantity in db.execute(_SUMS[axis], {"year": year, "ids": ids})
    ]


def figures_of_year(db: Connection, *, year: int) -> dict[str, list[Figure]]:
    """Every counted figure of a year, by credit code."""
    found: dict[str, list[Figure]] = {}
    for code, _, item, month, quantity, unit, cost in db.execute(_MONTHS, {"year": year}):
        found.setdefault(code, []).append(Figure(item, month, quantity, unit, cost))
    return found


def statement(db: Connection, statement_id: int, *, lock: bool = False) -> StatementView | None:
    """One statement; locked, it stays as it is until the transaction ends."""
    query = _VIEW.where(EnergyStatement.id == statement_id)
    row = db.execute(query.with_for_update(of=EnergyStatement) if lock else query).one_or_none()
    return None if row is None else _view(row)


def open_statement(db: Connection, *, institution_id: int, year: int) -> StatementView | None:
    """The newest statement of an institution's year that is not superseded."""
    row = db.execute(
        _VIEW.where(
            EnergyStatement.institution_id == institution_id,
            EnergyStatement.year == year,
            EnergyStatement.state != StatementState.SUPERSEDED.value,
        )
        .order_by(EnergyStatement.version.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _view(row)


def statements(
    db: Connection, *, year: int, institution_ids: Collection[int] | None = None
) -> list[StatementView]:
    """The statements of a year that are not superseded, by institution.

    Args:
        db: any transaction.
        year: the year of use.
        institution_ids: these alone; None for all.
    """
    query = _VIEW.where(
        EnergyStatement.year == year, EnergyStatement.state != StatementState.SUPERSEDED.value
    ).order_by(Institution.credit_code, EnergyStatement.version)
    if institution_ids is not None:
        query = query.where(EnergyStatement.institution_id.in_(institution_ids))
    return [_view(row) for row in db.execute(query)]


def figures(db: Connection, statement_id: int) -> list[Figure]:
    """The figures of a statement, by item and month."""
    rows = db.execute(
        select(
            EnergyFigure.item,
            EnergyFigure.month,
            EnergyFigure.quantity,
            EnergyFigure.unit,
            EnergyFigure.cost,
        )
        .where(EnergyFigure.statement_id == statement_id)
        .order_by(EnergyFigure.item, EnergyFigure.month)
    )
    return [Figure(item, month, quantity, unit, cost) for item, month, quantity, unit, cost in rows]


def city_code(db: Connection) -> str:
    """The division code of the city; its first two digits name the province."""
    code = db.scalar(text("SELECT code FROM district WHERE parent_id IS NULL ORDER BY id LIMIT 1"))
    return str(code) if code is not None else ""


_VIEW = select(
    EnergyStatement.id,
    EnergyStatement.institution_id,
    Institution.credit_code,
    Institution.name,
    EnergyStatement.year,
    EnergyStatement.version,
    EnergyStatement.state,
    EnergyStatement.reason,
    EnergyStatement.returned_because,
).join(Institution, Institution.id == EnergyStatement.institution_id)


def _view(row: Sequence[object]) -> StatementView:
    values = list(row)
    values[6] = StatementState(str(values[6]))
    return StatementView(*values)  # type: ignore[arg-type] # the columns are those of the view
