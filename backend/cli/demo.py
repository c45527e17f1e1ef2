"""`tanpuhui demo`: the demo city and the ways into it."""

import click

from backend.bootstrap import build
from backend.db.migrate import upgrade
from backend.demo.links import print_links
from backend.demo.scale import SCALES
from backend.demo.seed import seed as build_city
from backend.runtime.servers import running_servers
from backend.settings import Settings


@click.group("demo", help="演示数据：虚构的单位、成员、回收点和投放记录。")
def demo() -> None:
    """The group `tanpuhui demo`."""


@demo.command("seed", help="升级数据库结构，在空数据库里载入演示城市，并打印一次性登录链接。")
@click.option(
    "--scale",
    type=click.Choice(tuple(SCALES)),
    default="small",
    show_default=True,
    help="规模：tiny 试跑；small 12 个单位、1,500 人、90 天；city 3,000 个单位、10 万人、一年。",
)
def seed(scale: str) -> None:
    """Builds the demo city."""
    with running_servers(Settings.from_env()) as settings:
        upgrade(settings.owner_database_url)
        backend = build(settings)
        build_city(backend, scale=scale, report=click.echo)
        print_links(backend, click.echo)


@demo.command("links", help="打印演示账号新的一次性登录链接。")
def links() -> None:
    """Prints fresh login links."""
    with running_servers(Settings.from_env()) as settings:
        print_links(build(settings), click.echo)
