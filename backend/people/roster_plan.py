"""What a roster is to change: its rows compared with what is stored. Writes entries, no more."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from backend.people.models import RosterEntry
from backend.people.policy import phone_hash, phone_mask, staff_number_key
from backend.people.roster_file import RosterColumn, RosterRow
from backend.ports.keys import KeyRing
from backend.spreadsheets.errors import RowProblem
from backend.spreadsheets.forms import Unsaid
from backend.spreadsheets.uploads import RowChange

_WORDS: Final[Mapping[str, RosterColumn]] = {
    "name": RosterColumn.NAME,
    "department_id": RosterColumn.DEPARTMENT,
    "phone_hash": RosterColumn.PHONE,
    "active_from": RosterColumn.ACTIVE_FROM,
    "active_until": RosterColumn.ACTIVE_UNTIL,
}
_CLEARABLE: Final = ("phone_hash", "phone_masked", "active_from", "active_until")
Values = dict[str, Any]
"""What is stored of a person, by the table's columns."""


@dataclass(frozen=True, slots=True)
class RosterPlace:
    """Where a row belongs."""

    institution_id: int
    department_id: int


@dataclass(frozen=True, slots=True)
class Known:
    """A roster entry as it stands."""

    id: int
    bound_member_id: int | None
    values: Values


class RosterPlan:
    """What is to be written: new entries, changed ones, and the members bound to these.

    Attributes:
        problems: rows that contradict what is stored of others, or of the same person.
        changes: what the rows of known people change.
    """

    def __init__(self, keys: KeyRing, known: Mapping[tuple[int, str], Known], today: date) -> None:
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
        self.created: list[Values] = []
        self.updated: list[Values] = []
        self.bound: list[tuple[int, Values]] = []
        self.problems: list[RowProblem] = []
        self.changes: list[RowChange] = []
        self.unchanged = 0

    @property
    def refused(self) -> int:
        """How many rows have a problem."""
        return len({problem.row for problem in self.problems})

    def add(self, row: RosterRow, place: RosterPlace) -> None:
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
            changed = [_WORDS[name].value for name in _WORDS if values[name] != known.values[name]]
            subject = f"{row.name}（工号 {row.staff_number}）"
            self.changes.append(RowChange(row.row, subject, tuple(changed)))
            if known.bound_member_id is not None:
                self.bound.append((known.bound_member_id, values | institution))

    def _conflicts(
        self, row: RosterRow, place: RosterPlace, stored: Values, values: Values
    ) -> Iterator[RowProblem]:
        """What the row would make that must not be: a person twice, a phone of two people."""
        first, until = values["active_from"], values["active_until"]
        if first is not None and until is not None and until < first:
            yield RowProblem(
                row.row,
                RosterColumn.ACTIVE_UNTIL,
                f"登记的入职日期（{first}）晚于离职日期（{until}）",
                "请填写正确的日期；重新入职的人员，请把离职日期填为“清空”",
            )
        if not _is_current(values, self._today):
            return
        key = (place.institution_id, staff_number_key(row.staff_number))
        for other in sorted(self._numbers.get(key, set()) - {row.staff_number}):
            yield RowProblem(
                row.row,
                RosterColumn.STAFF_NUMBER,
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
                    RosterColumn.PHONE,
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

    def _stated(self, row: RosterRow, place: RosterPlace) -> Values:
        """What the file says of a person, in the table's columns."""
        stated: Values = {"department_id": place.department_id, "name": row.name}
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


def known_entries(db: Connection, institution_ids: set[int]) -> dict[tuple[int, str], Known]:
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
        (row["institution_id"], row["staff_number"]): Known(
            row["id"],
            row["bound_member_id"],
            {name: value for name, value in row.items() if name not in head},
        )
        for row in rows
    }
