"""`tanpuhui rankings index`: the size-fair index of a roster, without a database."""

import csv
import io
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import click

from backend.cli.json_input import read_object, refuse
from backend.cli.tables import table
from backend.rankings.index import IndexScore, SeasonParameters, index_of, ranks, root

_COLUMNS: Final = ["department", "member", "points"]
_KEYS: Final = ("mu", "sigma2", "tau2", "cap")
_EXAMPLE: Final = '{"mu": "3.9", "sigma2": "31.2", "tau2": "0.6", "cap": "400"}'
_LARGEST: Final = 256 * 1024 * 1024
_PLAIN: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?", re.ASCII)
_LONGEST_NAME: Final = 200

Roster = dict[str, dict[str, Fraction]]


@click.command("index", help="按冻结名册计算规模公平指数（不需要数据库）。")
@click.option("--roster", type=click.Path(path_type=Path), required=True, help="名册 CSV。")
@click.option(
    "--season-parameters", type=click.Path(path_type=Path), required=True, help="榜期参数 JSON。"
)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON。")
def index_command(roster: Path, season_parameters: Path, *, as_json: bool) -> None:
    """Prints the index of every department of a roster, best first."""
    parameters = _parameters(season_parameters)
    scores = {
        department: index_of(
            len(members),
            sum(root(points, parameters.cap) for points in members.values()),
            parameters,
        )
        for department, members in _roster(roster).items()
    }
    items = list(_items(scores))
    if as_json:
        click.echo(json.dumps({"items": items}, ensure_ascii=False))
        return
    headings = ("部门", "人数", "指数", "八成区间", "档", "名次")
    for line in table(headings, [_row(item) for item in items]):
        click.echo(line)


def _items(scores: dict[str, IndexScore]) -> Iterator[dict[str, object]]:
    """The scores as the contract names them: by rank, then by name; figures are JSON numbers."""
    ranked = ranks(scores)
    for name in sorted(scores, key=lambda name: (ranked.get(name, len(scores) + 1), name)):
        score = scores[name]
        figures = {"index": score.index, "low80": score.low80, "high80": score.high80}
        yield {
            "department": name,
            "n": score.people,
            "mean": float(score.mean),
            **{key: None if value is None else float(value) for key, value in figures.items()},
            "band": score.band,
            "rank": ranked.get(name),
        }


def _row(item: dict[str, object]) -> list[str]:
    if item["index"] is None:
        return [str(item["department"]), str(item["n"]), "少于 5 人，不单独列出", "", "", ""]
    return [
        str(item["department"]),
        str(item["n"]),
        f"{item['index']:.2f}",
        f"{item['low80']:.1f}–{item['high80']:.1f}",
        str(item["band"]),
        str(item["rank"]),
    ]


def _parameters(path: Path) -> SeasonParameters:
    values = read_object(path.name, _bytes(path), limit=_LARGEST, example=_EXAMPLE)
    for key in values:
        if key not in _KEYS:
            refuse(path.name, key, f"不认识这个键，可用：{'、'.join(_KEYS)}。")
    mu, sigma2, tau2, cap = (_figure(path.name, key, values.get(key)) for key in _KEYS)
    if not cap:
        refuse(path.name, "cap", "上限须大于零，请填写每人计分上限。")
    return SeasonParameters(mu, sigma2, tau2, cap)


def _figure(file: str, key: str, value: object) -> Fraction:
    if not isinstance(value, str) or not _PLAIN.fullmatch(value):
        refuse(file, key, f"须是不小于零的普通小数，例如 {_EXAMPLE}。")
    return Fraction(value)


def _roster(path: Path) -> Roster:
    """Who stands on the roster, by department; every wrong line ends the command by its number."""
    name = path.name
    try:
        text = _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(name, ".", f"第 {error.start + 1} 个字节起不是 UTF-8 编码，请另存为 UTF-8。")
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: Roster = {}
    seen: dict[str, int] = {}
    try:
        if next(rows, None) != _COLUMNS:
            refuse(name, "第 1 行", f"表头须是 {','.join(_COLUMNS)}，请改正。")
        for row in rows:
            if row:
                _add(name, rows.line_num, row, found, seen)
    except csv.Error as error:
        refuse(name, f"第 {rows.line_num} 行", f"不是有效的 CSV（{error}），请改正引号与换行。")
    if not found:
        refuse(name, ".", "名册里没有人，请至少填写一行。")
    return found


def _add(name: str, line: int, row: list[str], found: Roster, seen: dict[str, int]) -> None:
    where = f"第 {line} 行"
    if len(row) != len(_COLUMNS):
        refuse(name, where, f"有 {len(row)} 列，须是 {len(_COLUMNS)} 列，请改正。")
    department, member, points = (cell.strip() for cell in row)
    for column, cell in zip(_COLUMNS, (department, member), strict=False):
        if not cell or len(cell) > _LONGEST_NAME or not cell.isprintable():
            refuse(name, f"{where} {column}", f"须是 {_LONGEST_NAME} 字以内的文字，请改正。")
    if not _PLAIN.fullmatch(points):
        refuse(name, f"{where} points", "积分须是不小于零的普通小数；没有记录的人填 0。")
    if member in seen:
        refuse(name, f"{where} member", f"此人在第 {seen[member]} 行已有一行，每人只能有一行。")
    seen[member] = line
    found.setdefault(department, {})[member] = Fraction(points)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        refuse(str(path), ".", f"无法读取（{error.strerror}），请检查路径。")
    if len(data) > _LARGEST:
        refuse(path.name, ".", f"文件超过 {_LARGEST // 1024 // 1024} MiB，请分开计算。")
    return data
