"""`tanpuhui clock`: what the clocks show, and letting held jobs go on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import click

from backend.bootstrap import Backend, build
from backend.clock import shanghai_time
from backend.runtime.servers import running_servers
from backend.settings import Settings
from backend.timekeeping.queries import ClockState, clock_state
from backend.timekeeping.service import confirm as confirm_clocks


@click.group(invoke_without_command=True, help="查看应用与数据库的时钟，以及任务是否暂停。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
@click.pass_context
def clock(context: click.Context, *, as_json: bool) -> None:
    """Shows both clocks; ends with 1 while jobs are held or the clocks differ."""
    if context.invoked_subcommand is not None:
        return
    with _running_backend() as backend, backend.engine.connect() as db:
        state = clock_state(db, now=backend.clock.now())
    click.echo(_document(state) if as_json else _text(state))
    context.exit(1 if state.hold or not state.now.agrees else 0)


@clock.command(help="核对过服务器时间之后，恢复暂停的任务。")
def confirm() -> None:
    """Ends the hold; refused while the clocks differ."""
    with _running_backend() as backend, backend.engine.begin() as db:
        hold = confirm_clocks(db, now=backend.clock.now())
    since = shanghai_time(hold.since)
    click.echo(f"已恢复自 {since:%Y-%m-%d %H:%M} 起暂停的任务，到期的会在一分钟内开始。")


@contextmanager
def _running_backend() -> Iterator[Backend]:
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        try:
            yield backend
        finally:
            backend.engine.dispose()
            backend.redis.close()


def _document(state: ClockState) -> str:
    document = {
        "application_at": state.now.application_at.isoformat(),
        "database_at": state.now.database_at.isoformat(),
        "agrees": state.now.agrees,
        "held": None
        if state.hold is None
        else {"since": state.hold.since.isoformat(), "reason": state.hold.reason.value},
    }
    return json.dumps(document, ensure_ascii=False)


def _text(state: ClockState) -> str:
    shown = [
        f"{name} {shanghai_time(at):%Y-%m-%d %H:%M:%S}（上海时间）"
        for name, at in (
            ("应用  ", state.now.application_at),
            ("数据库", state.now.database_at),
        )
    ]
    return "\n".join([*shown, state.hold.sentence if state.hold else "没有暂停的任务。"])
