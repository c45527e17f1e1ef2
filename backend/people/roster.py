"""Takes a roster file in: checks it against the organisation, upserts by staff number.

Callers commit. Re-importing a file changes nothing; people a file does not name stay as they are.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, insert, select, update

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.errors import DomainError, ErrorKind
from backend.organisations.models import PATH_SEPARATOR, Institution
from backend.organisations.queries import departments_under
from backend.people.memberships import end_membership, move_member
from backend.people.models import RosterEntry, RosterImport
from backend.people.policy import phone_hash, phone_mask, staff_number_key
from backend.people.queries import membership_on
from backend.people.roster_file import Column, RosterRow, parse_roster
from backend.ports.keys import KeyRing
from backend.spreadsheets.errors import RowProblem
from backend.spreadsheets.forms import Unsaid
from backend.spreadsheets.reading import read_table

_IMPORT_LOCK: Final = 0x726F73746572
_CLEARABLE: Final = ("phone_hash", "phone_masked", "active_from", "active_until")
_Values = dict[str, Any]


class ImportRunningError(DomainError):
    """Another roster is being taken in."""

    code = "import_running"
    kind = ErrorKind.IN_PROGRESS


@dataclass(frozen=True, slots=True)
class RosterReport:
    """What an import did, or would have done had nothing been refused.

    Attributes:
        written: False when all-or-nothing was asked for and a row was refused.
        created: people new to a roster.
        updated: people of whom something changed.
        unchanged: people already entered so.
        refused: rows with a problem; none of them was written.
        problems: what is wrong, row by row, with suggestions.
        ignored_columns: headings nobody knows, as written.
        imported_before: when this very file was last taken in.
    """

    written: bool
    created: int
    updated: int
    unchanged: int
    refused: int
    problems: tuple[RowProblem, ...]
    ignored_columns: tuple[str, ...]
    imported_before: datetime | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a row belongs."""

    institution_id: int
    department_id: int


@dataclass(frozen=True, slots=True)
class _Known:
    """A roster entry as it stands."""

    id: int
    bound_member_id: int | None
    values: _Values


def import_roster(
    db: Connection,
    *,
    data: bytes,
    keys: KeyRing,
    now: datetime,
    all_or_nothing: bool = False,
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
    places, misplaced = _places(db, file.rows, today)
    digest = hashlib.sha256(data).digest()
    before = db.scalar(
        select(func.max(RosterImport.imported_at)).where(RosterImport.file_sha256 == digest)
    )
    known = _known(db, {place.institution_id for place in places.values()})
    plan = _Plan(keys, known, today)
    for row in file.rows:
        if row.row in places:
            plan.add(row, places[row.row])
    refused = file.refused + len(misplaced) + plan.refused
    problems = (*file.problems, *misplaced, *plan.problems)
    report = RosterReport(
        written=not (all_or_nothing and refused),
        created=len(plan.created),
        updated=len(plan.updated),
        unchanged=plan.unchanged,
        refused=refused,
        problems=tuple(sorted(problems, key=lambda problem: problem.row)),
        ignored_columns=file.ignored,
        imported_before=before,
    )
    if report.written:
        plan.write(db)
        for member_id, values in plan.bound:
            _follow(db, member_id, values, now, actor_id)
        _record(db, report, digest, now, actor_id)
    return report


class _Plan:
    """What is to be written: new entries, changed ones, and the members bound to these.

    Attributes:
        problems: rows that contradict what is stored of others, or of the same person.
    """

    def __init__(self, keys: KeyRing, known: Mapping[tuple[int, str], _Known], today: date) -> None:
        self._keys = keys
        self._known = known
        self._today = today
        self._numbers: dict[tuple[int, str], set[str]] = {}
        self._phones: dict[tuple[int, bytes], set[str]] = {}
        for (institution_id, number), entry in known.items():
            if _is_current(entry.values, today):
                key = (institution_id, staff_number_key(number))
                self._numbers.setdefault(key, set()).add(number)
                phone = (institution_id, entry.values["phone_hash"])
                self._phones.setdefault(phone, set()).add(number)
        self.created: list[_Values] = []
        self.updated: list[_Values] = []
        self.bound: list[tuple[int, _Values]] = []
        self.problems: list[RowProblem] = []
        self.unchanged = 0

    @property
    def refused(self) -> int:
        """How many rows have a problem."""
        return len({problem.row for problem in self.problems})

    def add(self, row: RosterRow, place: _Place) -> None:
        """Compares one row with what is stored."""
        known = self._known.get((place.institution_id, row.staff_number))
        stored = known.values if known is not None else dict.fromkeys(_CLEARABLE)
        values = stored | self._stated(row, place)
        found = [*self._conflicts(row, place, stored, values)]
        self.problems += found
        if found:
            return
        institution = {"institution_id": place.institution_id}
        if known is None:
            self.created.append(values | institution | {"staff_number": row.staff_number})
        elif values == known.values:
            self.unchanged += 1
        else:
            self.updated.append({"entry_id": known.id, **values})
            if known.bound_member_id is not None:
                self.bound.append((known.bound_member_id, values | institution))

    def _conflicts(
        self, row: RosterRow, place: _Place, stored: _Values, values: _Values
    ) -> Iterator[RowProblem]:
        """What the row would make that must not be: a person twice, a phone of two people."""
        first, until = values["active_from"], values["active_until"]
        if first is not None and until is not None and until < first:
            yield RowProblem(
                row.row,
                Column.ACTIVE_UNTIL,
                f"登记的入职日期（{first}）晚于离职日期（{until}）",
                "请填写正确的日期；重新入职的人员，请把离职日期填为“清空”",
            )
        if not _is_current(values, self._today):
            return
        key = (place.institution_id, staff_number_key(row.staff_number))
        for other in sorted(self._numbers.get(key, set()) - {row.staff_number}):
            yield RowProblem(
                row.row,
                Column.STAFF_NUMBER,
                f"名册中已有工号 {other}，与本行只差开头的零",
                f"同一人请填 {other}（把工号列设为文本）；名册中的工号有误，请先为它填写离职日期",
            )
        phone = values["phone_hash"]
        if phone is not None and phone != stored["phone_hash"]:
            for other in sorted(
                self._phones.get((place.institution_id, phone), set()) - {row.staff_number}
            ):
                yield RowProblem(
                    row.row,
                    Column.PHONE,
                    f"该手机号已登记在工号 {other} 名下",
                    "请核对是谁的手机号；号码已换人的，请先把原登记改正或填“清空”再导入",
                )

    def write(self, db: Connection) -> None:
        """Writes entries, new and changed."""
        if self.created:
            db.execute(insert(RosterEntry), self.created)
        if self.updated:
            changed = update(RosterEntry).where(RosterEntry.id == bindparam("entry_id"))
            names = [name for name in self.updated[0] if name != "entry_id"]
            db.execute(changed.values({name: bindparam(name) for name in names}), self.updated)

    def _stated(self, row: RosterRow, place: _Place) -> _Values:
        """What the file says of a person, in the table's columns."""
        stated: _Values = {"department_id": place.department_id, "name": row.name}
        if row.phone is Unsaid.CLEAR:
            stated |= {"phone_hash": None, "phone_masked": None}
        elif isinstance(row.phone, str):
            stated["phone_hash"] = phone_hash(self._keys, row.phone)
            stated["phone_masked"] = phone_mask(row.phone)
        for name, day in (("active_from", row.active_from), ("active_until", row.active_until)):
            if day is not Unsaid.KEEP:
                stated[name] = None if day is Unsaid.CLEAR else day
        return stated


def _is_current(values: Mapping[str, Any], today: date) -> bool:
    """Whether an entry's person has not left."""
    until: date | None = values["active_until"]
    return until is None or until > today


def _places(
    db: Connection, rows: Sequence[RosterRow], today: date
) -> tuple[dict[int, _Place], list[RowProblem]]:
    """Where each row belongs, by row number, and the rows that belong nowhere."""
    institutions = _open_institutions(db, {row.credit_code for row in rows}, today)
    trees = {
        code: {
            tuple(department.path.split(PATH_SEPARATOR)): department.id
            for department in departments_under(db, institution_id=institution_id, on=today)
        }
        for code, institution_id in institutions.items()
    }
    places: dict[int, _Place] = {}
    problems: list[RowProblem] = []
    for row in rows:
        if row.credit_code not in institutions:
            problems.append(
                RowProblem(
                    row.row,
                    Column.CREDIT_CODE,
                    "系统中没有这个单位，或单位已撤销",
                    "请核对代码，或先用 tanpuhui organisations import 登记该单位",
                )
            )
        elif row.department not in trees[row.credit_code]:
            problems.append(
                RowProblem(
                    row.row,
                    Column.DEPARTMENT,
                    "该单位没有这个部门，或部门已撤销",
                    _closest(row.department, trees[row.credit_code]),
                )
            )
        else:
            places[row.row] = _Place(
                institutions[row.credit_code], trees[row.credit_code][row.department]
            )
    return places, problems


def _closest(path: tuple[str, ...], tree: Mapping[tuple[str, ...], int]) -> str:
    """What to do about a department that is not there: the same last name is likely meant."""
    meant = sorted(PATH_SEPARATOR.join(known) for known in tree if known[-1] == path[-1])
    if meant:
        return f"是否应为 {meant[0]}"
    return "请核对名称与上级部门，或先在管理台新建该部门"


def _open_institutions(db: Connection, codes: set[str], today: date) -> dict[str, int]:
    rows = db.execute(
        select(Institution.credit_code, Institution.id).where(
            Institution.credit_code.in_(codes),
            Institution.opened_on <= today,
            Institution.closed_on.is_(None) | (Institution.closed_on > today),
        )
    )
    return {row.credit_code: row.id for row in rows}


def _known(db: Connection, institution_ids: set[int]) -> dict[tuple[int, str], _Known]:
    """The entries of some institutions, by institution and staff number."""
    rows = db.execute(
        select(
            RosterEntry.id,
            RosterEntry.institution_id,
            RosterEntry.staff_number,
            RosterEntry.bound_member_id,
            RosterEntry.department_id,
            RosterEntry.name,
            RosterEntry.phone_hash,
            RosterEntry.phone_masked,
            RosterEntry.active_from,
            RosterEntry.active_until,
        ).where(RosterEntry.institution_id.in_(institution_ids))
    ).mappings()
    head = ("id", "institution_id", "staff_number", "bound_member_id")
    return {
        (row["institution_id"], row["staff_number"]): _Known(
            row["id"],
            row["bound_member_id"],
            {name: value for name, value in row.items() if name not in head},
        )
        for row in rows
    }


def _follow(
    db: Connection, member_id: int, values: _Values, now: datetime, actor_id: int | None
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
