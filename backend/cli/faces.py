"""The two faces, each a granian."""

import os
import shutil

import click

from backend.runtime.ports import ensure_free
from backend.runtime.serving import serve
from backend.settings import Settings

_API_APP = "miniprogram_api.wsgi:app"
_CONSOLE_APP = "admin.wsgi:app"
_CONSOLE_WORKERS = 1
_CONSOLE_THREADS = 8
# How long the workers of a killed face may take to let go of its port.
_LEAVING_SECONDS = 10.0


@click.command("api", help="只运行接口与手机页面。")
def api() -> None:
    """Serves the API."""
    settings = Settings.from_env()
    _serve(settings, "api", _API_APP, settings.api_port, settings.api_workers, settings.api_threads)


@click.command("console", help="只运行管理台。")
def console() -> None:
    """Serves the console."""
    settings = Settings.from_env()
    port = settings.console_port
    _serve(settings, "console", _CONSOLE_APP, port, _CONSOLE_WORKERS, _CONSOLE_THREADS)


def _serve(settings: Settings, face: str, app: str, port: int, workers: int, threads: int) -> None:
    """Serves one face from this process, so that whoever started us watches and signals it."""
    settings.ensure_complete()
    ensure_free(settings.host, port, f"TANPUHUI_{face.upper()}_PORT", patience=_LEAVING_SECONDS)
    metrics = settings.data_dir / "metrics" / face
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir(parents=True)
    # prometheus_client looks once, when the application imports it.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(metrics)
    serve(
        app,
        host=settings.host,
        port=port,
        workers=workers,
        threads=threads,
        log_level=settings.log_level,
    )
