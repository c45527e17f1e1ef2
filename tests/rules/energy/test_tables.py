"""Factor tables: what is wrong by a unit, a decimal place or a decade never loads."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from credit_rules.energy import (
    Basis,
    Choices,
    EnergyRefused,
    EnergyTables,
    EnergyTablesError,
    convert,
    load_energy_tables,
    read_tables,
)
from tests.rules.approval import approve

ENERGY, GRID = "energy_factors.csv", "grid_factors.csv"


def problems_of(folder: Path) -> list[tuple[str, str, str]]:
    with pytest.raises(EnergyTablesError) as caught:
        load_energy_tables(folder)
    return [(p.file, p.key, f"{p.fault}{p.remedy}") for p in caught.value.problems]


def edit(path: Path, key: str, change: Callable[[str], str]) -> None:
    """Change the one row of that key."""
    rows = path.read_text(encoding="utf-8").splitlines(keepends=True)
    found = [row for row in rows if row.startswith(f"{key},")]
    assert len(found) == 1
    changed = change(found[0])
    assert changed != found[0]
    path.write_text("".join(changed if row == found[0] else row for row in rows), encoding="utf-8")


@pytest.mark.parametrize(
    "file, key, old, new, parts",
    [
        # mistakes found in public tools
        (ENERGY, "js_t_303_2026.heat", "tCO2/GJ,0.11", "kgCO2/GJ,0.11", ("1000 倍", "50～150")),
        (ENERGY, "js_t_303_2026.heat", ",0.11,", ",110,", ("1000 倍",)),
        (ENERGY, "tce.gbt2589.petrol", "kgce/kg,1.4714", "kgce/L,0.7344", ("1.006 kgce/kg",)),
        (ENERGY, "js_t_303_2026.natural_gas", "kgCO2/m3,2.184", "tCO2/万m3,2.162", ("10 倍",)),
        (ENERGY, "provincial2025.natural_gas", ",21.621888,", ",2.162,", ("10 倍", "万m3")),
        (GRID, "2023.provincial.浙江", ",0.4974,", ",0.785,", ("旧计算器", "58%")),
        (GRID, "2023.provincial.浙江", ",0.4974,", ",4.974,", ("10 倍",)),
        (GRID, "2023.provincial.浙江", ",kgCO2/kWh,", ",tCO2/kWh,", ("1000 倍",)),
        # forms
        (ENERGY, "js_t_303_2026.petrol", ",2.179,", ",2.179e0,", ("不是普通小数",)),
        (ENERGY, "js_t_303_2026.petrol", ",2.179,", ",-2.179,", ("不是普通小数",)),
        (ENERGY, "js_t_303_2026.petrol", ",kgCO2/L,", ",kgCO2/ltr,", ("“ltr”",)),
        (ENERGY, "js_t_303_2026.petrol", ",kgCO2/L,", ",kgCO2,", ("单位/单位",)),
        (ENERGY, "js_t_303_2026.petrol", ",kgCO2/L,", ",kgce/L,", ("种类不符",)),
        (ENERGY, "js_t_303_2026.petrol", ",kgCO2/L,", ",kgCO2/kWh,", ("kgCO2/kg",)),
        (ENERGY, "js_t_303_2026.lpg", ",kgCO2/kg,", ",kgCO2/L,", ("请改用 kgCO2/kg",)),
        (ENERGY, "tce.gbt2589.heat", ",34.12,", ",0.03412,", ("1000 倍",)),
        (ENERGY, "tce.gbt2589.water_new", ",0.2571,", ",x,", ("不是普通小数",)),
        (ENERGY, "density.petrol", ",0.73,", ",730,", ("0.6～1.1 kg/L",)),
        (ENERGY, "density.petrol", ",kg/L,", ",kg/kg,", ("0.6～1.1 kg/L",)),
        (ENERGY, "density.petrol", ",0.73,", ",,", ("不是普通小数",)),
        (GRID, "2023.national.全国", "2025-12-31; 4+", "2025-13-31; 4+", ("日期", "不存在")),
        (GRID, "2023.national.全国", "2025-12-31; 4+", "2023-12-31; 4+", ("不晚于数据年份 2023",)),
        (GRID, "2023.provincial.浙江", ",secondary", ",guess", ("“guess”",)),
        (GRID, "2023.provincial.浙江", ",kgCO2/kWh,", ",kWh,", ("单位/单位",)),
    ],
)
def test_a_wrong_row_is_refused(
    folder: Path, file: str, key: str, old: str, new: str, parts: tuple[str, ...]
) -> None:
    edit(folder / file, key, lambda row: row.replace(old, new, 1))
    found = problems_of(folder)
    assert (found[0][0], found[0][1]) == (file, key)
    for part in parts:
        assert part in found[0][2]
    approve("energy_tables", f"{key} {old} {new}", map(": ".join, found))


@pytest.mark.parametrize(
    "file, key, new, part",
    [
        (ENERGY, "js_t_303_2026.petrol", "js_t_303_2026.petrl", "“petrol”"),
        (ENERGY, "js_t_303_2026.petrol", "js_t_303_2026.diesel", "重复"),
        (GRID, "2023.provincial.浙江", "2023.city.杭州", "2023.provincial.浙江"),
        (GRID, "2023.provincial.浙江", "2022.provincial.浙江", "重复"),
        (GRID, "2023.provincial.浙江", "2023.provincial.浙江省", "“浙江”"),
        (GRID, "2023.provincial.浙江", "2023.provincial.火星", "可用的名称"),
        (GRID, "2023.provincial.浙江", "2023.provincial.华东", "不是 provincial 一级的地区"),
        (GRID, "2023.provincial.浙江", "2023.provincial.全国", "不是 provincial 一级的地区"),
        (GRID, "2023.provincial.浙江", "2023.regional.浙江", "不是 regional 一级的地区"),
        (GRID, "2023.regional.华东", "2023.regional.全国", "不是 regional 一级的地区"),
    ],
)
def test_a_wrong_key_is_refused(folder: Path, file: str, key: str, new: str, part: str) -> None:
    edit(folder / file, key, lambda row: row.replace(key, new, 1))
    found = problems_of(folder)
    assert any(name == new and part in why for _, name, why in found)
    approve("energy_tables", f"{key} {new}", map(": ".join, found))


@pytest.mark.parametrize(
    "key, old, new, said",
    [
        # what is wrong by a power of ten may lie at either end of the band
        ("js_t_303_2026.heat", ",0.11,", ",0.005,", "相差约 10 倍"),
        ("js_t_303_2026.heat", ",0.11,", ",0.015,", "相差约 10 倍"),
        ("js_t_303_2026.heat", ",0.11,", ",0.5,", "相差约 10 倍"),
        ("js_t_303_2026.heat", ",0.11,", ",1.5,", "相差约 10 倍"),
        ("js_t_303_2026.heat", ",0.11,", ",0.0011,", "相差约 100 倍"),
        ("js_t_303_2026.heat", ",0.11,", ",0.00000011,", "相差约 1000000 倍"),
        # half of the lowest and twice the highest are no slips of a decimal place
        ("2023.provincial.浙江", ",0.4974,", ",0.025,", "请核对数值、单位和密度。"),
        ("2023.provincial.浙江", ",0.4974,", ",1.8,", "请核对数值、单位和密度。"),
        ("2023.provincial.浙江", ",0.4974,", ",0.024,", "相差约 10 倍"),
        ("2023.provincial.浙江", ",0.4974,", ",1.81,", "相差约 10 倍"),
    ],
)
def test_what_looks_like_a_slip_of_a_decimal_place(
    folder: Path, key: str, old: str, new: str, said: str
) -> None:
    edit(
        folder / (GRID if key.startswith("2023") else ENERGY),
        key,
        lambda row: row.replace(old, new, 1),
    )
    ((_, _, why),) = problems_of(folder)
    assert said in why


def test_a_national_value_repeated_for_provinces_is_refused(folder: Path) -> None:
    """One public table gives 0.5271 for more than twenty provinces."""
    for province, value in (("浙江", "0.4974"), ("江苏", "0.5827"), ("安徽", "0.6553")):
        edit(
            folder / GRID,
            f"2023.provincial.{province}",
            lambda row, old=value: row.replace(f",{old},", ",0.5271,", 1),  # type: ignore[misc] # binds now
        )
    ((file, key, why),) = problems_of(folder)
    assert (file, key) == (GRID, "2023.provincial")
    assert why == (
        "因子不合理：3 个省份的因子都是 0.5271（江苏、浙江、安徽等），"
        "像是把全国值重复填给各省，请换成各省公布的数值。"
    )


def test_two_provinces_may_agree(folder: Path) -> None:
    edit(folder / GRID, "2023.provincial.浙江", lambda row: row.replace(",0.4974,", ",0.5827,", 1))
    assert load_energy_tables(folder).grid["2023.provincial.浙江"].factor


def test_a_factor_without_source_is_refused(folder: Path) -> None:
    path = folder / ENERGY
    path.write_text(
        path.read_text(encoding="utf-8")
        + "js_t_303_2026.lng,液化天然气,LNG,tCO2/t,2.83,,,,,secondary\n",
        encoding="utf-8",
    )
    ((_, key, why),) = problems_of(folder)
    assert key == "js_t_303_2026.lng"
    assert why == "这个因子没有来源。请补上来源，或标为 memory。"


@pytest.mark.parametrize("source", ["监测报告,", ",附录 A"])
def test_a_title_or_a_clause_is_source_enough(folder: Path, source: str) -> None:
    path = folder / ENERGY
    row = f"js_t_303_2026.lng,液化天然气,LNG,tCO2/t,2.83,,{source},,secondary\n"
    path.write_text(path.read_text(encoding="utf-8") + row, encoding="utf-8")
    found = load_energy_tables(folder).sets["js_t_303_2026"]["lng"]
    assert found.source == source.strip(",")


def test_every_problem_is_named(folder: Path) -> None:
    edit(folder / ENERGY, "js_t_303_2026.heat", lambda row: row.replace(",0.11,", ",11,"))
    edit(folder / GRID, "2023.provincial.浙江", lambda row: row.replace(",0.4974,", ",x,"))
    edit(folder / ENERGY, "density.petrol", lambda row: row.replace(",0.73,", ",73,"))
    keys = [key for _, key, _ in problems_of(folder)]
    assert "js_t_303_2026.heat" in keys
    assert "density.petrol" in keys


def test_missing_columns_and_files(folder: Path) -> None:
    (folder / GRID).write_text("key,value\n", encoding="utf-8")
    found = problems_of(folder)
    assert found[0][:2] == (GRID, "name_zh")
    approve("energy_tables", "missing columns", map(": ".join, found))
    (folder / GRID).write_bytes(b"\xff\xfe")
    (folder / ENERGY).unlink()
    sentence = "读不到这个文件。请确认文件存在，且是 UTF-8 编码。"
    assert problems_of(folder) == [(ENERGY, ".", sentence), (GRID, ".", sentence)]
    assert read_tables({}) == EnergyTables({}, {}, {}, {})


def test_a_cell_without_end_is_refused(folder: Path) -> None:
    with (folder / GRID).open("a", encoding="utf-8") as file:
        file.write("2024.provincial.浙江," + "x" * 140_000 + "\n")
    ((file_name, key, why),) = problems_of(folder)
    assert (file_name, key) == (GRID, "第 125 行")
    said = "field larger than field limit (131072)"  # in the words of the reader
    assert why == f"无法读取（{said}）。请核对引号和过长的单元格。"


def test_a_year_without_the_day_of_its_announcement_is_listed_not_used(folder: Path) -> None:
    edit(folder / GRID, "2023.national.全国", lambda row: row.replace("2025-12-31; 4+", "4+", 1))
    found = load_energy_tables(folder).grid["2023.provincial.浙江"]
    assert (found.published_on, found.unusable) == (None, "公布日期不明")
    line = {"item": "electricity", "quantity": "1", "unit": "kWh"}
    early = Choices(on=date(2024, 1, 1), set_name="js_t_303_2026", basis=Basis.CALORIFIC)
    with pytest.raises(EnergyRefused, match=r"最早的因子公布于 2024-04-12，请换一个日期。$"):
        convert(load_energy_tables(folder), [line], replace(early, region="浙江"))


def test_a_row_cut_short_is_refused(folder: Path) -> None:
    path = folder / ENERGY
    path.write_text(path.read_text(encoding="utf-8") + "js_t_303_2026.coke\n", encoding="utf-8")
    assert {key for _, key, _ in problems_of(folder)} == {"js_t_303_2026.coke"}


def test_the_shipped_tables_hold_what_was_published(tables: EnergyTables) -> None:
    assert sorted(tables.sets) == ["js_t_303_2026", "provincial2025"]
    assert len(tables.sets["js_t_303_2026"]) == 12
    assert len(tables.sets["provincial2025"]) == 11
    usable = [found for found in tables.grid.values() if not found.unusable]
    # 38 areas in 2021 and in 2022, 34 in 2023; residual factors of all three
    assert len(usable) == 38 + 38 + 34 + 3
    assert not [key for key in tables.coal if key.startswith("anchor")]
