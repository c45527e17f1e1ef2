"""`tanpuhui energy`: what it prints, exit codes 0 and 2, one line for bad input. No database."""

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner, Result

from backend.cli import main

USUAL = ("--on", "2026-03-01", "--set", "js_t_303_2026", "--basis", "calorific", "--region", "浙江")
FORM = json.dumps(
    [
        {"item": "electricity", "quantity": "1000", "unit": "MWh"},
        {"item": "green_power", "quantity": "200", "unit": "MWh"},
        {"item": "natural_gas", "quantity": "3.5", "unit": "万m3"},
        {"item": "petrol", "quantity": "1000", "unit": "L"},
    ]
)

OWN = json.dumps(
    [
        {
            "item": "electricity",
            "quantity": "1",
            "unit": "MWh",
            "factor": {"co2": "0.5 kgCO2/kWh", "source": "供电单位"},
        }
    ],
    ensure_ascii=False,
)


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["energy", *arguments], input=stdin, catch_exceptions=False)


def converted(*options: str, stdin: str | bytes = FORM) -> Result:
    return run("convert", *USUAL, *options, stdin=stdin)


def test_json_has_totals_lines_choices_and_exactness() -> None:
    result = converted("--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["tce"], found["tco2"]) == ("170.524122", "576.019")
    assert (found["basis"], found["set"], found["region"]) == ("calorific", "js_t_303_2026", "浙江")
    assert (found["on"], found["exact"], found["reasons"]) == ("2026-03-01", True, [])
    assert found["market"] is None
    gas = found["lines"][2]
    assert gas["item"] == "natural_gas"
    assert (gas["quantity"], gas["unit"]) == ("3.5", "万m3")
    assert (gas["factor"], gas["factor_unit"]) == ("2.184", "kgCO2/m3")
    assert gas["factor_id"] == "js_t_303_2026.natural_gas"
    assert "JS/T 303—2026" in gas["source"]
    assert (gas["tce"], gas["tco2"]) == ("46.55", "76.44")
    assert gas["tce_factor_id"] == "tce.gbt2589.natural_gas_13300"
    assert gas["confidence"] == "secondary"
    for key in ("tce", "tco2"):
        assert sum(Decimal(line[key]) for line in found["lines"]) == Decimal(found[key])


def test_the_market_stands_beside_the_location() -> None:
    found = json.loads(converted("--json", "--market").stdout)
    market = found["market"]
    assert market["location_tco2"] == found["tco2"] == "576.019"
    assert (market["green_kwh"], market["rest_kwh"]) == ("200000", "800000")
    assert (market["factor"], market["electricity_tco2"]) == ("0.6096", "487.68")
    assert market["tco2"] == "566.299"
    assert (market["exact"], market["reasons"]) == (False, ["剩余因子只公布了全国值"])


def test_a_table_for_people() -> None:
    result = converted("--market")
    assert result.exit_code == 0
    assert "2026-03-01  因子集 js_t_303_2026  电力按当量值  浙江" in result.stdout
    assert "合计" in result.stdout
    assert "576.019" in result.stdout
    assert "市场法合计 566.299 吨二氧化碳：绿电 200000 kWh 计 0" in result.stdout
    assert "不精确：市场法，剩余因子只公布了全国值。" in result.stdout
    rows = [line for line in result.stdout.splitlines() if "2.184 kgCO2/m3" in line]
    assert len(rows) == 1
    assert "46.55" in rows[0]


def test_a_table_says_what_is_not_exact() -> None:
    form = '[{"item": "heat", "quantity": 10, "unit": "GJ"}]'
    result = run(
        "convert",
        *("--on", "2026-03-01", "--set", "provincial2025", "--basis", "equivalent"),
        "--allow-inexact",
        stdin=form,
    )
    assert result.exit_code == 0
    assert "电力按等价值  未指定地区" in result.stdout
    assert "不精确：第 1 行，因子集 provincial2025 没有“外购热力”" in result.stdout
    assert "市场法" not in result.stdout


def test_a_factor_can_be_named() -> None:
    found = json.loads(converted("--json", "--factor", "tce.natural_gas_12143").stdout)
    assert found["lines"][2]["tce"] == "42.5005"


def test_numbers_stay_as_written() -> None:
    form = '[{"item": "natural_gas", "quantity": 0.0000001, "unit": "m3"}]'
    for text in (form, form.replace("0.0000001", '"0.0000001"')):
        found = json.loads(converted("--json", stdin=text).stdout)
        assert found["lines"][0]["quantity"] == "0.0000001"
        assert found["tco2"] == "0.000000000218"


@pytest.mark.parametrize(
    "stdin, options, parts",
    [
        ("", [], ("quantities.json: .", "JSON")),
        ("{}", [], ("quantities.json: .", "最外层须是列表")),
        ("[]", [], ("quantities.json: lines", "至少填写一行")),
        ("[1]", [], ("quantities.json: lines[0]", "对象")),
        ('[{"item": "heat", "item": "heat"}]', [], ("quantities.json: item", "写了两次")),
        (b"\xff", [], ("quantities.json: .", "UTF-8")),
        ("[" * 100_000, [], ("quantities.json: .", "JSON")),
        (" " * (2 * 1024 * 1024 + 1), [], ("quantities.json: .", "2048 KiB")),
        (FORM.replace('"3.5"', "NaN"), [], ("lines[2].quantity", "“NaN”")),
        (FORM.replace('"3.5"', "1e999999999"), [], ("lines[2].quantity", "指数")),
        (FORM.replace('"3.5"', "9" * 5000), [], ("lines[2].quantity", "18 位")),
        (FORM.replace('"3.5"', '"-1"'), [], ("lines[2].quantity", "负数")),
        (FORM.replace('"3.5"', '"３"'), [], ("lines[2].quantity", "半角")),
        (FORM.replace("natural_gas", "naturalgas"), [], ("lines[2].item", "natural_gas")),
        (FORM.replace("petrol", "\\ud800\\n"), [], ("lines[3].item", "petrol")),
        (OWN.replace("供电单位", "\\ud800"), ["--json"], ("lines[0].factor.source", "一行文字")),
        (FORM.replace('"MWh"', '"m3"'), [], ("lines[0].unit", "（另有 1 处）")),
        (FORM, ["--set", "js_t_303"], ("convert: --set", "js_t_303_2026")),
        (FORM, ["--region", "浙省"], ("convert: --region", "浙江")),
        (FORM, ["--on", "2024-01-01"], ("convert: --on", "2024-04-12")),
        (FORM, ["--factor", "2018.provincial.浙江"], ("convert: --factor", "未经核实")),
        (FORM, ["--factor", "2022.provincial.浙"], ("convert: --factor", "2022.provincial.浙江")),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    stdin: str | bytes, options: list[str], parts: tuple[str, ...]
) -> None:
    result = converted(*options, stdin=stdin)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    for part in parts:
        assert part in result.stderr


@pytest.mark.parametrize("missing", ["--on", "--set", "--basis"])
def test_set_basis_and_day_must_be_chosen(missing: str) -> None:
    at = USUAL.index(missing)
    result = run("convert", *USUAL[:at], *USUAL[at + 2 :], stdin=FORM)
    assert result.exit_code == 2
    assert missing in result.stderr


def test_factors_as_json_lists_every_set() -> None:
    sets = {found["name"]: found for found in json.loads(run("factors", "--json").stdout)["sets"]}
    assert {"js_t_303_2026", "provincial2025", "tce", "density", "grid2021", "grid2023"} <= set(
        sets
    )
    assert (sets["js_t_303_2026"]["year"], sets["provincial2025"]["year"]) == (2026, 2025)
    assert sets["grid2023"]["published_on"] == "2025-12-31"
    assert sets["grid2018"]["published_on"] is None
    for found in sets.values():
        assert found["sources"]
        assert found["confidence"]
        assert all(f["value"] and f["unit"] and f["confidence"] for f in found["factors"])
    zhejiang = {f["id"]: f for f in sets["grid2023"]["factors"]}["2023.provincial.浙江"]
    assert (zhejiang["value"], zhejiang["region"], zhejiang["usable"]) == ("0.4974", "浙江", True)
    memory = sets["grid2018"]["factors"][0]
    assert (memory["usable"], "未经核实" in memory["unusable_because"]) == (False, True)


def test_factors_for_people() -> None:
    result = run("factors")
    assert result.exit_code == 0
    assert "因子集 js_t_303_2026" in result.stdout
    assert "2023.provincial.浙江  0.4974 kgCO2/kWh  公布于 2025-12-31" in result.stdout
    assert "2018.provincial.浙江  0.5246 kgCO2/kWh  不可用：" in result.stdout
