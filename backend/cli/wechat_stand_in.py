"""`wechat-stand-in`: serves the local WeChat for demos and for work without the internet."""

import contextlib

import click

from backend.clock import SystemClock
from backend.ports.wechat_stand_in import WeChatStandIn


@click.command("wechat-stand-in")
@click.option("--port", type=click.IntRange(0, 65535), default=8009, show_default=True)
@click.option("--app-id", default="wx0000000000000000", show_default=True)
@click.option(
    "--secret", envvar="TANPUHUI_WECHAT_APP_SECRET", default="stand-in", show_default=True
)
def wechat_stand_in(port: int, app_id: str, secret: str) -> None:
    """Serve a stand-in of WeChat's server on 127.0.0.1 until Ctrl-C."""
    try:
        stand_in = WeChatStandIn(app_id, secret, SystemClock(), port)
    except OSError as error:
        message = f"--port {port}: {error.strerror}; choose another with --port"
        raise click.UsageError(message) from None
    click.echo(f"WeChat stand-in: {stand_in.base_url} (app id {app_id})")
    with contextlib.suppress(KeyboardInterrupt):
        stand_in.serve()
