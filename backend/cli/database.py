"""`tanpuhui db`: the schema of the database."""

import click

from backend.bootstrap import prepare
from backend.db.engine import make_engine
from backend.db.migrate import pending
from backend.runtime.servers import running_servers
from backend.settings import Settings


@click.group("db", help="数据库结构：升级与检查。")
def db() -> None:
    """Groups the commands of the schema."""


@db.command("upgrade", help="把数据库结构升级到本程序的版本；已是最新时什么也不做。")
def upgrade_schema() -> None:
    """Runs the migrations as the owner and records the methodologies in force."""
    with running_servers(Settings.from_env()) as settings:
        prepare(settings)
    click.echo("数据库结构已是最新，方法学版本已登记。")


@db.command("check", help="检查数据库结构是否与本程序一致；不一致时退出码为 1。")
def check() -> None:
    """Compares the database with the migrations of this program."""
    with running_servers(Settings.from_env()) as settings:
        engine = make_engine(settings.owner_database_url, owner=True)
        try:
            with engine.connect() as connection:
                behind = pending(connection)
        finally:
            engine.dispose()
    if behind:
        click.echo("数据库结构与本程序不一致，请执行：tanpuhui db upgrade", err=True)
        raise click.exceptions.Exit(1)
    click.echo("数据库结构与本程序一致。")
