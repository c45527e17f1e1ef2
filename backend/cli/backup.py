"""`tanpuhui backup` and `tanpuhui restore`: the whole installation's data in one file."""

from pathlib import Path

import click
from redis.exceptions import RedisError

from backend.backup import service
from backend.bootstrap import application_engine, build, prepare
from backend.cli.file_import import refuse
from backend.cli.ledger import report_of, verified
from backend.rankings import jobs
from backend.rankings.service import withdraw
from backend.runtime.servers import running_servers
from backend.settings import Settings

_WRONG = 1


@click.command("backup", help="把全部数据备份到一个文件；系统照常运行。")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def backup(*, file: Path) -> None:
    """Writes a consistent backup of the database."""
    with running_servers(Settings.from_env()) as settings:
        try:
            manifest = service.backup(settings.owner_database_url, file, report=_progress)
        except FileExistsError:
            refuse(f"{file}：文件已存在，备份不会覆盖它，请换一个文件名。")
        except OSError as error:
            refuse(f"{file}：无法写入（{error.strerror}），请换一个位置。")
    click.echo(
        f"已备份 {len(manifest.tables)} 张表、{manifest.rows:,} 行到 {file}。"
        "密钥不在其中：请另行保管 TANPUHUI_SECRET_KEY 或数据目录里的 secret_key。"
    )


@click.command("restore", help="把备份恢复到空的数据库，核验账本并重建榜单；不符时退出码为 1。")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore(*, file: Path) -> None:
    """Restores a backup, then verifies the ledger and rebuilds the boards."""
    with running_servers(Settings.from_env()) as settings:
        try:
            manifest = service.restore(settings.owner_database_url, file, report=_progress)
        except OSError as error:
            refuse(f"{file}：无法读取（{error.strerror}），请核对路径。")
        click.echo(
            f"已恢复 {len(manifest.tables)} 张表、{manifest.rows:,} 行（{manifest.created_at}）。"
        )
        prepare(settings)
        _rebuild_boards(settings)
        verification = verified(settings)
    report_of(verification)
    if verification.found:
        raise click.exceptions.Exit(_WRONG)


def _progress(line: str) -> None:
    click.echo(line, err=True)


def _rebuild_boards(settings: Settings) -> None:
    """Brings the roll-ups and boards in line; without Redis the boards follow when it is back."""
    backend = build(settings)
    engine = application_engine(settings, jobs=True)
    try:
        with engine.begin() as db:
            db.exec_driver_sql("SET LOCAL statement_timeout = 0")
            jobs.rebuild(db)
        with engine.begin() as db:
            withdraw(backend.redis)
            jobs.publish_current(db, backend.redis, now=backend.clock.now())
    except RedisError as error:
        click.echo(
            f"Redis 无法连接（{type(error).__name__}），榜单将在它恢复后自动写入。", err=True
        )
    finally:
        engine.dispose()
        backend.engine.dispose()
        backend.redis.close()
