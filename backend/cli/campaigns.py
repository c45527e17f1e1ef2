"""`tanpuhui campaigns`: the campaigns with their budgets, and what one came to."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click
from sqlalchemy import Connection

from backend.bootstrap import build
from backend.campaign_desk.queries import CampaignReport, report_of
from backend.campaigns.labels import CAMPAIGN_STATES
from backend.campaigns.queries import CampaignView, campaigns_in
from backend.cli.tables import table
from backend.clock import shanghai_time
from backend.organisations.queries import Scope
from backend.runtime.servers import running_servers
from backend.settings import Settings

_CITY = Scope(everything=True)
_MOST = 10_000


@click.group(help="活动：列表与结果。")
def campaigns() -> None:
    """Groups the commands of campaigns."""


@contextmanager
def _book() -> Iterator[tuple[Connection, datetime]]:
    """A transaction on the installation, and the present instant."""
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        try:
            with backend.engine.begin() as db:
                yield db, backend.clock.now()
        finally:
            backend.engine.dispose()


@campaigns.command("list", help="列出全部活动：状态、时间、预算与已用。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def list_command(*, as_json: bool) -> None:
    """Prints every campaign, the newest first."""
    with _book() as (db, now):
        found = campaigns_in(db, scope=_CITY, now=now, limit=_MOST)
    if as_json:
        items = [_campaign_body(each) for each in found]
        click.echo(json.dumps({"items": items}, ensure_ascii=False, indent=2))
        return
    rows = [
        (
            str(each.id),
            each.title,
            CAMPAIGN_STATES[each.state],
            f"{shanghai_time(each.starts_at):%Y-%m-%d %H:%M}",
            f"{shanghai_time(each.until):%Y-%m-%d %H:%M}",
            f"{each.budget_mpt / 1000:,.3f}",
            f"{each.spent_mpt / 1000:,.3f}",
        )
        for each in found
    ]
    for line in table(("编号", "活动", "状态", "开始", "结束", "预算（分）", "已用（分）"), rows):
        click.echo(line)


@campaigns.command("report", help="一场活动的结果，全部由账本算出。")
@click.argument("campaign_id", metavar="ID", type=click.IntRange(1, 2**45))
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def report_command(campaign_id: int, *, as_json: bool) -> None:
    """Prints the report of one campaign."""
    with _book() as (db, now):
        found = report_of(db, campaign_id, now=now)
    if as_json:
        click.echo(json.dumps(_report_body(found), ensure_ascii=False, indent=2))
        return
    view = found.campaign
    click.echo(f"{view.title}（{CAMPAIGN_STATES[view.state]}）")
    click.echo(f"报名 {view.enrolled} 人，有记录 {found.participants} 人，{found.actions} 次")
    click.echo(
        f"加成 {found.bonus_mpt / 1000:,.3f} 分，预算 {view.budget_mpt / 1000:,.3f} 分，"
        f"剩余 {view.budget_left_mpt / 1000:,.3f} 分"
    )


def _campaign_body(view: CampaignView) -> dict[str, object]:
    return {
        "id": view.id,
        "title": view.title,
        "kind": view.kind,
        "state": view.state,
        "starts_at": view.starts_at.isoformat(),
        "ends_at": view.until.isoformat(),
        "budget_mpt": view.budget_mpt,
        "spent_mpt": view.spent_mpt,
    }


def _report_body(found: CampaignReport) -> dict[str, object]:
    return {
        **_campaign_body(found.campaign),
        "budget_left_mpt": found.campaign.budget_left_mpt,
        "enrolled": found.campaign.enrolled,
        "participants": found.participants,
        "actions": found.actions,
        "reduction_mg": found.reduction_mg,
        "points_mpt": found.points_mpt,
        "bonus_mpt": found.bonus_mpt,
        "units": [dataclasses.asdict(line) for line in found.units],
    }
