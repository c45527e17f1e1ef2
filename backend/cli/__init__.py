"""Operator commands: `tanpuhui`. Each stands in a sibling module, imported when called."""

import importlib
import os

import click

from backend import logs
from backend.cli import outages
from backend.errors import DomainError
from backend.settings import SettingsError

BAD_INPUT = 2

# name -> (module:attribute, what it is for)
COMMANDS = {
    "up": ("backend.cli.up:up", "启动整套系统：数据库、缓存、接口、管理台与后台进程"),
    "api": ("backend.cli.faces:api", "只运行接口与手机页面"),
    "console": ("backend.cli.faces:console", "只运行管理台"),
    "worker": ("backend.cli.processes:worker", "只运行一个队列的后台进程"),
    "tick": ("backend.cli.processes:tick", "只运行定时任务的节拍"),
    "relay": ("backend.cli.processes:relay", "只运行发件箱转发"),
    "welcome": ("backend.cli.welcome:welcome", "数据库为空时载入演示数据，并打印一次性登录链接"),
    "wechat-stand-in": ("backend.cli.wechat_stand_in:wechat_stand_in", "运行本机的微信替身"),
    "db": ("backend.cli.database:db", "数据库迁移：升级与检查"),
    "demo": ("backend.cli.demo:demo", "演示数据"),
    "organisations": ("backend.cli.organisations:organisations", "组织：导入区县、单位与部门"),
    "people": ("backend.cli.people:people", "名册导入与成员"),
    "rules": ("backend.cli.rules:rules", "方法学：列出、校验、试算"),
    "energy": ("backend.cli.energy:energy", "能源换算：折标煤与碳排放"),
    "footprint": ("backend.cli.footprint:footprint", "个人碳足迹估算"),
    "ledger": ("backend.cli.ledger:ledger", "账本：核验与守恒表"),
    "rankings": ("backend.cli.rankings:rankings", "排行榜：重建与核对"),
    "campaigns": ("backend.cli.campaigns:campaigns", "活动：列表与结果"),
    "register": ("backend.cli.register:register", "台账：能源统计的导入、汇总与审核"),
    "clock": ("backend.cli.clock:clock", "时钟：查看，核对后恢复暂停的任务"),
    "backup": ("backend.cli.backup:backup", "备份：全部数据写入一个文件"),
    "restore": ("backend.cli.backup:restore", "恢复：把备份写入空的数据库并核验"),
    "shell": ("backend.cli.shell:shell", "打开带有 Backend 的 Python 交互环境"),
    "openapi": ("backend.cli.openapi:openapi", "输出接口的 OpenAPI 文档"),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only when it is called."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuses what no file of ours and no database can hold: bytes that are no UTF-8."""
        for argument in args:
            try:
                argument.encode()
            except UnicodeEncodeError:
                shown = argument.encode(errors="replace").decode()
                ctx.fail(f"参数 {shown} 不是 UTF-8 编码，请换一种写法。")
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click calls it so
        """Every command's name, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click calls it so
        """Imports the command; None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: object = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module}:{attribute} is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click calls it so
        """Writes the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, purpose) for name, (_, purpose) in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; turns a refusal into its sentence on stderr and exit code 2."""
        try:
            return super().invoke(ctx)
        except DomainError as error:
            click.echo(f"{error.message} [{error.code}]", err=True)
            for field in error.fields:
                click.echo(f"  {field.field}: {field.message} [{field.code}]", err=True)
            raise click.exceptions.Exit(BAD_INPUT) from error
        except SettingsError as error:
            click.echo(f"配置有误，请修改以下环境变量：\n{error}", err=True)
            raise click.exceptions.Exit(BAD_INPUT) from error
        except Exception as error:
            sentence = outages.sentence_of(error)
            if sentence is None:
                raise
            click.echo(sentence, err=True)
            raise click.exceptions.Exit(BAD_INPUT) from error


@click.group(
    cls=LazyGroup,
    help="碳普惠 tanpuhui：运行与管理。",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def main() -> None:
    """The program behind the console script `tanpuhui`; what it prints never mixes with logs."""
    logs.configure(os.environ.get("TANPUHUI_LOG_LEVEL", "WARNING"))
