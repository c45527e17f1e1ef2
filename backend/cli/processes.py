"""The processes behind the faces: one worker a queue, the outbox relay, the tick."""

import click

from backend import logs
from backend.bootstrap import Backend, build
from backend.settings import Settings
from backend.worker import QUEUES, run_relay, run_tick, run_worker


def _backend() -> Backend:
    settings = Settings.from_env()
    logs.configure(settings.log_level, serving=True)
    return build(settings, jobs=True)


@click.command("worker", help="运行一个队列的后台进程；每个进程只服务一个队列。")
@click.argument("queue", type=click.Choice(QUEUES))
def worker(queue: str) -> None:
    """Serves one RQ queue."""
    run_worker(_backend(), queue)


@click.command("relay", help="把已提交的发件箱消息交给队列。")
def relay() -> None:
    """Relays the outbox."""
    run_relay(_backend())


@click.command("tick", help="到点时把定时任务放进发件箱。")
def tick() -> None:
    """Claims periodic work."""
    run_tick(_backend())
