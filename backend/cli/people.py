"""`tanpuhui people`: takes rosters in, lets the first administrator in, invites members."""

import dataclasses
import json
from datetime import date, timedelta
from pathlib import Path

import click
from sqlalchemy import Connection

from backend.bootstrap import Backend, build
from backend.cli.file_import import content_of, file_options, refuse
from backend.clock import business_day, shanghai_time
from backend.errors import NotFoundError
from backend.organisations.models import PATH_SEPARATOR
from backend.organisations.policy import checked_credit_code
from backend.organisations.queries import departments_under, institution_by_credit_code
from backend.people.administration import first_administrator
from backend.people.bindings import create_invitation
from backend.people.models import Face
from backend.people.roster import RosterReport, import_roster
from backend.people.roster_file import template
from backend.people.service import create_login_link
from backend.runtime.servers import running_servers
from backend.settings import Settings
from backend.spreadsheets.errors import SpreadsheetError

_SOME_ROWS_REFUSED = 1
_LINK_LIVES = timedelta(hours=24)
_IMPORT_HELP = """导入花名册 FILE（.xlsx 或 CSV），按单位和工号新增或更新人员。

文件中没有的人员保持不变；重复导入同一文件不产生变化。

退出码：0 全部合格；1 有行被拒绝；2 文件无法读取。
"""
_ADMIN_HELP = """打印市级管理员 NAME 的一次性登录链接（24 小时内有效）。

没有这名管理员时新建；已有时为同一人生成新的链接，忘记密码时也用它。
"""
_INVITE_HELP = """为单位新建邀请码并打印一次；系统只保存其校验值，之后无法再次查看。

CREDIT_CODE 是单位的统一社会信用代码。不指定部门时，成员绑定到单位、不归入部门。
"""


@click.group(help="名册导入与成员。")
def people() -> None:
    """Groups the commands about members."""


@people.command("import", help=_IMPORT_HELP)
@file_options(template)
def import_(file: Path, *, all_or_nothing: bool, as_json: bool) -> None:
    """Takes a roster file in and prints what became of each row."""
    data = content_of(file)
    with running_servers(Settings.from_env()) as settings:
        report = _imported(build(settings), file, data, all_or_nothing=all_or_nothing)
    if as_json:
        click.echo(_as_json(report))
    else:
        _print(report)
    if report.refused:
        raise SystemExit(_SOME_ROWS_REFUSED)


def _imported(backend: Backend, file: Path, data: bytes, *, all_or_nothing: bool) -> RosterReport:
    try:
        with backend.engine.begin() as db:
            return import_roster(
                db,
                data=data,
                keys=backend.keys,
                now=backend.clock.now(),
                all_or_nothing=all_or_nothing,
            )
    except SpreadsheetError as error:
        refuse(f"{file}：{error.message} [{error.code}]")
    finally:
        backend.engine.dispose()


@people.command("admin", help=_ADMIN_HELP)
@click.argument("name")
def admin(name: str) -> None:
    """Lets the first administrator in: there is no default password to do it with."""
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        now = backend.clock.now()
        try:
            with backend.engine.begin() as db:
                member_id = first_administrator(db, name=name, now=now)
                code = create_login_link(
                    db, member_id=member_id, purpose=Face.CONSOLE, ttl=_LINK_LIVES, now=now
                )
        finally:
            backend.engine.dispose()
    click.echo(f"{settings.console_url}/login/link/{code}")


@people.command("invite", help=_INVITE_HELP)
@click.argument("credit_code")
@click.option("--department", metavar="PATH", help="归入的部门，如 办公室/文印科。")
@click.option(
    "--uses", type=click.IntRange(1, 100_000), default=1, show_default=True, help="可绑定的人数。"
)
@click.option(
    "--days", type=click.IntRange(1, 366), default=30, show_default=True, help="有效天数。"
)
def invite(credit_code: str, *, department: str | None, uses: int, days: int) -> None:
    """Makes an invitation and prints its code, alone on its line."""
    code = checked_credit_code(credit_code)
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        now = backend.clock.now()
        try:
            with backend.engine.begin() as db:
                institution_id, department_id = _place(db, code, department, business_day(now))
                invitation = create_invitation(
                    db,
                    institution_id=institution_id,
                    department_id=department_id,
                    ttl=timedelta(days=days),
                    max_uses=uses,
                    now=now,
                    actor_id=None,
                )
        finally:
            backend.engine.dispose()
    click.echo(invitation)


def _place(db: Connection, code: str, path: str | None, today: date) -> tuple[int, int | None]:
    """Ids of the institution with a code and of its department with a path.

    Raises:
        NotFoundError: one of them is unknown.
    """
    institution = institution_by_credit_code(db, credit_code=code)
    if institution is None:
        raise NotFoundError(
            f"没有登记统一社会信用代码为 {code} 的单位，请先用 tanpuhui organisations import 导入。"
        )
    if path is None:
        return institution.id, None
    wanted = path.strip(PATH_SEPARATOR)
    for department in departments_under(db, institution_id=institution.id, on=today):
        if department.path == wanted:
            return institution.id, department.id
    raise NotFoundError(
        f"{institution.name}没有部门“{wanted}”，请核对名称与上级部门（如 办公室/文印科）。"
    )


def _print(report: RosterReport) -> None:
    for problem in report.problems:
        click.echo(
            f"第{problem.row}行 {problem.column}：{problem.problem}。建议：{problem.suggestion}。"
        )
    if report.ignored_columns:
        click.echo(f"忽略的列：{'、'.join(report.ignored_columns)}")
    if report.imported_before is not None:
        click.echo(f"这个文件曾于 {shanghai_time(report.imported_before):%Y-%m-%d %H:%M} 导入过。")
    heading = "已写入" if report.written else "未写入任何内容；若去掉有问题的行，将会是"
    click.echo(
        f"{heading}：新增 {report.created}，更新 {report.updated}，"
        f"不变 {report.unchanged}，拒绝 {report.refused}。"
    )


def _as_json(report: RosterReport) -> str:
    document = dataclasses.asdict(report)
    before = report.imported_before
    document["imported_before"] = None if before is None else before.isoformat()
    return json.dumps(document, ensure_ascii=False, indent=2)
