"""`tanpuhui shell`: a Python shell with the Backend of this installation."""

import code

import click

from backend.bootstrap import build
from backend.runtime.servers import running_servers
from backend.settings import Settings

_BANNER = (
    "backend：本安装的 Backend；db：应用角色的数据库连接。\n"
    "改动需 db.commit() 才会保存；按 Ctrl-D 退出，未提交的改动即撤销。"
)


@click.command("shell", help="打开带有 Backend 的 Python 交互环境。")
def shell() -> None:
    """Opens a shell on the running installation, or on one started for as long as it is open."""
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        with backend.engine.connect() as db:
            code.interact(_BANNER, local={"backend": backend, "db": db}, exitmsg="")
