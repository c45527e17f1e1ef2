"""Takes a roster file in: checks it against the organisation, upserts by staff number.

Callers commit. Re-importing a file changes nothing; people a file does not name stay as they are.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, exists, func, insert, or_, select

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.errors import DomainError, ErrorKind
from backend.organisations.models import PATH_SEPARATOR, Institution
from backend.organisations.queries import Scope, departments_under, institutions_in
from backend.people.memberships import end_membership, move_member
from backend.people.models import Invitation, RosterEntry, RosterImport
from backend.people.queries import membership_on
from backend.people.roster_file import RosterColumn, RosterRow, parse_roster
from backend.people.roster_plan import RosterPlace, RosterPlan, Values, known_entries
from backend.ports.keys import KeyRing
from backend.spreadsheets.errors import RowProblem
from backend.spreadsheets.reading import read_table
from backend.spreadsheets.uploads import RowChange

_IMPORT_LOCK: Final = 0x726F73746572
EVERYWHERE: Final = Scope(everything=True)
"""The scope of operator commands."""


class ImportRunningError(DomainError):
    """Another roster is being taken in."""

    code = "import_running"
    kind = ErrorKind.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class RosterReport:
    """What an import did, or would have done had nothing been refused.

    Attributes:
        written: False when only tried, or when a row was refused and all-or-nothing was asked for.
        created: people new to a roster.
        updated: people of whom something changed.
        unchanged: people already entered so.
        refused: rows with a problem; none of them was written.
        problems: what is wrong, row by row, with suggestions.
        ignored_columns: headings nobody knows, as written.
        imported_before: when this very file was last taken in.
        changes: what changes of the people updated, row by row.
    """

    written: bool
    created: int
    updated: int
    unchanged: int
    refused: int
    problems: tuple[RowProblem, ...]
    ignored_columns: tuple[str, ...]
    imported_before: datetime | None
    changes: tuple[RowChange, ...]


def import_roster(
    db: Connection,
    *,
    data: bytes,
    keys: KeyRing,
    now: datetime,
    all_or_nothing: bool = False,
    dry_run: bool = False,
    within: Scope = EVERYWHERE,
    actor_id: int | None = None,
) -> RosterReport:
    """Takes a roster file in.

    A person is known by institution and staff number. An empty cell and a missing column leave
    what is stored; the word 清空 clears it. Members bound to an entry follow
    it from today on: to another department, or out when the entry has ended; what was credited
    before stays where it was credited.

    Args:
        db: the caller's transaction.
        data: the whole file, XLSX or CSV.
        keys: holds the key of the phones' HMAC.
        now: the instant, aware.
        all_or_nothing: write nothing when a row is refused.
        dry_run: write nothing; tell what would be written.
        within: rows of institutions outside are refused, as if these did not exist.
        actor_id: who imports; None for operator commands.

    Raises:
        SpreadsheetError: the file as a whole cannot be read.
        ImportRunningError: another import is under way.
    """
    # One import at a time: two would each insert what the other is about to.
    if not db.scalar(select(func.pg_try_advisory_xact_lock(_IMPORT_LOCK))):
        raise ImportRunningError("另一份名册正在导入，请等它完成后再试。", retry_after=30)
    today = business_day(now)
    file = parse_roster(read_table(data))
    places, misplaced = _places(db, file.rows, today, within)
    digest = hashlib.sha256(data).digest()
    before = db.scalar(
        select(func.max(RosterImport.imported_at)).where(RosterImport.file_sha256 == digest)
    )
    known = known_entries(db, {place.institution_id for place in places.values()})
    plan = RosterPlan(keys, known, today)
    for row in file.rows:
        if row.row in places:
            plan.add(row, places[row.row])
    refused = file.refused + len(misplaced) + plan.refused
    problems = (*file.problems, *misplaced, *plan.problems)
    report = RosterReport(
        written=not (dry_run or (all_or_nothing and refused)),
        created=len(plan.created),
        updated=len(plan.updated),
        unchanged=plan.unchanged,
        refused=refused,
        problems=tuple(sorted(problems, key=lambda problem: problem.row)),
        ignored_columns=file.ignored,
        imported_before=before,
        changes=tuple(plan.changes),
    )
    if report.written:
        plan.write(db)
        for member_id, values in plan.bound:
            _follow(db, member_id, values, now, actor_id)
        _record(db, report, digest, now, actor_id)
    return report


def anybody_enrolled(db: Connection) -> bool:
    """Whether members can be bound to a unit: somebody is on a roster, or was invited."""
    return bool(
        db.scalar(select(or_(exists(select(RosterEntry.id)), exists(select(Invitation.id)))))
    )


def _places(
    db: Connection, rows: Sequence[RosterRow], today: date, within: Scope
) -> tuple[dict[int, RosterPlace], list[RowProblem]]:
    """Where each row belongs, by row number, and the rows that belong nowhere."""
    institutions = _open_institutions(db, {row.credit_code for row in rows}, today, within)
    trees = {
        code: {
            tuple(department.path.split(PATH_SEPARATOR)): department.id
            for department in departments_under(db, institution_id=institution_id, on=today)
        }
        for code, institution_id in institutions.items()
    }
    places: dict[int, RosterPlace] = {}
    problems: list[RowProblem] = []
    for row in rows:
        if row.credit_code not in institutions:
            problems.append(
                RowProblem(
                    row.row,
                    RosterColumn.CREDIT_CODE,
                    "系统中没有这个单位，或单位已撤销",
                    "请核对代码，或先在“单位”页面新建或导入该单位",
                )
            )
        elif row.department not in trees[row.credit_code]:
            problems.append(
                RowProblem(
                    row.row,
                    RosterColumn.DEPARTMENT,
                    "该单位没有这个部门，或部门已撤销",
                    _closest(row.department, trees[row.credit_code]),
                )
            )
        else:
            places[row.row] = RosterPlace(
                institutions[row.credit_code], trees[row.credit_code][row.department]
            )
    return places, problems


def _closest(path: tuple[str, ...], tree: Mapping[tuple[str, ...], int]) -> str:
    """What to do about a department that is not there: the same last name is likely meant."""
    meant = sorted(PATH_SEPARATOR.join(known) for known in tree if known[-1] == path[-1])
    if meant:
        return f"是否应为 {meant[0]}"
    return "请核对名称与上级部门，或先在单位页面新建该部门"


def _open_institutions(
    db: Connection, codes: set[str], today: date, within: Scope
) -> dict[str, int]:
    rows = db.execute(
        select(Institution.credit_code, Institution.id).where(
            Institution.credit_code.in_(codes),
            Institution.id.in_(institutions_in(within)),
            Institution.opened_on <= today,
            Institution.closed_on.is_(None) | (Institution.closed_on > today),
        )
    )
    return {row.credit_code: row.id for row in rows}


def _follow(
    db: Connection, member_id: int, values: Values, now: datetime, actor_id: int | None
) -> None:
    """Lets a bound member's membership follow the changed entry, from today on."""
    today = business_day(now)
    current = membership_on(db, member_id=member_id, on=today)
    leaves: date | None = values["active_until"]
    if current is None or current.institution_id != values["institution_id"]:
        return
    if current.valid_until is None and (leaves is None or leaves > today):
        move_member(
            db,
            member_id=member_id,
            department_id=values["department_id"],
            on=today,
            now=now,
            actor_id=actor_id,
        )
    if leaves is not None and (current.valid_until is None or leaves < current.valid_until):
        end_membership(db, member_id=member_id, on=max(leaves, today), now=now, actor_id=actor_id)


def _record(
    db: Connection, report: RosterReport, digest: bytes, now: datetime, actor_id: int | None
) -> None:
    counts = {
        "rows_created": report.created,
        "rows_updated": report.updated,
        "rows_unchanged": report.unchanged,
        "rows_refused": report.refused,
    }
    import_id = db.execute(
        insert(RosterImport)
        .values(file_sha256=digest, imported_at=now, actor_id=actor_id, **counts)
        .returning(RosterImport.id)
    ).scalar_one()
    record(
        db,
        tag=Tag.ROSTER_IMPORT,
        actor_id=actor_id,
        object_type="roster_import",
        object_id=import_id,
        after={"file_sha256": digest.hex(), **counts},
        at=now,
    )
