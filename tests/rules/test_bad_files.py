"""Broken files are never loaded: each is refused with file, key and a remedy in Chinese."""

import tomllib
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TypedDict

import pytest

from credit_rules import Problem, RulebookError, load_rulebook
from tests.rules.approval import approve

Replace = Callable[[Path, str, str], None]
STAIRS = "stairs.climb.v1.toml"


class Case(TypedDict, total=False):
    name: str
    base: str
    file: str
    find: str
    put: str
    extra_find: str
    extra_put: str
    key: str
    says: str


CASES: list[Case] = tomllib.loads(
    (Path(__file__).parent / "files" / "bad.toml").read_text(encoding="utf-8")
)["case"]


def problems_of(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(RulebookError) as error:
        load_rulebook(folder)
    return error.value.problems


def test_there_are_at_least_a_hundred_and_each_has_its_own_name() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) >= 100


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_broken_file_is_refused_with_file_key_and_remedy(
    case: Case, shipped_folder: Path, mixed_folder: Path, solo_folder: Path, replace: Replace
) -> None:
    bases = {"shipped": shipped_folder, "mixed": mixed_folder, "solo": solo_folder}
    folder = bases[case["base"]]
    replace(folder / case["file"], case["find"], case["put"])
    if "extra_find" in case:
        replace(folder / case["file"], case["extra_find"], case["extra_put"])
    found = problems_of(folder)
    lines = [str(problem) for problem in found]
    assert any(
        problem.file == case["file"]
        and problem.key.startswith(case["key"])
        and case["says"] in problem.fault + problem.remedy
        for problem in found
    ), lines
    assert all(problem.remedy.endswith("。") and "\n" not in str(problem) for problem in found)
    approve("bad_files", case["name"], lines)


@pytest.mark.parametrize(
    "content, says",
    [
        (b"", "文件是空的"),
        (b"  \n", "文件是空的"),
        (b"\xff\xfe\x00", "UTF-8"),
        (b"schema = 1\x00", "值后面有多余的内容"),
        (b"x = " + b"[" * 20000, "括号嵌套太深"),
        (b"# " + b"x" * 300_000, "256 KiB"),
        (b"x = " + b"9" * 5000, "数值无法读取"),
        (b"schema = 1", "缺少这个键"),
    ],
    ids=["empty", "blank", "encoding", "nul", "deep", "large", "digits", "bare"],
)
def test_a_file_that_is_hardly_a_file_is_refused(
    content: bytes, says: str, shipped_folder: Path, request: pytest.FixtureRequest
) -> None:
    (shipped_folder / "odd.toml").write_bytes(content)
    found = [p for p in problems_of(shipped_folder) if p.file == "odd.toml"]
    assert any(says in p.fault for p in found)
    approve("bad_files", request.node.callspec.id, map(str, found))


def test_the_same_version_twice_is_refused(shipped_folder: Path) -> None:
    copy = (shipped_folder / "recycling.drop_off.v1.toml").read_text("utf-8")
    (shipped_folder / "twin.toml").write_text(copy.replace("分类投放", "分拣"), "utf-8")
    (problem,) = problems_of(shipped_folder)
    assert (problem.file, problem.key) == ("twin.toml", "version")
    assert problem.fault == "与 recycling.drop_off.v1.toml 的编号和版本相同。"
    assert problem.remedy == "请提高版本号，或删除其中一个文件。"


@pytest.mark.parametrize(
    "until, start, says",
    [
        ("2026-06-30", "2026-06-30", "重叠"),
        ("2026-06-30", "2026-07-02", "空档"),
        ("", "2026-01-01", "不晚于"),
        ("", "2025-01-01", "不晚于"),
    ],
)
def test_versions_neither_overlap_nor_leave_a_gap(
    until: str, start: str, says: str, shipped_folder: Path, replace: Replace
) -> None:
    first = shipped_folder / "recycling.drop_off.v1.toml"
    second = shipped_folder / "recycling.drop_off.v2.toml"
    second.write_text(first.read_text("utf-8"), "utf-8")
    replace(second, "version = 1\ntitle", "version = 2\ntitle")
    replace(second, "from = 2026-01-01", f"from = {start}")
    if start < "2026-01-01":
        replace(second, "{ from = 2026-01-01, value", f"{{ from = {start}, value")
        standards = shipped_folder / "rulebook.toml"
        text = standards.read_text("utf-8")
        standards.write_text(text.replace("{ from = 2026-01-01", f"{{ from = {start}"), "utf-8")
    if until:
        replace(first, "from = 2026-01-01", f"from = 2026-01-01\nuntil = {until}")
    (problem,) = problems_of(shipped_folder)
    assert (problem.file, problem.key) == ("recycling.drop_off.v2.toml", "effective.from")
    assert says in problem.fault
    approve("bad_files", f"versions {until} {start}", [str(problem)])


def test_a_last_day_may_be_written_where_the_next_version_follows_it(
    shipped_folder: Path, replace: Replace
) -> None:
    first = shipped_folder / "recycling.drop_off.v1.toml"
    second = shipped_folder / "recycling.drop_off.v2.toml"
    second.write_text(first.read_text("utf-8"), "utf-8")
    replace(second, "version = 1\ntitle", "version = 2\ntitle")
    replace(second, "from = 2026-01-01", "from = 2026-07-01")
    replace(first, "from = 2026-01-01", "from = 2026-01-01\nuntil = 2026-06-30")
    versions = load_rulebook(shipped_folder).all_versions()
    assert [(m.version, m.effective_until) for m in versions] == [(1, date(2026, 6, 30)), (2, None)]


@pytest.mark.parametrize("lock", ["[]", "{", '{"recycling.drop_off@1": 5}'])
def test_a_lock_file_that_is_none_is_refused(lock: str, shipped_folder: Path) -> None:
    (shipped_folder / "lock.json").write_text(lock)
    found = problems_of(shipped_folder)
    assert "lock.json" in {problem.file for problem in found}
    approve("bad_files", f"lock {lock}", map(str, found))


@pytest.mark.parametrize(
    "table, key",
    [
        ("key,unit,value\nx,g,1\n", "source_title"),
        (
            (
                "key,unit,value,source_title,source_ref,source_url,confidence,obtained\n"
                "x,g,1,a,b,c,d,e\nx,g,1,a,b,c,d,e\n"
            ),
            "x",
        ),
    ],
)
def test_a_broken_factor_table_is_refused(table: str, key: str, shipped_folder: Path) -> None:
    (shipped_folder / "data").mkdir()
    (shipped_folder / "data" / "own.csv").write_text(table, "utf-8")
    found = [p for p in problems_of(shipped_folder) if p.file == "data/own.csv"]
    assert key in {p.key for p in found}
    approve("bad_files", f"factor table {key}", map(str, found))


def test_a_factor_table_with_a_cell_without_end_is_refused(shipped_folder: Path) -> None:
    (shipped_folder / "data").mkdir()
    head = "key,unit,value,source_title,source_ref,source_url,confidence,obtained\n"
    row = f'x,g,1,"{"a" * 140_000},b,c,secondary,d\n'
    (shipped_folder / "data" / "own.csv").write_text(head + row, "utf-8")
    (problem,) = (p for p in problems_of(shipped_folder) if p.file == "data/own.csv")
    assert problem.key == "."
    assert problem.fault == "因子表无法读取（field larger than field limit (131072)）。"
    assert problem.remedy == "请核对引号和过长的单元格。"


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    (problem,) = problems_of(tmp_path)
    assert (problem.file, problem.key) == (tmp_path.name, "*.toml")
    assert problem.fault == "文件夹里没有方法学文件。"
    assert problem.remedy == "请放入至少一个 .toml 文件。"
    (gone,) = problems_of(tmp_path / "nowhere")
    assert str(gone) == "nowhere: .: 找不到这个文件夹。请核对路径。"


def test_proven_reuse_lifts_the_band_of_textiles(shipped_folder: Path, replace: Replace) -> None:
    path = shipped_folder / "recycling.drop_off.v1.toml"
    replace(
        path,
        'textile = { value = "0", source = "no_saving" }',
        'textile = { factor = "recycle.textile_reuse.defra", value = "22.15775" }',
    )
    replace(path, '"third_party"]', '"third_party", "reuse_receipt"]\nrequires = ["reuse_receipt"]')
    load_rulebook(shipped_folder)


def test_a_quantity_with_a_control_character_is_refused(
    shipped_folder: Path, replace: Replace
) -> None:
    replace(shipped_folder / "rulebook.toml", '"0.1 gCO2e/floor"', '"0.1\\u0007 gCO2e/floor"')
    found = [str(problem) for problem in problems_of(shipped_folder)]
    approve("bad_files", "a control character in a quantity", found)


@pytest.mark.parametrize(
    "times, slip", [("9", True), ("11", True), ("8.99", False), ("11.01", False)]
)
def test_about_ten_times_a_factor_looks_like_a_slip_of_a_decimal_place(
    times: str, slip: bool, shipped_folder: Path, replace: Replace
) -> None:
    written = Decimal("0.57958") * Decimal(times)
    replace(
        shipped_folder / "recycling.drop_off.v1.toml", 'value = "0.57958"', f'value = "{written}"'
    )
    (problem,) = problems_of(shipped_folder)
    assert ("相差约 10 倍" in problem.remedy) is slip


@pytest.mark.parametrize(
    "key, old",
    [
        ("evidence.accepts", 'accepts = ["T0", "T2", "T4"]'),
        ("evidence.kinds", 'kinds = ["third_party"]'),
        ("tables.bonus.keys", 'keys = ["mode", "peak"]'),
    ],
)
@pytest.mark.parametrize("written", ['"T0"', "[1]"])
def test_what_is_no_list_of_texts_is_named(
    key: str, old: str, written: str, mixed_folder: Path, replace: Replace
) -> None:
    replace(mixed_folder / "travel.trip.v1.toml", old, f"{key.rpartition('.')[2]} = {written}")
    found = [str(problem) for problem in problems_of(mixed_folder) if problem.key == key]
    start = f"travel.trip.v1.toml: {key}: "
    assert found[0] == start + '这里必须是文字的列表。例如 ["a", "b"]。'


@pytest.mark.parametrize("rows, held", [("*", True), ("[*]", True), ("metro*", False)])
def test_a_factor_that_is_no_row_of_a_table_has_the_row_of_a_star(
    rows: str, held: bool, mixed_folder: Path, shipped_folder: Path, replace: Replace
) -> None:
    """A band for the row `*` alone holds for parameters and steps; one for a row for neither."""
    standards = shipped_folder / "rulebook.toml"
    floor = 'max = "20 gCO2e/floor"\nmethodologies = ["*"]\nrows = ["*"]'
    kilowatt_hour = 'max = "900 gCO2e/kWh"\nmethodologies = ["*"]\nrows = ["*"]'
    for old, highest in ((floor, "1.2 gCO2e/floor"), (kilowatt_hour, "500 gCO2e/kWh")):
        new = old.replace(old.split('"')[1], highest).replace('rows = ["*"]', f'rows = ["{rows}"]')
        replace(standards, old, new)
    (mixed_folder / "rulebook.toml").write_text(standards.read_text("utf-8"), "utf-8")
    if not held:
        load_rulebook(mixed_folder)
        return
    with pytest.raises(RulebookError) as refused:
        load_rulebook(mixed_folder)
    keys = {(problem.file, problem.key) for problem in refused.value.problems}
    assert keys == {(STAIRS, "parameters.grid.values[0].value"), (STAIRS, "steps.saved")}
