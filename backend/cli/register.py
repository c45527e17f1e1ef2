"""`tanpuhui register`: the institutional register of energy and carbon."""

import dataclasses
import json
from fractions import Fraction
from pathlib import Path

import click

from backend.bootstrap import build
from backend.cli.file_import import content_of, refuse
from backend.cli.tables import table
from backend.register.reviews.labels import RULES
from backend.register.reviews.service import Flag, review_year
from backend.register.statistics.import_file import FigureFile, parse_figures, template
from backend.register.statistics.imports import FigureReport, import_figures
from backend.register.statistics.labels import AXES
from backend.register.statistics.queries import Axis
from backend.register.statistics.reports import YearReport, report
from backend.register.statistics.service import Officer
from backend.runtime.servers import running_servers
from backend.settings import Settings
from backend.spreadsheets.errors import SpreadsheetError
from backend.spreadsheets.reading import read_table
from credit_rules.energy import JSON_DIGITS, SHOWN_DIGITS, Basis, load_energy_tables, rounded

_SOME_ROWS_REFUSED = 1
_YEAR = click.IntRange(2000, 2100)


@click.group(help="台账：能源资源消费统计的导入、汇总与审核。")
def register() -> None:
    """Groups the commands of the register."""


@register.command("template", help="生成能源消费表的空白模板 FILE.xlsx（不需要数据库）。")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def template_command(file: Path) -> None:
    """Writes the empty form of an institution's year."""
    try:
        file.write_bytes(template())
    except OSError as error:
        refuse(f"{file}：无法写入（{error.strerror}），请换一个位置。")
    click.echo(f"模板已写入 {file}")


@register.command("import", help="导入能源消费表 FILE（.xlsx 或 CSV）；有错时整个文件不写入。")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--good", is_flag=True, help="写入没有错误的单位与年份，其余列出。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def import_command(file: Path, *, good: bool, as_json: bool) -> None:
    """Takes a file in and prints what became of it, cell by cell."""
    try:
        content = parse_figures(read_table(content_of(file)))
    except SpreadsheetError as error:
        refuse(f"{file}：{error.message} [{error.code}]")
    found = _imported(content, good=good)
    if as_json:
        document = dataclasses.asdict(found) | {"ignored_columns": content.ignored}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        _print_import(found)
    if found.refused:
        raise SystemExit(_SOME_ROWS_REFUSED)


def _imported(content: FigureFile, *, good: bool) -> FigureReport:
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        try:
            with backend.engine.begin() as db:
                return import_figures(
                    db,
                    load_energy_tables(),
                    file=content,
                    officer=Officer(None, backend.clock.now()),
                    only_good=good,
                )
        finally:
            backend.engine.dispose()


def _print_import(found: FigureReport) -> None:
    for problem in found.problems:
        suggestion = f"。建议：{problem.suggestion}" if problem.suggestion else ""
        click.echo(f"第{problem.row}行 {problem.column}：{problem.problem}{suggestion}。")
    heading = "已写入" if found.written else "未写入任何内容；若改正后重新导入，将会是"
    click.echo(
        f"{heading}：{found.statements} 份报表，新增或改动 {found.changed} 个数据，"
        f"未变 {found.unchanged} 个；拒绝 {found.refused} 行。"
    )


@register.command("report", help="按区县、系统、单位性质或单位汇总一年的能耗与碳排放。")
@click.option("--by", "axis", type=click.Choice([axis.value for axis in Axis]), required=True)
@click.option("--year", type=_YEAR, required=True, help="用能的年份。")
@click.option(
    "--basis",
    type=click.Choice([basis.value for basis in Basis]),
    default=Basis.CALORIFIC.value,
    show_default=True,
    help="电力折标口径：calorific 当量值，equivalent 等价值。",
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def report_command(axis: str, year: int, basis: str, *, as_json: bool) -> None:
    """Prints a report; the total is the same on every axis."""
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        try:
            with backend.engine.begin() as db:
                found = report(
                    db,
                    load_energy_tables(),
                    axis=Axis(axis),
                    year=year,
                    basis=Basis(basis),
                    now=backend.clock.now(),
                )
        finally:
            backend.engine.dispose()
    if as_json:
        click.echo(json.dumps(_report_body(found), ensure_ascii=False, indent=2))
    else:
        _print_report(found, Axis(axis))


def _exact(value: Fraction) -> str:
    return rounded(value, JSON_DIGITS)


def _report_body(found: YearReport) -> dict[str, object]:
    return {
        "year": found.year,
        "rows": [
            {"key": row.key, "name": row.name, "tce": _exact(row.tce), "tco2": _exact(row.tco2)}
            for row in found.rows
        ],
        "total": {"tce": _exact(found.tce), "tco2": _exact(found.tco2)},
        "basis": found.basis.value,
        "factors": [dataclasses.asdict(factor) for factor in found.factors],
        "reasons": list(found.reasons),
    }


def _print_report(found: YearReport, axis: Axis) -> None:
    rows = [
        (row.name, rounded(row.tce, SHOWN_DIGITS), rounded(row.tco2, SHOWN_DIGITS))
        for row in found.rows
    ]
    total = (rounded(found.tce, SHOWN_DIGITS), rounded(found.tco2, SHOWN_DIGITS))
    click.echo(f"{found.year} 年，电力按{found.basis.label}")
    for line in table((AXES[axis], "吨标准煤", "吨二氧化碳"), [*rows, ("合计", *total)]):
        click.echo(line)
    for reason in found.reasons:
        click.echo(f"不精确：{reason}。")


@register.command("review", help="按审核规则列出一年里可疑的数据，可能的误差大的在前。")
@click.option("--year", type=_YEAR, required=True, help="用能的年份。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def review_command(year: int, *, as_json: bool) -> None:
    """Prints the flags of a year, ranked by the tCO2 that may be wrong."""
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        try:
            with backend.engine.begin() as db:
                flags = review_year(db, load_energy_tables(), year=year, now=backend.clock.now())
        finally:
            backend.engine.dispose()
    if as_json:
        items = [_flag_body(flag) for flag in flags]
        click.echo(json.dumps({"flags": items}, ensure_ascii=False, indent=2))
        return
    headings = ("单位", "项目", "月", "规则", "填报", "可能是", "吨二氧化碳")
    rows = [
        (
            flag.credit_code,
            flag.doubt.item,
            str(flag.doubt.month or "全年"),
            RULES[flag.doubt.rule],
            f"{flag.doubt.value:f}",
            f"{flag.doubt.expected:.6g}",
            rounded(flag.tco2_error, 3),
        )
        for flag in flags
    ]
    for line in table(headings, rows):
        click.echo(line)


def _flag_body(flag: Flag) -> dict[str, object]:
    doubt = flag.doubt
    return {
        "credit_code": flag.credit_code,
        "year": flag.year,
        "month": doubt.month or None,
        "item": doubt.item,
        "rule": doubt.rule,
        "value": f"{doubt.value:f}",
        "expected": rounded(Fraction(doubt.expected), 6),
        "unit": doubt.unit,
        "tco2_error": _exact(flag.tco2_error),
    }
