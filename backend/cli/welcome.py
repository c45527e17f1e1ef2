"""`tanpuhui welcome`: the demo for an empty installation, and the links that let people in."""

import click

from backend.bootstrap import Backend, build
from backend.demo.links import print_links
from backend.demo.seed import is_empty, seed
from backend.runtime.servers import running_servers
from backend.settings import Settings


@click.command("welcome", help="数据库为空时载入演示数据，并打印一次性登录链接。")
@click.option("--demo/--no-demo", default=True, help="是否载入演示数据（默认载入）。")
def welcome(*, demo: bool) -> None:
    """Loads the demo into an empty database and prints login links."""
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        if demo:
            _seed_when_empty(backend)
        print_links(backend, click.echo)


def _seed_when_empty(backend: Backend) -> None:
    with backend.engine.connect() as db:
        empty = is_empty(db)
    if empty:
        click.echo("数据库为空，载入演示城市 …")
        seed(backend, scale="small", report=click.echo)
