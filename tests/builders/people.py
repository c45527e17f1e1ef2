"""Members, actors and roster files."""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime

import xlsxwriter
from sqlalchemy import Connection

from backend.people.memberships import begin_membership
from backend.people.models import Face, Role
from backend.people.queries import Actor, Grant
from backend.people.roles import grant_role
from backend.people.roster_file import RosterColumn
from backend.people.service import authenticate, create_member, open_session
from tests.builders.organisations import NOW, START

HEADINGS = tuple(column.value for column in RosterColumn)


def a_member(
    db: Connection,
    *,
    name: str = "小林",
    institution_id: int | None = None,
    department_id: int | None = None,
    since: date = START,
) -> int:
    """A member, of an institution if one is given."""
    member_id = create_member(db, display_name=name, now=NOW)
    if institution_id is not None:
        begin_membership(
            db,
            member_id=member_id,
            institution_id=institution_id,
            department_id=department_id,
            valid_from=since,
            now=NOW,
        )
    return member_id


def an_actor(
    db: Connection,
    role: Role | None = None,
    *,
    district_id: int | None = None,
    institution_id: int | None = None,
    department_id: int | None = None,
    now: datetime = NOW,
) -> Actor:
    """A new member with a role, as the next request of theirs would see them."""
    member_id = a_member(db, name="管理员")
    if role is not None:
        grant = Grant(role, district_id, institution_id, department_id)
        grant_role(db, member_id=member_id, grant=grant, now=now)
    token = open_session(db, member_id=member_id, face=Face.CONSOLE, now=now).token
    return authenticate(db, token=token, now=now, face=Face.CONSOLE)


def a_roster_csv(
    rows: Sequence[Sequence[object]],
    *,
    headings: Sequence[str] = HEADINGS,
    encoding: str = "utf-8-sig",
) -> bytes:
    """A roster as CSV."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(headings)
    writer.writerows(rows)
    return target.getvalue().encode(encoding)


def a_roster_workbook(
    rows: Sequence[Sequence[object]], *, headings: Sequence[str] = HEADINGS
) -> bytes:
    """A roster as XLSX; dates become date cells, text beginning with `=` a formula."""
    target = io.BytesIO()
    options = {"in_memory": True, "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(target, options) as workbook:
        sheet = workbook.add_worksheet("名册")
        sheet.write_row(0, 0, headings)
        for number, row in enumerate(rows, start=1):
            sheet.write_row(number, 0, row)
    return target.getvalue()
