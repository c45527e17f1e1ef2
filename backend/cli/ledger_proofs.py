"""`tanpuhui ledger key`: the key that signs the ledger's checkpoints."""

import click

from backend.ports.signed_notes import KeyTextError, Signer


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
    click.echo(
        f"公钥（请公布，并抄送至少两个不由本单位管理的地方）：{signer.verifier.text}", err=True
    )
