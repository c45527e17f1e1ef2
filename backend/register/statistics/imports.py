"""Takes a file of figures in: every statement it names, all or the good ones. Callers commit."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from backend.errors import DomainError
from backend.organisations.queries import institution_by_credit_code
from backend.register.statistics.import_file import FigureColumn, FigureFile, FigureRow
from backend.register.statistics.service import Officer, open_year, put_figures
from backend.spreadsheets.errors import RowProblem
from credit_rules.energy import EnergyTables


@dataclass(frozen=True, slots=True)
class FigureReport:
    """What became of a file.

    Attributes:
        written: whether anything was written.
        statements: how many statements were filled in.
        changed: figures that were new or changed.
        unchanged: figures that stood there already.
        refused: rows that were refused.
        problems: why, by row.
    """

    written: bool
    statements: int
    changed: int
    unchanged: int
    refused: int
    problems: tuple[RowProblem, ...]


def import_figures(
    db: Connection,
    tables: EnergyTables,
    *,
    file: FigureFile,
    officer: Officer,
    only_good: bool = False,
) -> FigureReport:
    """Takes the rows of a file in, statement by statement; the same file again changes nothing.

    Args:
        db: the caller's transaction.
        tables: what every statement must convert by.
        file: rows and what is wrong with the others.
        officer: who imports.
        only_good: write the good statements though others are wrong; otherwise nothing is written.
    """
    problems = list(file.problems)
    groups: dict[tuple[str, int], list[FigureRow]] = {}
    for row in file.rows:
        groups.setdefault((row.credit_code, row.year), []).append(row)
    # A statement is written whole or not at all: half a year would look like a year.
    spoilt = {(row.credit_code, row.year) for row in file.rows if row.row in _rows(problems)}
    statements = changed = taken = 0
    with db.begin_nested() as attempt:
        for key, rows in sorted(groups.items()):
            if key in spoilt:
                continue
            wrong, count = _take(db, tables, rows, officer)
            problems += wrong
            if not wrong:
                statements, changed, taken = statements + 1, changed + count, taken + len(rows)
        written = only_good or not problems
        if not written:
            attempt.rollback()
    return FigureReport(
        written=written and statements > 0,
        statements=statements,
        changed=changed,
        unchanged=taken - changed,
        refused=len(_rows(problems)),
        problems=tuple(sorted(problems, key=lambda problem: problem.row)),
    )


def _rows(problems: Sequence[RowProblem]) -> set[int]:
    return {problem.row for problem in problems}


def _take(
    db: Connection, tables: EnergyTables, rows: Sequence[FigureRow], officer: Officer
) -> tuple[list[RowProblem], int]:
    """Writes one statement, or tells what is wrong with it and writes nothing."""
    first = rows[0]
    known = institution_by_credit_code(db, credit_code=first.credit_code)
    if known is None:
        problem = "没有登记这个单位"
        remedy = "请核对代码，或先登记单位再导入"
        return [RowProblem(first.row, FigureColumn.CREDIT_CODE, problem, remedy)], 0
    try:
        with db.begin_nested():
            opened = open_year(db, institution_id=known.id, year=first.year, officer=officer)
            count = put_figures(
                db,
                tables,
                statement_id=opened.id,
                figures=[row.figure for row in rows],
                officer=officer,
            )
    except DomainError as error:
        return [*_problems(rows, error)], 0
    return [], count


def _problems(rows: Sequence[FigureRow], error: DomainError) -> list[RowProblem]:
    """A refusal as problems of the rows it speaks of: by item, or of the first row."""
    found = []
    for field in error.fields:
        row = next((row for row in rows if row.figure.item == field.field), None)
        if row is not None:
            column = FigureColumn.UNIT if field.code == "wrong_unit" else FigureColumn.ITEM
            found.append(RowProblem(row.row, column, field.message.rstrip("。"), ""))
    if not found:
        found.append(RowProblem(rows[0].row, FigureColumn.YEAR, error.message.rstrip("。"), ""))
    return found
