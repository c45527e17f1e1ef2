"""`tanpuhui ledger`: whether the book holds what it promises, and where everything went."""

import json
from dataclasses import asdict
from datetime import datetime

import click

from backend.bootstrap import build
from backend.cli.ledger_proofs import key, seal
from backend.clock import SHANGHAI, shanghai_time
from backend.errors import InvalidInputError, field_errors
from backend.invariants import Finding
from backend.ledger import conservation
from backend.ledger.conservation import Report, SourceLine
from backend.runtime.servers import running_servers
from backend.schema import METADATA
from backend.settings import Settings
from backend.verification.service import Verification, open_books
from backend.verification.service import verify as run_checks

_WRONG = 1
_HEADINGS = ("来源", "发放", "持有", "待领", "已兑", "捐赠", "过期", "更正承担")


@click.group(help="账本：核验与守恒表。")
def ledger() -> None:
    """Groups the commands of the ledger."""


ledger.add_command(key)
ledger.add_command(seal)


@ledger.command(help="核验账本的全部不变量与各项对账；发现不符时退出码为 1。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def verify(*, as_json: bool) -> None:
    """Runs every check over one snapshot; progress goes to stderr."""
    with running_servers(Settings.from_env()) as settings:
        verification = verified(settings)
    if as_json:
        click.echo(json.dumps(_document(verification), ensure_ascii=False))
    else:
        report_of(verification)
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


def report_of(verification: Verification) -> None:
    """Prints what was found, and how much was looked at."""
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


@ledger.command(help="守恒表：发放 = 持有 + 待领 + 已兑 + 捐赠 + 过期 + 更正承担，按来源。")
@click.option("--at", help="时刻，如 2026-11-18T10:00:00+08:00；不带时区按北京时间，缺省为现在。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def report(*, at: str | None, as_json: bool) -> None:
    """Prints the conservation report of an instant; exit code 1 when it does not hold."""
    wanted = None if at is None else _instant(at)
    with running_servers(Settings.from_env()) as settings:
        backend = build(settings)
        try:
            with backend.engine.begin() as db:
                made = conservation.report(db, at=wanted or backend.clock.now())
        finally:
            backend.engine.dispose()
    click.echo(_report_document(made) if as_json else _as_table(made))
    if not made.holds:
        raise click.exceptions.Exit(_WRONG)


def _instant(text: str) -> datetime:
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        sentence = "时刻写法有误，请写成 2026-11-18T10:00:00+08:00。"
        raise InvalidInputError(sentence, fields=field_errors({"at": sentence})) from error
    return read if read.tzinfo else read.replace(tzinfo=SHANGHAI)


def _report_document(made: Report) -> str:
    document = {
        "as_of": made.as_of.isoformat(),
        "holds": made.holds,
        # The key is a promise to whoever reads this document.
        "lines": [
            {
                "absorbed" if key == "written_off" else key: value
                for key, value in asdict(line).items()
            }
            for line in made.lines
        ],
        "accounts": [
            {"unit": unit, "place": place, "amount": amount}
            for (unit, place), amount in sorted(made.accounts.items())
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _as_table(made: Report) -> str:
    rows = [f"截至 {shanghai_time(made.as_of):%Y-%m-%d %H:%M:%S}"]
    for unit, name in (("mpt", "积分（千分之一分）"), ("mg", "减排量（毫克 CO2e）")):
        rows += ["", name, "\t".join(_HEADINGS)]
        rows += ["\t".join(_cells(line)) for line in made.lines if line.unit == unit]
    return "\n".join([*rows, "", "守恒：是" if made.holds else "守恒：否，请核对账本。"])


def _cells(line: SourceLine) -> tuple[str, ...]:
    amounts = (
        line.issued,
        line.held,
        line.pending,
        line.spent,
        line.donated,
        line.expired,
        line.written_off,
    )
    return (f"{line.source_kind} {line.source}".strip(), *map(str, amounts))
