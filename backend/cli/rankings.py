"""`tanpuhui rankings`: boards from the actions, rebuilt or only compared."""

import json
from collections.abc import Mapping

import click

from backend.bootstrap import build
from backend.cli.rankings_index import index_command
from backend.rankings import closing, jobs
from backend.rankings.queries import opened_seasons
from backend.runtime.servers import running_servers
from backend.settings import Settings

_DIFFERENT = 1
_WORDS = {
    "department_id": "部门",
    "day": "日期",
    "season": "榜期",
    "closed_season": "已截算的榜期",
    "member_id": "成员",
    "board": "榜",
    "group_id": "编号",
}


@click.group(help="排行榜：重建与核对。")
def rankings() -> None:
    """Groups the commands of boards."""


rankings.add_command(index_command)


@rankings.command(help="从行为记录重算部门汇总与榜单；--check 只核对不改动。")
@click.option("--check", is_flag=True, help="只核对：有差异时退出码为 1。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def rebuild(*, check: bool, as_json: bool) -> None:
    """Rebuilds the roll-ups and boards, or names where they differ from the actions."""
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        try:
            with backend.engine.begin() as db:
                differing = jobs.differences(db)
                members = jobs.season_differences(db)
                groups = jobs.group_differences(db)
                closed = closing.differences(db)
                if not check:
                    jobs.rebuild(db)
                    closing.restate(db, opened_seasons(db), now=backend.clock.now())
                    jobs.publish_current(db, backend.redis, now=backend.clock.now())
        finally:
            backend.engine.dispose()
    found: list[Mapping[str, object]] = [
        *({"department_id": d, "day": str(day)} for d, day in sorted(differing)),
        *({"season": season, "member_id": m} for season, m in sorted(members)),
        *({"season": season, "board": b, "group_id": g} for season, b, g in sorted(groups)),
        *({"closed_season": season.name} for season in closed),
    ]
    if as_json:
        click.echo(json.dumps({"differences": found, "rebuilt": not check}))
    elif found:
        click.echo(f"{len(found)} 处汇总与行为记录不一致" + ("。" if check else "，已重算。"))
        for difference in found:
            click.echo(
                "  " + "，".join(f"{_WORDS[key]} {value}" for key, value in difference.items())
            )
    else:
        click.echo("各榜期的汇总与行为记录一致。")
    if check and found:
        raise click.exceptions.Exit(_DIFFERENT)
