"""The two faces, each a gunicorn."""

import os
import shutil
import sys

import click

from backend.runtime.ports import bracketed, ensure_free
from backend.settings import Settings

_API_APP = "miniprogram_api.wsgi:app"
_CONSOLE_APP = "admin.wsgi:app"
_CONSOLE_WORKERS = 1
_CONSOLE_THREADS = 8
# How long the workers of a killed gunicorn may take to let go of its port.
_LEAVING_SECONDS = 10.0


@click.command("api", help="只运行接口与手机页面（gunicorn）。")
def api() -> None:
    """Becomes the gunicorn of the API."""
    settings = Settings.from_env()
    _become_gunicorn(
        settings, "api", _API_APP, settings.api_port, settings.api_workers, settings.api_threads
    )


@click.command("console", help="只运行管理台（gunicorn）。")
def console() -> None:
    """Becomes the gunicorn of the console."""
    settings = Settings.from_env()
    _become_gunicorn(
        settings, "console", _CONSOLE_APP, settings.console_port, _CONSOLE_WORKERS, _CONSOLE_THREADS
    )


def _become_gunicorn(
    settings: Settings, face: str, app: str, port: int, workers: int, threads: int
) -> None:
    """Replaces this process by gunicorn, so that whoever started us watches and signals it."""
    settings.ensure_complete()
    ensure_free(settings.host, port, f"TANPUHUI_{face.upper()}_PORT", patience=_LEAVING_SECONDS)
    metrics = settings.data_dir / "metrics" / face
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    arguments = [
        *("-m", "gunicorn", "--config", "python:backend.runtime.gunicorn_conf"),
        *("--bind", f"{bracketed(settings.host)}:{port}"),
        *("--workers", str(workers), "--threads", str(threads)),
        *("--name", f"tanpuhui-{face}", "--log-level", settings.log_level.lower()),
        app,
    ]
    os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - no shell is wanted
