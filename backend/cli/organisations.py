"""`tanpuhui organisations`: takes districts, systems, institutions and departments in."""

import dataclasses
import json
from pathlib import Path

import click

from backend.bootstrap import Backend, build
from backend.cli.file_import import content_of, file_options, refuse
from backend.organisations.import_file import OrganisationFile, parse_organisations, template
from backend.organisations.import_rows import OrganisationReport
from backend.organisations.imports import import_organisations
from backend.runtime.servers import running_servers
from backend.settings import Settings
from backend.spreadsheets.errors import SpreadsheetError
from backend.spreadsheets.reading import read_table

_SOME_ROWS_REFUSED = 1
_IMPORT_HELP = """导入组织文件 FILE（.xlsx 或 CSV）：区县、系统、单位与部门，每行一个部门。

缺少的予以新建，单位更名予以更新；文件中没有的保持不变，导入从不撤销或删除；
重复导入同一文件不产生变化。

退出码：0 全部合格；1 有行被拒绝；2 文件无法读取。
"""


@click.group(help="组织：导入区县、单位与部门。")
def organisations() -> None:
    """Groups the commands about organisations."""


@organisations.command("import", help=_IMPORT_HELP)
@file_options(template)
def import_(file: Path, *, all_or_nothing: bool, as_json: bool) -> None:
    """Takes a file in and prints what became of it."""
    data = content_of(file)
    try:
        content = parse_organisations(read_table(data))
    except SpreadsheetError as error:
        refuse(f"{file}：{error.message} [{error.code}]")
    with running_servers(Settings.from_env()) as settings:
        report = _imported(build(settings), content, all_or_nothing=all_or_nothing)
    if as_json:
        document = dataclasses.asdict(report) | {"ignored_columns": content.ignored}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        _print(report, content.ignored)
    if report.refused:
        raise SystemExit(_SOME_ROWS_REFUSED)


def _imported(
    backend: Backend, content: OrganisationFile, *, all_or_nothing: bool
) -> OrganisationReport:
    try:
        with backend.engine.begin() as db:
            return import_organisations(
                db,
                rows=content.rows,
                unreadable=content.problems,
                now=backend.clock.now(),
                all_or_nothing=all_or_nothing,
            )
    finally:
        backend.engine.dispose()


def _print(report: OrganisationReport, ignored: tuple[str, ...]) -> None:
    for problem in report.problems:
        click.echo(
            f"第{problem.row}行 {problem.column}：{problem.problem}。建议：{problem.suggestion}。"
        )
    if ignored:
        click.echo(f"忽略的列：{'、'.join(ignored)}")
    heading = "已写入" if report.written else "未写入任何内容；若去掉有问题的行，将会是"
    click.echo(
        f"{heading}：新增区划 {report.districts}，系统 {report.systems}，"
        f"单位 {report.institutions}，部门 {report.departments}；更名 {report.renamed}，"
        f"年度数据 {report.years}；不变 {report.unchanged} 行，拒绝 {report.refused} 行。"
    )
