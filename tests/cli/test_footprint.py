"""`tanpuhui footprint`: table, JSON, questionnaire; one Chinese line and 2 for bad input."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backend.cli import COMMANDS, main
from backend.cli.footprint import footprint

ON = ["estimate", "--on", "2026-03-01"]


def run(*args: str, stdin: str | bytes = "{}") -> Result:
    return CliRunner().invoke(footprint, list(args), input=stdin)


def test_it_is_registered() -> None:
    assert "footprint" in COMMANDS
    result = CliRunner().invoke(main, ["footprint", "--help"])
    assert (result.exit_code, "estimate" in result.output) == (0, True)


def test_estimate_as_json() -> None:
    result = run(*ON, "--json", stdin='{"car_km": 100, "car_type": "petrol", "gas_m3": "15.5"}')
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["on"], found["region"]) == ("2026-03-01", "浙江")
    assert found["radiative_forcing"]["included"] is False
    assert "car_km" not in found["assumed"]
    assert set(found["total"]) == {"low_kg", "mid_kg", "high_kg", "display"}
    assert len(found["sentences"]) > len(found["lines"])


def test_estimate_as_a_table_with_ranges_and_sources() -> None:
    result = run(*ON)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "个人年度碳足迹问卷（第 1 版），地区 浙江，单位 kg CO2e/年"
    assert "合计          4000 kg     1200–12000 kg" in lines
    for heading in ("计算过程", "来源", "说明"):
        assert heading in lines
    assert any(
        line.startswith("  gas.ng  2.184 kgCO2/m3  中国数据，JS/T 303—2026") for line in lines
    )
    assert any("不参加任何排名" in line for line in lines)


def test_region_and_aviation_are_options() -> None:
    answers = '{"flight_km": 10000}'
    plain = json.loads(run(*ON, "--json", stdin=answers).stdout)
    other = json.loads(run(*ON, "--json", "--rf", "--region", "北京", stdin=answers).stdout)
    assert (other["region"], other["radiative_forcing"]["included"]) == ("北京", True)
    assert other["total"] != plain["total"]


def test_logged_actions_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "actions.json"
    path.write_text('{"kilometres": {"walking": 600}, "reductions_mg": {"waste": 1000000}}')
    found = json.loads(run(*ON, "--json", "--actions", str(path), stdin='{"car_km": 50}').stdout)
    assert found["lines"][-1]["label"] == "已记录的步行"
    waste = found["categories"][-1]
    assert (waste["category"], waste["deducted_kg"]) == ("waste", "1")


@pytest.mark.parametrize(
    "content, part",
    [
        ('{"kilometers": {}}', "kilometres"),
        ('{"kilometres": [1]}', "kilometres"),
        ('{"kilometres": {"metr": 1}}', "kilometres.metr"),
        ('{"kilometres": {"metro": -1}}', "kilometres.metro"),
        ('{"reductions_mg": {"waste": 1.5}}', "reductions_mg.waste"),
        ('{"reductions_mg": {"waste": -1}}', "reductions_mg.waste"),
        ("[]", "最外层须是对象"),
    ],
)
def test_bad_actions_are_refused(tmp_path: Path, content: str, part: str) -> None:
    path = tmp_path / "actions.json"
    path.write_text(content)
    result = run(*ON, "--actions", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(str(path))
    assert part in result.stderr


def test_an_actions_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    result = run(*ON, "--actions", str(tmp_path / "nowhere.json"))
    assert (result.exit_code, "读不到" in result.stderr) == (2, True)


@pytest.mark.parametrize(
    "stdin, options, parts",
    [
        ('{"car_kms": 1}', [], ("car_kms", "“car_km”")),
        ('{"car_km": NaN}', [], ("car_km", "普通小数")),
        ('{"car_km": -Infinity}', [], ("car_km",)),
        ('{"car_km": 1e400}', [], ("car_km", "指数")),
        ('{"car_km": 1e99999999999999999999}', [], ("car_km", "指数")),
        ('{"car_km": ' + "9" * 5000 + "}", [], ("car_km",)),
        ('{"car_km": -3}', [], ("car_km", "不能是负数")),
        ('{"car_km": 3001}', [], ("car_km", "3000")),
        ('{"car_km": "１２"}', [], ("car_km", "半角")),
        ('{"car_km": null}', [], ("car_km", "删去这一项")),
        ('{"car_km": true}', [], ("car_km", "数字或文字")),
        ('{"car_km": [1]}', [], ("car_km", "数字或文字")),
        ('{"car_km": {"a": 1}}', [], ("car_km", "数字或文字")),
        ('{"car_km": 1, "car_km": 2}', [], ("car_km", "写了两次")),
        ('{"car_type": 1}', [], ("car_type", "选项")),
        ('{"car_km": "x", "gas_m3": "y"}', [], ("car_km", "另有 1 处")),
        ("[1]", [], ("最外层须是对象",)),
        ("", [], ("JSON",)),
        (b"\xff", [], ("UTF-8",)),
        ('{"car\\u000a\\u001b_km": 1}', [], ("car??_km",)),
        ("[" * 5000, [], ("answers.json",)),
        (" " * 70_000, [], ("64 KiB",)),
        ("{}", ["--region", "浙江省"], ("--region", "“浙江”")),
        ("{}", ["--region", "西藏"], ("--region", "西藏")),
    ],
)
def test_bad_input_is_one_line_and_two(
    stdin: str | bytes, options: list[str], parts: tuple[str, ...]
) -> None:
    result = run(*ON, *options, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert len(result.stderr.splitlines()) == 1
    for part in parts:
        assert part in result.stderr


def test_a_day_without_a_version_is_refused() -> None:
    result = run("estimate", "--on", "2025-12-31")
    assert (result.exit_code, "2026-01-01" in result.stderr) == (2, True)


def test_a_broken_questionnaire_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("credit_rules.footprint.loading.SHIPPED_QUESTIONNAIRES", tmp_path)
    result = run(*ON)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "没有问卷文件" in result.stderr


def test_questions_as_json_and_in_words() -> None:
    found = json.loads(run("questions", "--json").stdout)
    assert (found["id"], found["version"], len(found["digest"])) == ("personal_footprint", 1, 64)
    assert len(found["questions"]) == 18
    words = run("questions", "--on", "2026-03-01").stdout
    assert "car_type  私家车的能源  petrol（汽油或柴油）" in words
    assert found["digest"] in words
