"""A day is taken from an instant in one way only: `backend.clock.business_day`.

`.date()` of an instant is the UTC day, which is yesterday's from midnight to eight in the morning
in Shanghai, and last month's on the first of a month. Ruff's DTZ rules refuse naive instants and
`date.today()`; what they let pass is refused here, in Python, SQL and templates.
"""

import ast
import re
import subprocess
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

import pytest
from sqlalchemy import DateTime

from backend.schema import METADATA

ROOT = Path(__file__).parents[2]
CLOCK = ROOT / "backend" / "clock.py"
_INSTANT_NAME = re.compile(r"(?i)(?:.*_)?(?:at|now|instant|moment)")
_PARTS = frozenset({"year", "month", "day"})
_READINGS = frozenset({"weekday", "isoweekday", "isocalendar", "timetuple", "strftime"})
_INSTANT_SQL = r"(?:\w+\.)?(?:\w+_at|as_of|now\(\)|clock_timestamp\(\))"
_SQL_FAULTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_INSTANT_SQL}\s*\)*::date\b",
        rf"\bcast\s*\(\s*{_INSTANT_SQL}\s+AS\s+date\b",
        rf"\b(?:date_trunc|to_char|date|date_part)\s*\((?:\s*'\w+'\s*,)?\s*{_INSTANT_SQL}(?!\s+AT)",
        rf"\bextract\s*\(\s*\w+\s+FROM\s+{_INSTANT_SQL}\s*\)",
        r"AT TIME ZONE (?!'Asia/Shanghai')",
        # The clock of the database is read as now() and clock_timestamp(), so that it can be set.
        r"\b(?:current_date|current_timestamp|current_time|localtimestamp|localtime)\b",
        r"\b(?:transaction_timestamp|statement_timestamp|timeofday)\s*\(",
    )
)
_TEMPLATE_FAULT = re.compile(
    r"\b\w*(?:_at|now|instant|moment)(?:\(\))?\."
    rf"(?:{'|'.join(sorted(_PARTS | _READINGS))}|date|isoformat)\b"
)


def in_python(source: str) -> Iterator[str]:
    """Expressions of a module that take a day, month or year of an instant by themselves."""
    nodes = list(ast.walk(ast.parse(source)))
    methods = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        match node:
            case ast.Call(func=ast.Attribute() as method, args=given) if _takes_a_day(
                method, given
            ):
                yield ast.unparse(node)
            case ast.Attribute(attr=part, value=value) if part in _PARTS and _is_instant(value):
                if id(node) not in methods:
                    yield ast.unparse(node)
            case ast.JoinedStr(values=values):
                yield from _printed(values)
            case ast.Constant(value=str() as text):
                yield from in_sql(text)


def _printed(values: list[ast.expr]) -> Iterator[str]:
    """Instants that a text shows without saying in which zone."""
    for each, following in zip_longest(values, values[1:]):
        match each, following:
            case _, ast.Constant(value=str() as words) if words.startswith(" UTC"):
                pass
            case ast.FormattedValue(value=value, format_spec=ast.JoinedStr()), _:
                if _is_instant(value):
                    yield ast.unparse(value)


def _takes_a_day(method: ast.Attribute, arguments: list[ast.expr]) -> bool:
    if method.attr == "date" and not arguments:
        return True
    if method.attr == "astimezone":
        return [ast.unparse(argument) for argument in arguments] != ["UTC"]
    if method.attr in _READINGS:
        return _is_instant(method.value)
    asked = method.attr in ("date", "date_trunc", "current_date")
    return asked and ast.unparse(method.value) == "func"


def _is_instant(value: ast.expr) -> bool:
    """Whether an expression is called like an instant: `now()`, `posted_at`, `instant`."""
    if isinstance(value, ast.Call):
        value = value.func
    name = value.attr if isinstance(value, ast.Attribute) else getattr(value, "id", "")
    return _INSTANT_NAME.fullmatch(name) is not None


def in_sql(source: str) -> Iterator[str]:
    """Casts of an instant to a date that depend on the session's time zone."""
    for pattern in _SQL_FAULTS:
        yield from (match[0] for match in pattern.finditer(source))


def in_template(source: str) -> Iterator[str]:
    """Parts of an instant that a page shows as they stand in UTC."""
    yield from (match[0] for match in _TEMPLATE_FAULT.finditer(source))


_READERS: dict[str, Callable[[str], Iterator[str]]] = {
    ".py": in_python,
    ".sql": in_sql,
    ".html": in_template,
}


def _sources() -> Iterator[Path]:
    command = ["git", "ls-files", "-co", "--exclude-standard", *(f"*{each}" for each in _READERS)]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for path in (ROOT / name for name in listed.splitlines()):
        if path.exists() and path not in (CLOCK, Path(__file__)):
            yield path


def test_no_line_takes_a_day_from_an_instant_but_through_the_clock() -> None:
    found = {
        str(path.relative_to(ROOT)): faults
        for path in _sources()
        if (faults := list(_READERS[path.suffix](path.read_text(encoding="utf-8"))))
    }
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "season_of(now.date())",
        "f(datetime.now(UTC).date())",
        "latest_day = clock.now().astimezone(SHANGHAI)",
        "year = entry.created_at.year",
        "clock.now().strftime('%Y')",
        "f'{posted_at:%Y-%m-%d}'",
        "select(func.date(Action.occurred_at))",
        "text('SELECT created_at::date FROM entry')",
    ],
)
def test_a_day_taken_in_python_is_caught(source: str) -> None:
    assert list(in_python(source))


@pytest.mark.parametrize(
    "source",
    [
        "SELECT e.created_at::date FROM entry e",
        "WHERE day = now()::date",
        "CAST(occurred_at AS date)",
        "SELECT date_trunc('month', e.created_at)::date",
        "extract(year FROM created_at)",
        "(posted_at AT TIME ZONE 'UTC')::date",
        "valid_until > CURRENT_DATE",
        "DEFAULT current_timestamp",
    ],
)
def test_a_day_taken_in_sql_is_caught(source: str) -> None:
    assert list(in_sql(source))


@pytest.mark.parametrize("source", ["{{ line.created_at.year }}年", "{{ now().date() }}"])
def test_a_day_taken_in_a_template_is_caught(source: str) -> None:
    assert list(in_template(source))


def test_days_taken_well_pass() -> None:
    assert not list(in_python("f'{business_day(now).year} {shanghai_time(at):%H:%M}'"))
    assert not list(in_python("due.astimezone(UTC)"))
    assert not list(in_python("f'{posted_at:%Y-%m-%d} UTC'"))
    assert not list(in_sql("(posted_at AT TIME ZONE 'Asia/Shanghai')::date = %s::date"))
    assert not list(in_sql("date_trunc('month', min(effective_on))::date"))
    assert not list(in_template("{{ day(line.effective_on) }} {{ sealed.month.year }}"))


def test_no_function_of_the_database_asks_for_the_time() -> None:
    """It has a search path of its own, which a set time would not be found on: columns ask."""
    asking = [
        path.name
        for path in (ROOT / "backend").glob("*/sql/*.sql")
        if re.search(
            r"(?i)(?<!DEFAULT )\b(?:now|clock_timestamp)\s*\(", path.read_text(encoding="utf-8")
        )
    ]
    assert not asking


def test_a_column_with_an_instant_is_called_like_one() -> None:
    """So that the patterns above know it."""
    instants = {
        f"{column.table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, DateTime) and not column.name.endswith("_at")
    }
    assert instants <= {"audit_event.at", "conservation_line.as_of"}
