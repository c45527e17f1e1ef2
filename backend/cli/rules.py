"""`tanpuhui rules`: list, validate, lock and try out methodologies.

These need no database; what reads the history stands in `rules_history`, imported when called.
"""

import importlib
import json
from datetime import date, datetime
from pathlib import Path

import click

from backend.cli.json_input import read_object, refuse, standard_input
from backend.cli.rulebook_files import DAY, FOLDER, WRONG, load_rules
from backend.clock import SystemClock, business_day, written_day
from credit_rules import (
    Facts,
    FactsRefused,
    NotInForce,
    RulebookError,
    Used,
    assess,
    describe,
    load_rulebook,
    read_used,
    write_lock,
)
from credit_rules.factors import read_factor_rows
from credit_rules.loading import SHIPPED, SHIPPED_DATA
from credit_rules.pages import factors_page, rulebook_pages
from credit_rules.why_lower import why_lower_page

_STDIN = "inputs.json"
_LONGEST_INPUT = 64 * 1024
_LONGEST_COUNTER = 20
_EXAMPLE = '{"mass": "1.5"}'
_USED_EXAMPLE = '{"键": {"points": "2 point"}}'
_SOLO_CAR = SHIPPED.parent / "rulebooks" / "solo_car"


# Commands that need the database: name -> attribute of backend.cli.rules_history.
_HISTORY = {"replay": "replay", "simulate": "simulate"}


class _RulesGroup(click.Group):
    """Imports what needs the database only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name."""
        return [*super().list_commands(ctx), *_HISTORY]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; None when there is none of that name."""
        if cmd_name not in _HISTORY:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module("backend.cli.rules_history")
        command: object = getattr(module, _HISTORY[cmd_name])
        if not isinstance(command, click.Command):
            raise TypeError(f"{cmd_name} is not a click command")
        return command


@click.group(cls=_RulesGroup, help="方法学：列出、校验、锁定、试算、重算历史。")
def rules() -> None:
    """Methodologies of the rulebook."""


def _day(moment: datetime | None) -> date:
    return written_day(moment) if moment is not None else business_day(SystemClock().now())


@rules.command("list", help="列出某日有效的方法学：编号、版本、摘要、输入、凭证与上限。")
@click.option("--on", type=DAY, default=None, help="日期，默认今天（上海）。")
@click.option("--files", type=FOLDER, default=None, help="改用这个文件夹里的方法学。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def list_rules(on: datetime | None, files: Path | None, *, as_json: bool) -> None:
    """List the methodologies in force on a day."""
    rulebook, day = load_rules(files), _day(on)
    found = rulebook.in_force(day)
    if as_json:
        whole = {
            "rulebook": {
                "name": rulebook.name,
                "title": rulebook.title,
                "digest": rulebook.digest,
            },
            "on": day.isoformat(),
            "methodologies": [describe(methodology) for methodology in found],
        }
        click.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    click.echo(f"{rulebook.title}（{rulebook.digest[:12]}），{day} 有效：")
    for methodology in found:
        click.echo(
            f"{methodology.id}  第 {methodology.version} 版  {methodology.title}  "
            f"{methodology.digest[:12]}  自 {methodology.effective_from}"
        )
    if not found:
        click.echo("这一天没有生效的方法学，请换一个日期。")


@rules.command(help="校验文件夹里的全部方法学文件，逐条列出错误。")
@click.argument("folder", type=FOLDER, metavar="DIR")
def validate(folder: Path) -> None:
    """Print every error of a folder of methodology files."""
    if not folder.is_dir():
        refuse(str(folder), "DIR", "找不到这个文件夹，请核对路径。")
    try:
        rulebook = load_rulebook(folder)
    except RulebookError as error:
        for problem in error.problems:
            click.echo(str(problem))
        click.echo(f"共 {len(error.problems)} 处错误，均须改正后才能发布。")
        raise click.exceptions.Exit(WRONG) from error
    count = len(rulebook.all_versions())
    click.echo(f"{count} 个方法学版本全部通过，规则集摘要 {rulebook.digest}。")


@rules.command(help="发布：把文件夹里各版本的摘要写入 lock.json，此后内容不能再改。")
@click.argument("folder", type=FOLDER, metavar="DIR")
def lock(folder: Path) -> None:
    """Add the digests of new versions to the folder's lock file."""
    load_rules(folder)
    added = write_lock(folder)
    click.echo("已锁定：" + "、".join(added) if added else "没有新的版本需要锁定。")


@rules.command(
    help="由方法学文件生成文档：每个方法学一页、因子表，以及“为什么我们的数字比别处低”。"
)
@click.argument("folder", type=FOLDER, metavar="DIR")
def docs(folder: Path) -> None:
    """Write the documentation of the shipped rulebooks below a folder."""
    if folder.exists() and not folder.is_dir():
        refuse(str(folder), "DIR", "这是一个文件，请换成文件夹。")
    rulebook, solo_car = load_rules(None), load_rules(_SOLO_CAR)
    lines = (SHIPPED_DATA / "action_factors.csv").read_text(encoding="utf-8").splitlines()
    rows = read_factor_rows("action_factors.csv", lines, [])
    latest = max(methodology.effective_from for methodology in rulebook.all_versions())
    pages = {
        "why-lower.md": why_lower_page(rulebook, solo_car, rows, latest),
        "methodologies/factors.md": factors_page(rulebook, rows),
        **{f"methodologies/{name}": text for name, text in rulebook_pages(rulebook).items()},
        **{
            f"methodologies/solo_car/{name}": text
            for name, text in rulebook_pages(solo_car).items()
        },
    }
    for name, text in pages.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    click.echo(f"已在 {folder} 写入 {len(pages)} 页。")


@rules.command("assess", help="从标准输入读取 inputs.json，试算一次行为的减排量与积分。")
@click.option("--methodology", "methodology_id", required=True, help="方法学编号。")
@click.option("--on", type=DAY, required=True, help="行为发生的日期。")
@click.option("--at", type=click.DateTime(["%H:%M"]), help="行为发生的时间，例如 12:10；决定餐次。")
@click.option("--tier", default="T2", show_default=True, help="凭证等级。")
@click.option("--used", default="{}", help=f"此前累计，JSON：{_USED_EXAMPLE}。")
@click.option("--files", type=FOLDER, default=None, help="改用这个文件夹里的方法学。")
def assess_command(
    methodology_id: str,
    on: datetime,
    at: datetime | None,
    tier: str,
    used: str,
    files: Path | None,
) -> None:
    """Assess one action from standard input and print the integers and the trace."""
    rulebook = load_rules(files)
    inputs = read_object(
        _STDIN, standard_input(_LONGEST_INPUT), limit=_LONGEST_INPUT, example=_EXAMPLE
    )
    facts = Facts(
        methodology_id=methodology_id,
        on=written_day(on),
        tier=tier,
        inputs=inputs,  # type: ignore[arg-type] # assess refuses every value of another type by name
        used=_used(used),
        minute=None if at is None else at.hour * 60 + at.minute,
    )
    try:
        result = assess(rulebook, facts)
    except NotInForce as error:
        refuse("--methodology", methodology_id, error.sentence)
    except FactsRefused as error:
        first, *others = error.problems
        more = f"（另有 {len(others)} 处）" if others else ""
        refuse(_STDIN, first.field, f"{first.sentence}[{first.code}]{more}")
    output = {
        "reduction_mg": result.reduction_mg,
        "points_mpt": result.points_mpt,
        "ranked": result.ranked,
        "usage": {key: row._asdict() for key, row in result.usage.items()},
        "sentences": result.trace.sentences(),
        "trace": result.trace.to_json(),
        "trace_digest": result.trace.digest(),
        "digest": result.digest,
        "rulebook_digest": rulebook.digest,
    }
    click.echo(json.dumps(output, ensure_ascii=False, indent=2))


def _used(text: str) -> dict[str, Used]:
    rows: dict[str, Used] = {}
    data = text.encode(errors="surrogatepass")
    whole = read_object(
        "--used", data, limit=_LONGEST_INPUT, example=_USED_EXAMPLE, integers=_counter
    )
    for key, row in whole.items():
        if not isinstance(row, dict):
            refuse("--used", key, f"请写成 {_USED_EXAMPLE}。")
        try:
            rows[key] = read_used(row)
        except ValueError as error:
            refuse("--used", key, str(error))
    return rows


def _counter(text: str) -> object:
    """A counter as `assess` prints it; what no counter can be stays text and is refused by name."""
    return int(text) if len(text) <= _LONGEST_COUNTER else text
