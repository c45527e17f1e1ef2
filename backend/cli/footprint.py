"""`tanpuhui footprint`: estimate a personal footprint and print the questionnaire. No database."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from unicodedata import east_asian_width

import click

from backend.cli import BAD_INPUT
from backend.cli.json_input import read_object, refuse, standard_input
from backend.clock import SystemClock, business_day, written_day
from credit_rules import FactsRefused, NotInForce, RulebookError
from credit_rules.canonical import JsonValue
from credit_rules.footprint import (
    ActionTotals,
    Estimate,
    Questionnaire,
    describe_questionnaire,
    estimate,
    load_questionnaires,
    rounded_range,
    sentences,
    to_json,
)

_STDIN = "answers.json"
_LONGEST_INPUT = 64 * 1024
_EXAMPLE = '{"car_km": "100"}'
_DAY = click.DateTime(formats=["%Y-%m-%d"])
_ACTION_KEYS = ("reductions_mg", "kilometres")


@click.group(help="个人碳足迹：估算、查看问卷（不需要数据库）。")
def footprint() -> None:
    """The personal footprint."""


def _questionnaire(day: date) -> Questionnaire:
    try:
        return load_questionnaires().on(day)
    except NotInForce as error:
        refuse("--on", day.isoformat(), error.sentence)
    except RulebookError as error:
        click.echo(str(error.problems[0]), err=True)
        raise click.exceptions.Exit(BAD_INPUT) from error


@footprint.command("estimate", help="从标准输入读取 answers.json，估算一年的个人碳足迹。")
@click.option("--on", type=_DAY, required=True, help="按这一天有效的问卷和因子估算。")
@click.option("--region", default=None, help="所在省份，决定电力因子和设定值，默认浙江。")
@click.option("--rf", is_flag=True, help="飞机计入非二氧化碳效应（约为 1.69 倍），默认不计。")
@click.option(
    "--actions",
    type=click.Path(path_type=Path),
    default=None,
    help='已记录行为的全年合计，JSON：{"kilometres": {"metro": "600"}, "reductions_mg": {}}。',
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def estimate_command(
    on: datetime, region: str | None, actions: Path | None, *, rf: bool, as_json: bool
) -> None:
    """Estimate one person's footprint from answers on standard input."""
    questionnaire = _questionnaire(written_day(on))
    answers = _texts(_STDIN, "", _object(_STDIN, standard_input(_LONGEST_INPUT)))
    totals = _totals(actions) if actions is not None else None
    try:
        result = estimate(
            questionnaire, answers, region=region, radiative_forcing=rf, actions=totals
        )
    except FactsRefused as error:
        first, *others = error.problems
        more = f"（另有 {len(others)} 处）" if others else ""
        file = {"region": "--region"}.get(first.field, _STDIN)
        if first.field.startswith(_ACTION_KEYS):
            file = str(actions)
        refuse(file, first.field, f"{first.sentence}[{first.code}]{more}")
    if as_json:
        whole: dict[str, JsonValue] = {"on": written_day(on).isoformat(), **to_json(result)}
        whole["sentences"] = list(sentences(result))
        click.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    _print(result)


@footprint.command("questions", help="列出某日有效的问卷：问题、单位、范围、不填时的设定值。")
@click.option("--on", type=_DAY, default=None, help="日期，默认今天（上海）。")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def questions_command(on: datetime | None, *, as_json: bool) -> None:
    """Print the questionnaire in force on a day."""
    day = written_day(on) if on is not None else business_day(SystemClock().now())
    questionnaire = _questionnaire(day)
    if as_json:
        whole = describe_questionnaire(questionnaire)
        click.echo(json.dumps(whole, ensure_ascii=False, indent=2))
        return
    click.echo(f"{questionnaire.title}，第 {questionnaire.version} 版")
    click.echo(f"摘要 {questionnaire.digest}，自 {questionnaire.start} 生效。")
    for question in questionnaire.questions.values():
        spec = question.spec
        period = question.period.label if question.period else ""
        accepted = "、".join(f"{c.value}（{c.label}）" for c in spec.choices)
        accepted = accepted or f"{period} {spec.minimum}–{spec.maximum} {question.unit_label}"
        click.echo(f"{spec.name}  {spec.label}  {accepted.strip()}\n    {question.help}")


def _print(result: Estimate) -> None:
    used = result.questionnaire
    click.echo(f"{used.title}（第 {used.version} 版），地区 {result.region}，单位 kg CO2e/年\n")
    named = [(used.categories[category.name], category.mg) for category in result.categories]
    rows = [(label, *_columns(rounded_range(mg))) for label, mg in [*named, ("合计", result.total)]]
    for label, mid, ends in [("类别", "约", "范围"), *rows]:
        click.echo(f"{_padded(label, 14)}{_padded(mid, 12)}{ends}")
    click.echo("\n计算过程")
    for sentence in sentences(result):
        click.echo(f"  {sentence}")
    click.echo("\n来源")
    for row in _sources(result):
        click.echo(f"  {row}")
    click.echo("\n说明")
    for note in used.notes:
        click.echo(f"  {note}")


def _columns(display: str) -> tuple[str, str]:
    mid, _, ends = display.removeprefix("约 ").partition("（")
    return mid, ends.removesuffix("）")


def _padded(text: str, width: int) -> str:
    """The text filled to a width in which a Chinese character takes two columns."""
    taken = sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
    return text + " " * max(width - taken, 1)


def _sources(result: Estimate) -> list[str]:
    found: dict[str, str] = {}
    for amount in result.lines:
        for bound in amount.rate.factor.bounds:
            row = bound.factor
            found[row.key] = (
                f"{row.key}  {row.text} {row.unit.label}  {bound.origin.label}，{row.source}"
            )
    return list(found.values())


def _totals(path: Path) -> ActionTotals:
    try:
        data = path.read_bytes()
    except OSError:
        refuse(str(path), ".", "文件读不到，请核对路径。")
    whole = _object(str(path), data)
    for key in whole:
        if key not in _ACTION_KEYS:
            refuse(str(path), key[:40], f"不认识这个键。可用的键：{'、'.join(_ACTION_KEYS)}。")
    parts: dict[str, dict[str, str]] = {}
    for key in _ACTION_KEYS:
        part = whole.get(key, {})
        if not isinstance(part, dict):
            refuse(str(path), key, '请写成对象，例如 {"metro": "600"}。')
        parts[key] = _texts(str(path), f"{key}.", part)
    return ActionTotals(_milligrams(str(path), parts["reductions_mg"]), parts["kilometres"])


def _milligrams(file: str, texts: Mapping[str, str]) -> dict[str, int]:
    for name, text in texts.items():
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            refuse(file, f"reductions_mg.{name[:40]}", "须是不小于零的整数毫克，请照账本重填。")
    return {name: int(text) for name, text in texts.items()}


def _texts(file: str, prefix: str, values: Mapping[str, object]) -> dict[str, str]:
    """Numbers and texts alike as texts, just as written."""
    for name, value in values.items():
        if not isinstance(value, str):
            refuse(
                file,
                f"{prefix}{name[:40]}",
                "只能是数字或文字；不知道答案就删去这一项，会按设定值假定并标明。[wrong_type]",
            )
    return {name: str(value) for name, value in values.items()}


def _object(file: str, data: bytes) -> dict[str, object]:
    return read_object(file, data, limit=_LONGEST_INPUT, example=_EXAMPLE)
