"""`tanpuhui rules replay` and `simulate`: the history recomputed, and under draft rules."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path

import click
from sqlalchemy import Connection

from backend.bootstrap import application_engine
from backend.cli.json_input import refuse
from backend.cli.rulebook_files import DAY, FOLDER, WRONG, refuse_rulebook
from backend.cli.simulation_report import SimulationReport
from backend.clock import SystemClock, business_day, written_day
from backend.db.snapshot import snapshot
from backend.rulebook.service import released_digests
from backend.runtime.servers import running_servers
from backend.settings import Settings
from backend.simulation.board_effect import board_effect
from backend.simulation.processes import Spread, every_core
from backend.simulation.queries import Days, count_of
from backend.simulation.replaying import ReplayDifference, replay_history
from backend.simulation.service import lead_in
from backend.simulation.service import simulate as simulate_draft
from credit_rules import Draft, RulebookError, load_draft, load_rulebook

_LISTED = 1_000
_SECONDS_BETWEEN = 2.0


@contextmanager
def _snapshot() -> Iterator[tuple[Connection, Spread]]:
    """The history as it stands at one instant, for reading only; posting goes on beside it."""
    with running_servers(Settings.from_env()) as settings:
        engine = application_engine(settings, pool_size=1, jobs=True)
        try:
            with snapshot(engine) as db:
                yield db, every_core(engine.url.render_as_string(hide_password=False))
        finally:
            engine.dispose()


class _Progress:
    """Tells on stderr how far a run has come, every two seconds."""

    def __init__(self, total: int) -> None:
        self._total, self.done = total, 0
        self._began = self._told = time.monotonic()

    def add(self, actions: int) -> None:
        """Counts what was done since the last call."""
        self.done += actions
        now = time.monotonic()
        if now - self._told >= _SECONDS_BETWEEN:
            self._told = now
            click.echo(f"{self.done:,} / {self._total:,} 条，{self.rate:,.0f} 条/秒", err=True)

    @property
    def rate(self) -> float:
        """Actions a second so far."""
        return self.done / max(time.monotonic() - self._began, 1e-9)


@click.command(help="按保存的事实与版本重算全部入账记录，逐条列出差异；有差异时退出码为 1。")
@click.option("--since", type=DAY, default=None, help="只重算这一天（上海）及以后发生的行为。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def replay(since: datetime | None, *, as_json: bool) -> None:
    """Recomputes every award ever made; there must be no difference."""
    first = written_day(since) if since is not None else None
    listed: list[ReplayDifference] = []
    differing = 0
    with _snapshot() as (db, spread):
        progress = _Progress(count_of(db, Days(first)))
        released = released_digests(db)
        for part in replay_history(
            db, load_rulebook(), rulebooks=released, since=first, spread=spread
        ):
            progress.add(part.actions)
            differing += len(part.differences)
            listed += part.differences[: _LISTED - len(listed)]
            if not as_json:
                _list(part.differences)
    click.echo(f"用时折合 {progress.rate:,.0f} 条/秒。", err=True)
    if as_json:
        click.echo(_replayed_json(first, progress.done, differing, listed))
    elif differing:
        click.echo(
            f"重算 {progress.done:,} 条，{differing:,} 条与账本不一致，请立即联系审计员核查。"
        )
    else:
        click.echo(f"重算 {progress.done:,} 条，与账本全部一致。")
    if differing:
        raise click.exceptions.Exit(WRONG)


def _list(differences: tuple[ReplayDifference, ...]) -> None:
    for difference in differences:
        head = f"行为 {difference.action_id}（{difference.occurred_on}，{difference.methodology}）"
        for finding in difference.findings:
            click.echo(
                f"{head} {finding.fault}：账本 {finding.stored or '无'}，"
                f"重算 {finding.recomputed or '无'}"
            )


def _replayed_json(
    since: date | None, actions: int, differing: int, listed: list[ReplayDifference]
) -> str:
    whole = {
        "schema": "tanpuhui.replay.v1",
        "since": since.isoformat() if since is not None else None,
        "actions": actions,
        "differing": differing,
        "differences": [
            {**asdict(difference), "occurred_on": difference.occurred_on.isoformat()}
            for difference in listed
        ],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2)


@click.command(
    help="用草案规则重跑一段历史：按种类、部门、成员十分位比较，并列出预算与拒绝；不写入任何内容。"
)
@click.option(
    "--files", type=FOLDER, required=True, help="草案文件夹；其中没有的种类沿用现行规则。"
)
@click.option("--from", "first", type=DAY, required=True, help="第一天（上海）。")
@click.option("--to", "last", type=DAY, required=True, help="最后一天（上海）。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def simulate(files: Path, first: datetime, last: datetime, *, as_json: bool) -> None:
    """Runs history under draft rules and tells what would change."""
    if first > last:
        refuse("--from", f"{written_day(first)}", "晚于 --to，请对调这两个日期。")
    report = _simulated(_draft(files), written_day(first), written_day(last))
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(report.lines()))


def _draft(files: Path) -> Draft:
    try:
        return load_draft(files, load_rulebook())
    except RulebookError as error:
        refuse_rulebook(error)


def _simulated(draft: Draft, first: date, last: date) -> SimulationReport:
    with _snapshot() as (db, spread):
        progress = _Progress(count_of(db, Days(lead_in(draft, first), last)))
        outcome = simulate_draft(
            db, draft, first=first, last=last, tell=progress.add, spread=spread
        )
        today = business_day(SystemClock().now())
        board = board_effect(db, outcome.departments, day=min(today, last))
    click.echo(f"用时折合 {progress.rate:,.0f} 条/秒。", err=True)
    return SimulationReport(first, last, draft, outcome, board)
