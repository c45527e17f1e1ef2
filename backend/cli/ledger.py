"""`tanpuhui ledger`: whether the book holds what it promises."""

import json
from dataclasses import asdict

import click

from backend.bootstrap import build
from backend.invariants import Finding
from backend.runtime.servers import running_servers
from backend.schema import METADATA
from backend.settings import Settings
from backend.verification.service import Verification, open_books
from backend.verification.service import verify as run_checks

_WRONG = 1


@click.group(help="账本：核验。")
def ledger() -> None:
    """Groups the commands of the ledger."""


@ledger.command(help="核验账本的全部不变量与各项对账；发现不符时退出码为 1。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def verify(*, as_json: bool) -> None:
    """Runs every check over one snapshot; progress goes to stderr."""
    with running_servers(Settings.from_env()) as settings:
        verification = verified(settings)
    if as_json:
        click.echo(json.dumps(_document(verification), ensure_ascii=False))
    else:
        _tell(verification)
    if verification.found:
        raise click.exceptions.Exit(_WRONG)


def verified(settings: Settings) -> Verification:
    """Runs every check on an installation's books, reporting on stderr."""
    backend = build(settings)
    gone_through = 0

    def advance(rows: int) -> None:
        nonlocal gone_through
        gone_through += rows
        click.echo(f"  … 已重算 {gone_through:,} 条", err=True)

    try:
        with open_books(
            backend.engine,
            backend.redis,
            rulebook=backend.rulebook,
            metadata=METADATA,
            now=backend.clock.now(),
            advance=advance,
        ) as books:
            return run_checks(books, report=lambda line: click.echo(line, err=True))
    finally:
        backend.engine.dispose()
        backend.redis.close()


def _tell(verification: Verification) -> None:
    for result in verification.results:
        for finding in result.findings:
            click.echo(_line(finding))
        if result.found > len(result.findings):
            click.echo(f"  {result.check.title}：另有 {result.found - len(result.findings)} 处")
    verdict = f"{verification.found} 处不符。" if verification.found else "全部相符。"
    click.echo(
        f"核验 {verification.entries:,} 条分录、{len(verification.results)} 项检查，"
        f"用时 {verification.elapsed_ms / 1000:.1f} 秒：{verdict}"
    )


def _line(finding: Finding) -> str:
    number, title = int(finding.invariant), finding.invariant.title
    return f"不变量 {number}（{title}）{finding.subject}：{finding.detail}"


def _document(verification: Verification) -> dict[str, object]:
    return {
        "ok": verification.found == 0,
        "entries": verification.entries,
        "seconds": verification.elapsed_ms / 1000,
        "checks": [
            {
                "name": result.check.name,
                "title": result.check.title,
                "invariants": [int(invariant) for invariant in result.check.invariants],
                "found": result.found,
                "seconds": result.elapsed_ms / 1000,
            }
            for result in verification.results
        ],
        "findings": [
            {
                **asdict(finding),
                "invariant_title": finding.invariant.title,
                "check": result.check.name,
            }
            for result in verification.results
            for finding in result.findings
        ],
    }
