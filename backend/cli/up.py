"""`tanpuhui up`: every process of an installation under one supervisor."""

import os
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import replace

import click
from sqlalchemy.exc import OperationalError

from backend.bootstrap import prepare
from backend.runtime.children import ISOLATED, StartError
from backend.runtime.lock import DataFolderLock
from backend.runtime.ports import bracketed, ensure_free
from backend.runtime.servers import (
    complete,
    embedded_postgres,
    embedded_redis,
    with_signing_key,
)
from backend.runtime.supervisor import Process, Supervisor
from backend.settings import Settings
from backend.worker import QUEUES

_STAND_IN_APP = "wx0000000000000000"
# How long the processes of a killed `up` may take to let go of their ports.
_LEAVING_SECONDS = 10.0
# What stands higher is stopped first, so that nothing loses what it works with.
_SERVERS, _BACKGROUND, _FACES = range(3)


@click.command("up", help="启动整套系统，Ctrl-C 停止它启动的一切。")
@click.option("--demo/--no-demo", default=True, help="数据库为空时是否载入演示城市（默认载入）。")
def up(*, demo: bool) -> None:
    """Runs everything under one supervisor."""
    settings = Settings.from_env()
    begun = time.monotonic()
    with DataFolderLock(settings.data_dir) as lock:
        patience = _LEAVING_SECONDS if lock.owner_was_killed else 0.0
        ensure_free(settings.host, settings.api_port, "TANPUHUI_API_PORT", patience=patience)
        ensure_free(
            settings.host, settings.console_port, "TANPUHUI_CONSOLE_PORT", patience=patience
        )
        try:
            with Supervisor(click.echo) as supervisor:
                _supervise(supervisor, settings, demo=demo, begun=begun)
        except KeyboardInterrupt:
            click.echo("已全部停止。")


def _supervise(supervisor: Supervisor, settings: Settings, *, demo: bool, begun: float) -> None:
    """Brings everything up and stays until a signal comes."""

    def report(line: str) -> None:
        click.echo(f"[{time.monotonic() - begun:5.1f} 秒] {line}")

    servers = [each for each in (embedded_postgres(settings), embedded_redis(settings)) if each]
    if servers:
        report("启动内置 PostgreSQL 与 Redis …")
        supervisor.start(*servers, floor=_SERVERS)
    settings = complete(with_signing_key(settings))
    report("升级数据库结构 …")
    _migrate(settings)
    settings = _with_wechat(supervisor, settings)
    environment = os.environ | settings.environment() | {"PYTHONUNBUFFERED": "1"}
    faces = _faces(settings, environment)
    report("启动接口与管理台 …")
    supervisor.start(*faces, floor=_FACES)
    supervisor.wait_until_ready(*faces)
    # Only now, so that the faces have the machine to themselves while they start.
    supervisor.start(*_background(settings, environment), floor=_BACKGROUND)
    report("已就绪：")
    for line in _addresses(settings):
        click.echo(line)
    report("准备演示城市与登录链接，首次半分钟到一分钟 …" if demo else "查看登录链接 …")
    option = "--demo" if demo else "--no-demo"
    supervisor.start(_command("welcome", environment, None, "welcome", option), floor=_FACES)
    supervisor.run()


def _migrate(settings: Settings) -> None:
    """Brings the database up to date and records the methodologies.

    Raises:
        StartError: it cannot be reached.
    """
    try:
        prepare(settings)
    except OperationalError as error:
        raise StartError(
            "无法连接数据库，请检查 TANPUHUI_DATABASE_URL 与 TANPUHUI_OWNER_DATABASE_URL："
            f"{error.orig}"
        ) from error


def _with_wechat(supervisor: Supervisor, settings: Settings) -> Settings:
    """Without an app id of one's own, logins go to a stand-in of WeChat on this machine."""
    if settings.wechat_app_id:
        return settings
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = replace(
        settings,
        wechat_app_id=_STAND_IN_APP,
        wechat_app_secret=secrets.token_hex(16),
        wechat_base_url=f"http://127.0.0.1:{port}",
    )
    command = ("wechat-stand-in", "--port", str(port), "--app-id", _STAND_IN_APP)
    environment = os.environ | settings.environment()
    supervisor.start(_command(command[0], environment, settings, *command), floor=_BACKGROUND)
    return settings


def _background(settings: Settings, environment: Mapping[str, str]) -> list[Process]:
    """One worker a queue, the relay and the tick."""
    workers = [
        _command(f"worker-{queue}", environment, settings, "worker", queue) for queue in QUEUES
    ]
    return [*workers, *(_command(name, environment, settings, name) for name in ("relay", "tick"))]


def _faces(settings: Settings, environment: Mapping[str, str]) -> list[Process]:
    host = _reachable(settings.host)
    return [
        _command(name, environment, settings, name, ready_url=f"http://{host}:{port}/readyz")
        for name, port in (("api", settings.api_port), ("console", settings.console_port))
    ]


def _command(
    name: str,
    environment: Mapping[str, str],
    logged: Settings | None,
    *arguments: str,
    ready_url: str | None = None,
) -> Process:
    """One of our own commands as a process; without a place for logs it has one job to do."""
    return Process(
        name,
        (sys.executable, *ISOLATED, "-m", "backend.cli", *arguments),
        env=environment,
        log=logged.data_dir / "logs" / f"{name}.log" if logged else None,
        once=logged is None,
        ready_url=ready_url,
    )


def _addresses(settings: Settings) -> list[str]:
    return [
        f"  手机页面与接口  {settings.public_url}",
        f"  接口文档        {settings.public_url}/api/v1/docs",
        f"  管理台          {settings.console_url}",
        f"  数据与日志      {settings.data_dir}",
        *(
            [f"  微信替身        {settings.wechat_base_url}"]
            if settings.wechat_app_id == _STAND_IN_APP
            else []
        ),
        "  按 Ctrl-C 停止。",
    ]


def _reachable(host: str) -> str:
    """The address at which this machine reaches a face that listens on `host`."""
    if host in {"0.0.0.0", ""}:  # noqa: S104 - compared with, not bound to
        return "127.0.0.1"
    return bracketed("::1" if host == "::" else host)
