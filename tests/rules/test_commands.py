"""`tanpuhui rules`: list, validate, lock, assess; exit codes 0, 1, 2; one line for bad input."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.cli.rules import rules
from credit_rules.loading import SHIPPED

Replace = Callable[[Path, str, str], None]
FILE = "recycling.drop_off.v1.toml"
ASSESS = ["assess", "--methodology", "recycling.drop_off", "--on", "2026-03-01"]


def run(*args: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(rules, list(args), input=stdin)


def test_list_as_json_names_everything() -> None:
    result = run("list", "--on", "2026-03-01", "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert found["on"] == "2026-03-01"
    assert len(found["methodologies"]) == 30
    only = next(m for m in found["methodologies"] if m["id"] == "recycling.drop_off")
    assert only["version"] == 1
    assert len(only["digest"]) == 64
    assert {i["name"] for i in only["inputs"]} == {"material", "mass"}
    assert [t["name"] for t in only["evidence"]["tiers"]] == ["T0", "T1", "T2", "T3", "T4"]
    assert {c["key"] for c in only["caps"]} >= {"recycling.drop_off:day"}


def test_list_in_words_and_before_the_first_day() -> None:
    assert "recycling.drop_off  第 1 版  分类投放" in run("list").stdout
    early = run("list", "--on", "2020-01-01")
    assert (early.exit_code, "没有生效的方法学" in early.stdout) == (0, True)


def test_validate_says_that_all_is_well(mixed_folder: Path) -> None:
    assert run("validate", str(SHIPPED)).exit_code == 0
    result = run("validate", str(mixed_folder))
    assert (result.exit_code, "3 个方法学版本全部通过" in result.stdout) == (0, True)


def test_validate_lists_every_error(mixed_folder: Path, replace: Replace) -> None:
    replace(mixed_folder / "stairs.climb.v1.toml", 'unit = "floor"', 'unit = "flor"')
    replace(mixed_folder / "travel.trip.v1.toml", 'boundary = "outside"', 'boundry = "outside"')
    result = run("validate", str(mixed_folder))
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert any(
        line.startswith("stairs.climb.v1.toml: inputs.floors.unit: ") and "请改用：" in line
        for line in lines
    )
    assert any(line.startswith("travel.trip.v1.toml: boundry: ") for line in lines)
    assert lines[-1].endswith("均须改正后才能发布。")


@pytest.mark.parametrize("command", ["validate", "lock"])
def test_a_folder_that_is_not_there_is_bad_input(command: str, tmp_path: Path) -> None:
    result = run(command, str(tmp_path / "nowhere"))
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "nowhere" in result.stderr


def test_lock_publishes_once(mixed_folder: Path, replace: Replace) -> None:
    first = run("lock", str(mixed_folder))
    assert (first.exit_code, "stairs.climb@1" in first.stdout) == (0, True)
    assert "没有新的版本" in run("lock", str(mixed_folder)).stdout
    replace(mixed_folder / "stairs.climb.v1.toml", "爬楼梯", "登楼梯")
    assert run("lock", str(mixed_folder)).exit_code == 2
    assert run("validate", str(mixed_folder)).exit_code == 1


def test_assess_prints_integers_trace_and_digests() -> None:
    used = '{"recycling.drop_off:day": {"points": "28 point", "activity": "5 kg"}}'
    result = run(*ASSESS, "--used", used, stdin='{"material": "glass", "mass": 10}')
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["reduction_mg"], found["points_mpt"]) == (1738740, 2000)
    assert found["trace"]["schema"] == "tanpuhui.trace.v1"
    assert found["trace"]["methodology"]["digest"] == found["digest"]
    assert found["usage"]["recycling.drop_off:day"]["reduction_ng"] == 1738740000000


def test_assess_takes_counters_as_it_prints_them() -> None:
    first = json.loads(run(*ASSESS, stdin='{"material": "paper", "mass": "1"}').stdout)
    used = json.dumps(first["usage"])
    second = run(*ASSESS, "--used", used, stdin='{"material": "paper", "mass": "1"}')
    assert json.loads(second.stdout)["points_mpt"] == 4000


def test_assess_from_another_folder(mixed_folder: Path) -> None:
    args = ("assess", "--methodology", "stairs.climb", "--on", "2026-08-01")
    result = run(*args, "--files", str(mixed_folder), stdin='{"floors": 10}')
    assert json.loads(result.stdout)["points_mpt"] == 3000
    shipped = run(*args, stdin='{"floors": 10}')
    assert json.loads(shipped.stdout)["points_mpt"] == 5000


@pytest.mark.parametrize(
    "stdin, options, parts",
    [
        ('{"material": "papr", "mass": "1"}', [], ("inputs.json", "material", "“paper”")),
        ('{"material": "paper"}', [], ("inputs.json", "mass", "请填写")),
        ('{"material": "paper", "mass": NaN}', [], ("inputs.json: mass", "普通小数")),
        ('{"material": "paper", "mass": -Infinity}', [], ("inputs.json: mass", "负数")),
        ('{"material": "paper", "mass": 1e999999999}', [], ("inputs.json: mass", "普通小数")),
        ('{"material": "paper", "mass": 1e99999999999999999999}', [], ("inputs.json: mass",)),
        ('{"material": "paper", "mass": "１２"}', [], ("inputs.json: mass", "半角")),
        ('{"material": "paper", "mass": -2}', [], ("inputs.json: mass", "负数")),
        ('{"material": "paper", "mass": 51}', [], ("inputs.json: mass", "0.01 到 50 kg")),
        ('{"material": "paper", "mass": "1 km"}', [], ("inputs.json: mass", "“km”")),
        ('{"material": "paper", "mass": true}', [], ("inputs.json: mass", "普通小数")),
        ('{"material": "paper", "mass": [[["1"]]]}', [], ("inputs.json: mass", "普通小数")),
        ('{"material": "\\ud800", "mass": "1"}', [], ("inputs.json: material", "“?”")),
        ('{"material": "paper", "mass": "1", "\\ud800\\n": 1}', [], ("inputs.json: ??:",)),
        ('{"material": "paper", "mass": 1e400}', [], ("inputs.json", "mass", "普通小数")),
        ('{"material": "paper", "mass": 1e-400}', [], ("inputs.json", "mass", "普通小数")),
        ('{"mass": 1, "mass": 2}', [], ("inputs.json: mass", "写了两次")),
        (b'{"mass": "\xff"}', [], ("inputs.json: .", "第 11 个字节", "UTF-8")),
        ('{"mass": ' + "1" * 5000 + "}", [], ("inputs.json",)),
        ("[" * 5000, [], ("inputs.json", "嵌套太深")),
        ('{"mass": 1,\n}', [], ("inputs.json", "第 2 行第 1 列")),
        ("[1]", [], ("inputs.json", "最外层须是对象")),
        ("", [], ("inputs.json", "JSON")),
        (" " * 70000, [], ("inputs.json", "64 KiB")),
        ('{"material": "paper", "mass": "1"}', ["--tier", "T7"], ("tier", "T2")),
        ("{}", ["--used", "[]"], ("--used", "最外层须是对象")),
        ("{}", ["--used", "\udcff"], ("--used", "UTF-8")),
        ("{}", ["--used", '{"x": {"points": 1e99999999999999999999}}'], ("--used: x", "“e99")),
        ("{}", ["--used", '{"x": {"points_npt": ' + "9" * 5000 + "}}"], ("--used: x",)),
        ("{}", ["--used", '{"recycling.drop_off:day": 5}'], ("--used", "recycling.drop_off:day")),
        ("{}", ["--used", '{"recycling.drop_off:day": {"point": "1 point"}}'], ("“points”",)),
        ("{}", ["--used", '{"recycling.drop_off:day": {"points": "1 pint"}}'], ("“pint”",)),
        ("{}", ["--used", '{"recycling.drop_off:day": {"points": "1 kg"}}'], ("--used", "point")),
        ("{}", ["--files", "/nowhere"], ("nowhere", "找不到这个文件夹")),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    stdin: str | bytes, options: list[str], parts: tuple[str, ...]
) -> None:
    result = run(*ASSESS, *options, stdin=stdin)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    for part in parts:
        assert part in result.stderr


def test_a_day_before_the_first_version_is_bad_input() -> None:
    args = ("assess", "--methodology", "recycling.drop_off", "--on", "2025-12-31")
    result = run(*args, stdin='{"material": "paper", "mass": "1"}')
    assert (result.exit_code, "最早的版本自 2026-01-01" in result.stderr) == (2, True)


def test_a_broken_folder_is_bad_input_for_assess(mixed_folder: Path, replace: Replace) -> None:
    replace(mixed_folder / "stairs.climb.v1.toml", 'unit = "floor"', 'unit = "flor"')
    replace(mixed_folder / "stairs.climb.v1.toml", "schema = 1", "schema = 2")
    result = run(*ASSESS, "--files", str(mixed_folder), stdin="{}")
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "另有 1 处" in result.stderr
