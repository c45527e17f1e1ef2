"""`tanpuhui ledger key` and `ledger seal`: signing keys, closing months."""

import json

import click

from backend.bootstrap import build
from backend.ports.signed_notes import KeyTextError, Signer
from backend.proofs import jobs
from backend.proofs.months import seal_due, sealed_months
from backend.runtime.servers import running_servers
from backend.settings import Settings
from backend.timekeeping.service import JobsHeldError, watch
from backend.worker import signer_of

_SHOWN = 12


@click.command(help="生成账本检查点的签名密钥：私钥写到标准输出，公钥写到标准错误。")
@click.argument("name")
def key(name: str) -> None:
    """Prints a new private key; keeps nothing."""
    try:
        signer = Signer.generate(name)
    except KeyTextError as error:
        raise click.BadParameter(
            "名称不能为空，也不能含有空格和加号，例如 tanpuhui.example.gov.cn/ledger。",
            param_hint="NAME",
        ) from error
    click.echo(signer.secret_text)
    click.echo(f"公钥，请公布并抄送不由本单位管理的地方：{signer.verifier.text}", err=True)


@click.command(help="封存已关闭的月份：把每个账户的月末余额签名存证；已封存的不变。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def seal(*, as_json: bool) -> None:
    """Brings the tree up to date and seals every closed month that is not sealed yet."""
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        try:
            signer = signer_of(backend)
            with backend.engine.begin() as db:
                hold = watch(db, now=backend.clock.now())
            if hold:
                raise JobsHeldError(hold.sentence)
            jobs.build(backend.engine.begin, signer, backend.clock)
            new = seal_due(backend.engine.begin, signer, backend.clock)
            with backend.engine.connect() as db:
                newest = sealed_months(db, limit=_SHOWN)
        finally:
            backend.engine.dispose()
            backend.redis.close()
    if as_json:
        document = {
            "sealed": [f"{month:%Y-%m}" for month in new],
            "newest": [
                {"month": f"{each.month:%Y-%m}", "accounts": each.accounts, "note": each.note}
                for each in newest
            ],
        }
        click.echo(json.dumps(document, ensure_ascii=False))
        return
    for month in new:
        click.echo(f"已封存 {month:%Y-%m}。")
    last = f"最近封存的是 {newest[0].month:%Y-%m}。" if newest else "还没有封存过月份。"
    click.echo(f"没有需要封存的月份。{last}" if not new else f"共 {len(new)} 个月。{last}")
