"""`tanpuhui energy`: standard coal and CO2 of the forms of public institutions. No database."""

import json
import unicodedata
from datetime import datetime

import click

from backend.cli.json_input import read_json, refuse, standard_input
from backend.clock import written_day
from credit_rules.energy import (
    SHOWN_DIGITS,
    Basis,
    Choices,
    Conversion,
    EnergyRefused,
    MarketElectricity,
    convert,
    describe_conversion,
    describe_factors,
    load_energy_tables,
    rounded,
)

_STDIN = "quantities.json"
_LARGEST_INPUT = 2 * 1024 * 1024
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_OPTIONS = {
    "on": "--on",
    "set": "--set",
    "basis": "--basis",
    "region": "--region",
    "year": "--year",
    "market": "--market",
    "factors": "--factor",
}
_EXAMPLE = '[{"item": "electricity", "quantity": "1200", "unit": "kWh"}]'


@click.group(help="能源换算：折标煤与碳排放（不需要数据库）。")
def energy() -> None:
    """Conversions and factor tables."""


@energy.command("convert", help="从标准输入读取 quantities.json，换算为吨标准煤与吨二氧化碳。")
@click.option("--on", type=_DAY, required=True, help="以这一天已公布的因子为准。")
@click.option("--set", "set_name", required=True, help="碳排放因子集，例如 js_t_303_2026。")
@click.option(
    "--basis",
    type=click.Choice([basis.value for basis in Basis]),
    required=True,
    help="电力折标口径：calorific 当量值，equivalent 等价值。",
)
@click.option("--region", default=None, help="省、区域电网或全国，例如 浙江；有电力时必填。")
@click.option("--year", type=int, default=None, help="用能的年份；电网因子不晚于这一年。")
@click.option("--market", is_flag=True, help="同时按市场法计算电力。")
@click.option("--factor", "factors", multiple=True, help="指定某个因子，写因子表的键，可多次。")
@click.option("--allow-inexact", is_flag=True, help="允许近似因子，结果逐行标明。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def convert_command(
    on: datetime,
    set_name: str,
    basis: str,
    region: str | None,
    year: int | None,
    factors: tuple[str, ...],
    **flags: bool,
) -> None:
    """Convert the quantities on standard input."""
    choices = Choices(
        on=written_day(on),
        set_name=set_name,
        basis=Basis(basis),
        region=region,
        market=flags["market"],
        year=year,
        factors=factors,
        allow_inexact=flags["allow_inexact"],
    )
    try:
        result = convert(load_energy_tables(), _lines(), choices)
    except EnergyRefused as error:
        first, *others = error.problems
        more = f"（另有 {len(others)} 处）" if others else ""
        sentence = f"{first.sentence}[{first.code}]{more}"
        option = _OPTIONS.get(first.field)
        refuse("convert" if option else _STDIN, option or first.field, sentence)
    if flags["as_json"]:
        click.echo(json.dumps(describe_conversion(result), ensure_ascii=False, indent=2))
    else:
        _print(result)


@energy.command("factors", help="列出全部因子集：年份、来源、可信度与每个因子。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def factors_command(*, as_json: bool) -> None:
    """Print the factor tables."""
    tables = load_energy_tables()
    if as_json:
        click.echo(json.dumps(describe_factors(tables), ensure_ascii=False, indent=2))
        return
    for name, factors in sorted(tables.sets.items()):
        click.echo(f"因子集 {name}")
        for item, factor in factors.items():
            click.echo(f"  {item}  {factor.row.value} {factor.row.unit}  {factor.source}")
    click.echo("折标系数与密度")
    for factor in (*tables.coal.values(), *tables.densities.values()):
        click.echo(f"  {factor.id}  {factor.row.value} {factor.row.unit}  {factor.source}")
    click.echo("电网因子")
    for found in tables.grid.values():
        state = f"不可用：{found.unusable}" if found.unusable else f"公布于 {found.published_on}"
        click.echo(f"  {found.id}  {found.row.value} {found.row.unit}  {state}")


def _lines() -> list[dict[str, object]]:
    """The list on standard input; numbers stay the text they were written as."""
    data = standard_input(_LARGEST_INPUT)
    value = read_json(_STDIN, data, limit=_LARGEST_INPUT, example=_EXAMPLE)
    if not isinstance(value, list):
        refuse(_STDIN, ".", f"最外层须是列表，例如 {_EXAMPLE}。")
    return value


def _print(result: Conversion) -> None:
    """A table for people: six decimals of a tonne, rounded half to even."""
    choices = result.choices
    head = (choices.on.isoformat(), f"因子集 {choices.set_name}", f"电力按{choices.basis.label}")
    click.echo("  ".join((*head, choices.region or "未指定地区")))
    rows = [("品目", "数量", "吨标准煤", "吨二氧化碳", "折标系数", "排放因子", "因子编号")]
    rows += [
        (
            line.quantity.item.label,
            f"{line.quantity.number:f} {line.quantity.unit.text}",
            rounded(line.tce, SHOWN_DIGITS),
            rounded(line.tco2, SHOWN_DIGITS),
            f"{line.coal.row.value} {line.coal.row.unit}",
            f"{line.carbon.row.value} {line.carbon.row.unit}",
            line.carbon.id,
        )
        for line in result.lines
    ]
    totals = (rounded(result.tce, SHOWN_DIGITS), rounded(result.tco2, SHOWN_DIGITS))
    rows.append(("合计", "", *totals, "", "", ""))
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        padded = (
            cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)
        )
        click.echo("  ".join(padded).rstrip())
    for line in result.lines:
        for reason in line.reasons:
            click.echo(f"不精确：第 {line.quantity.index + 1} 行，{reason}。")
    if result.market is not None:
        _print_market(result, result.market)
    if result.green_deducted is not None:
        click.echo(
            f"按 JS/T 303 的做法扣除绿电：合计 {rounded(result.green_deducted.tco2, SHOWN_DIGITS)} "
            "吨二氧化碳（绿电份额在电网平均因子中已计过一次，仅供对照）"
        )


def _print_market(result: Conversion, market: MarketElectricity) -> None:
    click.echo(f"位置法合计 {rounded(result.tco2, SHOWN_DIGITS)} 吨二氧化碳")
    click.echo(
        f"市场法合计 {rounded(market.tco2, SHOWN_DIGITS)} 吨二氧化碳：绿电 "
        f"{rounded(market.green_kwh, SHOWN_DIGITS)} kWh 计 0，其余 "
        f"{rounded(market.rest_kwh, SHOWN_DIGITS)} kWh × {market.residual.row.value} "
        f"{market.residual.row.unit}（{market.residual.id}）"
    )
    for reason in market.reasons:
        click.echo(f"不精确：市场法，{reason}。")


def _width(text: str) -> int:
    """Columns a text takes in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
