"""Takes districts, systems, institutions and departments in from typed rows. Callers commit.

Rows state what is there: what they name is created where it is missing, and an institution's
name follows the row. Nothing is closed, moved or deleted, and the same rows again change nothing.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select

from backend.clock import business_day
from backend.errors import UnavailableError
from backend.organisations.departments import create_department
from backend.organisations.import_rows import (
    KIND_WORDS,
    Column,
    OrganisationReport,
    OrganisationRow,
    StatedInstitution,
    YearFigures,
    is_city,
    lies_in,
)
from backend.organisations.models import Department
from backend.organisations.queries import (
    InstitutionView,
    districts,
    institution,
    institution_by_credit_code,
    institution_years,
    systems,
)
from backend.organisations.service import (
    create_district,
    create_institution,
    create_system,
    record_year,
    rename_institution,
)
from backend.spreadsheets.errors import RowProblem
from backend.text.cleaning import half_width

_IMPORT_LOCK: Final = 0x6F7267616E
_CHANGED_ELSEWHERE: Final = "导入不变更此项，请核对后改为已登记的内容"
_Wrong = list[tuple[Column, str, str]]


def import_organisations(
    db: Connection,
    *,
    rows: Sequence[OrganisationRow],
    unreadable: Sequence[RowProblem] = (),
    now: datetime,
    all_or_nothing: bool = False,
    dry_run: bool = False,
    actor_id: int | None = None,
) -> OrganisationReport:
    """Takes rows in: each good one through the services, which audit what they change.

    Args:
        db: the caller's transaction.
        rows: the rows whose cells could be read.
        unreadable: problems of the other rows; they count as refused.
        now: the instant, aware.
        all_or_nothing: write nothing when a row is refused.
        dry_run: write nothing; tell what would be written.
        actor_id: who imports; None for operator commands.

    Raises:
        UnavailableError: another import is under way.
    """
    # One import at a time: two would each create what the other is about to.
    if not db.scalar(select(func.pg_try_advisory_xact_lock(_IMPORT_LOCK))):
        raise UnavailableError("另一份组织文件正在导入，请等它完成后再试。", retry_after=30)
    problems = list(unreadable)
    with db.begin_nested() as attempt:
        taker = _Import(db, now, actor_id)
        # The city first, wherever its rows stand: districts find it there.
        for row in sorted(rows, key=lambda row: not is_city(row.district_code)):
            problems += taker.take(row)
        refused = len({problem.row for problem in problems})
        written = not (dry_run or (all_or_nothing and refused))
        if not written:
            attempt.rollback()
    done = taker.done
    return OrganisationReport(
        written=written,
        districts=done["district"],
        systems=done["system"],
        institutions=done["institution"],
        departments=done["department"],
        renamed=done["rename"],
        years=done["year"],
        unchanged=done["unchanged"],
        refused=refused,
        problems=tuple(sorted(problems, key=lambda problem: problem.row)),
    )


def _plain(name: str) -> str:
    """A name for comparison: rows come from workbooks in half width, stored names may not."""
    return half_width(name)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A district or system as stored; the city has no parent."""

    id: int
    name: str
    top: bool = False


class _Import:
    """Checks row after row against what is stored, and writes those that are good.

    Attributes:
        done: how often what was written: district, system, institution, rename, department, year;
            unchanged counts rows.
    """

    def __init__(self, db: Connection, now: datetime, actor_id: int | None) -> None:
        self._db = db
        self._now = now
        self._actor_id = actor_id
        self._today = business_day(now)
        self._districts = {
            view.code: _Entry(view.id, view.name, top=view.parent_id is None)
            for view in districts(db)
        }
        self._systems = {view.code: _Entry(view.id, view.name) for view in systems(db)}
        self._institutions: dict[str, InstitutionView] = {}
        self._named_in: dict[str, int] = {}
        self._trees: dict[int, dict[tuple[int | None, str], int]] = {}
        self._years: dict[int, dict[int, YearFigures]] = {}
        self._year_in: dict[tuple[str, int], int] = {}
        self.done: Counter[str] = Counter()

    def take(self, row: OrganisationRow) -> list[RowProblem]:
        """Writes one row, or tells all that is wrong with it and writes nothing."""
        wrong = self._wrong_district(row)
        stated = row.institution
        if stated is not None:
            wrong += self._wrong_system(stated)
            # A mistaken code would be told a second time as differing from what is stored.
            wrong = wrong or self._wrong_institution(row.district_code, stated)
        if wrong:
            return [RowProblem(row.row, *each) for each in wrong]
        before = self.done.total()
        self._write_district(row)
        if stated is not None:
            self._write_system(stated)
            known = self._write_institution(row.district_code, stated)
            self._write_department(known, stated.department)
            self._write_year(known, stated.figures)
            self._named_in.setdefault(stated.credit_code, row.row)
            if stated.figures is not None:
                self._year_in.setdefault((stated.credit_code, stated.figures.year), row.row)
        if self.done.total() == before:
            self.done["unchanged"] += 1
        return []

    def _wrong_district(self, row: OrganisationRow) -> _Wrong:
        code, name = row.district_code, row.district_name
        if code in self._districts or _name_taken(self._districts, name):
            return _wrong_name(
                self._districts, code, name, (Column.DISTRICT_CODE, Column.DISTRICT_NAME)
            )
        cities = {known: entry for known, entry in self._districts.items() if entry.top}
        told = "、".join(f"{entry.name}（{known}）" for known, entry in cities.items())
        if is_city(code) and cities:
            return [
                (Column.DISTRICT_CODE, f"已登记的城市是{told}", "一套系统只管一个城市，请核对代码")
            ]
        if not is_city(code) and not any(lies_in(code, known) for known in cities):
            problem = f"不在已登记的城市{told}之内" if cities else "它所属的城市尚未登记"
            remedy = (
                "请核对代码"
                if cities
                else f"请加一行城市，只填区划代码（如 {code[:4]}00）和区划名称"
            )
            return [(Column.DISTRICT_CODE, problem, remedy)]
        return []

    def _wrong_system(self, stated: StatedInstitution) -> _Wrong:
        columns = (Column.SYSTEM_CODE, Column.SYSTEM_NAME)
        return _wrong_name(self._systems, stated.system_code, stated.system_name, columns)

    def _wrong_institution(self, district_code: str, stated: StatedInstitution) -> _Wrong:
        known = self._known(stated.credit_code)
        if known is None:
            if stated.opened_on is not None and stated.opened_on > self._today:
                return [(Column.OPENED_ON, "晚于今天", "请核对；尚未成立的单位请在成立后导入")]
            return []
        if known.closed_on is not None:
            problem = f"该单位已于{known.closed_on}撤销"
            return [(Column.CREDIT_CODE, problem, "请核对代码；已撤销的单位不再导入")]
        return [
            *self._wrong_facts(district_code, stated, known),
            *self._wrong_repetition(stated, known),
        ]

    def _wrong_facts(
        self, district_code: str, stated: StatedInstitution, known: InstitutionView
    ) -> _Wrong:
        """What the row states otherwise than stored, and an import does not change."""
        district = next(c for c, each in self._districts.items() if each.id == known.district_id)
        system = next(c for c, each in self._systems.items() if each.id == known.system_id)
        facts = (
            (Column.DISTRICT_CODE, district_code, district),
            (Column.SYSTEM_CODE, stated.system_code, system),
            (Column.KIND, KIND_WORDS[stated.kind], KIND_WORDS[known.kind]),
            (Column.OPENED_ON, stated.opened_on or known.opened_on, known.opened_on),
        )
        return [
            (column, f"该单位已登记为{stored}", _CHANGED_ELSEWHERE)
            for column, said, stored in facts
            if said != stored
        ]

    def _wrong_repetition(self, stated: StatedInstitution, known: InstitutionView) -> _Wrong:
        """What the row states otherwise than an earlier row of the same institution."""
        wrong: _Wrong = []
        first = self._named_in.get(stated.credit_code)
        if first is not None and _renamed(stated, known) is not None:
            wrong.append(
                (Column.NAME, f"与第{first}行同一单位的名称或简称不同", "请统一为正确的名称")
            )
        figures = stated.figures
        if figures is not None:
            first = self._year_in.get((stated.credit_code, figures.year))
            if first is not None and self._figures(known.id).get(figures.year) != figures:
                problem = f"与第{first}行同一单位同一年度的数据不同"
                wrong.append((Column.YEAR, problem, "请统一用能人数和建筑面积"))
        return wrong

    def _known(self, credit_code: str) -> InstitutionView | None:
        if credit_code not in self._institutions:
            found = institution_by_credit_code(self._db, credit_code=credit_code)
            if found is None:
                return None
            self._institutions[credit_code] = found
        return self._institutions[credit_code]

    def _figures(self, institution_id: int) -> dict[int, YearFigures]:
        if institution_id not in self._years:
            views = institution_years(self._db, institution_ids=[institution_id])
            self._years[institution_id] = {
                view.year: YearFigures(view.year, view.headcount, view.floor_area_m2)
                for view in views.get(institution_id, ())
            }
        return self._years[institution_id]

    def _write_district(self, row: OrganisationRow) -> None:
        code, name = row.district_code, row.district_name
        if code in self._districts:
            return
        parent_id = next(
            (
                entry.id
                for known, entry in self._districts.items()
                if entry.top and lies_in(code, known)
            ),
            None,
        )
        new = create_district(
            self._db,
            code=code,
            name=name,
            parent_id=parent_id,
            now=self._now,
            actor_id=self._actor_id,
        )
        self._districts[code] = _Entry(new, name, top=parent_id is None)
        self.done["district"] += 1

    def _write_system(self, stated: StatedInstitution) -> None:
        code, name = stated.system_code, stated.system_name
        if code not in self._systems:
            new = create_system(
                self._db, code=code, name=name, now=self._now, actor_id=self._actor_id
            )
            self._systems[code] = _Entry(new, name)
            self.done["system"] += 1

    def _write_institution(self, district_code: str, stated: StatedInstitution) -> InstitutionView:
        """Creates the institution or renames it; returns it as it now stands."""
        known = self._known(stated.credit_code)
        if known is None:
            institution_id = create_institution(
                self._db,
                credit_code=stated.credit_code,
                name=stated.name,
                short_name=stated.short_name,
                district_id=self._districts[district_code].id,
                system_id=self._systems[stated.system_code].id,
                kind=stated.kind,
                opened_on=stated.opened_on or self._today,
                now=self._now,
                actor_id=self._actor_id,
            )
            self.done["institution"] += 1
        else:
            names = _renamed(stated, known)
            if names is None:
                return known
            institution_id = known.id
            rename_institution(
                self._db,
                institution_id=institution_id,
                name=names[0],
                short_name=names[1],
                now=self._now,
                actor_id=self._actor_id,
            )
            self.done["rename"] += 1
        written = institution(self._db, institution_id=institution_id)
        self._institutions[stated.credit_code] = written
        return written

    def _write_department(self, known: InstitutionView, path: tuple[str, ...]) -> None:
        """Creates what the path names and is missing, from the top down."""
        if known.id not in self._trees:
            self._trees[known.id] = _open_departments(self._db, known.id)
        ids = self._trees[known.id]
        parent_id: int | None = None
        for name in path:
            place = (parent_id, _plain(name))
            if place not in ids:
                ids[place] = create_department(
                    self._db,
                    institution_id=known.id,
                    name=name,
                    parent_id=parent_id,
                    created_on=max(self._today, known.opened_on),
                    now=self._now,
                    actor_id=self._actor_id,
                )
                self.done["department"] += 1
            parent_id = ids[place]

    def _write_year(self, known: InstitutionView, figures: YearFigures | None) -> None:
        if figures is None or self._figures(known.id).get(figures.year) == figures:
            return
        record_year(
            self._db,
            institution_id=known.id,
            year=figures.year,
            headcount=figures.headcount,
            floor_area_m2=figures.floor_area_m2,
            now=self._now,
            actor_id=self._actor_id,
        )
        self._figures(known.id)[figures.year] = figures
        self.done["year"] += 1


def _name_taken(entries: dict[str, _Entry], name: str) -> str | None:
    """The code that has a name; None when none has."""
    return next((c for c, entry in entries.items() if _plain(entry.name) == _plain(name)), None)


def _wrong_name(
    entries: dict[str, _Entry], code: str, name: str, columns: tuple[Column, Column]
) -> _Wrong:
    """A code known by another name, or a name known by another code."""
    known = entries.get(code)
    if known is not None and _plain(known.name) != _plain(name):
        problem = f"代码 {code} 已登记为{known.name}"
        return [(columns[1], problem, f"请改为{known.name}，或核对代码")]
    owner = _name_taken(entries, name)
    if known is None and owner is not None:
        return [(columns[0], f"{name}已登记，代码是 {owner}", f"是否应为 {owner}")]
    return []


def _renamed(stated: StatedInstitution, known: InstitutionView) -> tuple[str, str] | None:
    """Name and short name an institution is to have; None when it has them."""
    follows = known.short_name == known.name
    kept = stated.name if follows else known.short_name
    name, short_name = stated.name, stated.short_name or kept
    if (_plain(name), _plain(short_name)) == (_plain(known.name), _plain(known.short_name)):
        return None
    return name, short_name


def _open_departments(db: Connection, institution_id: int) -> dict[tuple[int | None, str], int]:
    """Ids of the open departments of an institution, by parent and name."""
    rows = db.execute(
        select(Department.id, Department.parent_id, Department.name)
        .where(Department.institution_id == institution_id, Department.closed_on.is_(None))
        .order_by(Department.id)
    )
    return {(row.parent_id, _plain(row.name)): row.id for row in rows}
