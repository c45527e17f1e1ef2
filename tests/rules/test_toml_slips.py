"""Slips of people who write TOML by hand: each is told with its line and what to write instead."""

from pathlib import Path

import pytest

from credit_rules import RulebookError, load_rulebook

FILE = "recycling.drop_off.v1.toml"
TITLE = 'title = "分类投放"'
SLIPS = {
    "full-width equals sign": (TITLE, 'title ＝ "分类投放"', 4, "请改为半角 =。"),
    "curly quotes": (TITLE, "title = “分类投放”", 4, "请改为半角双引号"),
    "an opening curly quote alone": (TITLE, 'title = “分类投放"', 4, "请改为半角双引号"),
    "curly single quotes": (TITLE, "title = ‘分类投放’", 4, "请改为半角双引号"),
    "slashed date": ("from = 2026-01-01", "from = 2026/01/01", 10, "请写成 2026-01-01"),
    "dotted date": ("from = 2026-01-01", "from = 2026.1.1", 10, "请写成 2026-01-01"),
    "date in Chinese": ("from = 2026-01-01", "from = 2026年1月1日", 10, "请写成 2026-01-01"),
    "date of single digits": ("from = 2026-01-01", "from = 2026-1-1", 10, "请写成 2026-01-01"),
    "a day that is none": ("from = 2026-01-01", "from = 2026-02-30", 10, "请核对年月日"),
    "colon": (TITLE, 'title: "分类投放"', 4, "请用半角 ="),
    "full-width colon": (TITLE, 'title： "分类投放"', 4, "请用半角 ="),
    "Chinese comma": (TITLE, f"{TITLE}，", 4, "请改为半角逗号"),
    "Chinese brackets": ("[effective]", "【effective】", 9, "请改为半角 [ ]"),
    "full-width hash": (TITLE, f"{TITLE} ＃ 名称", 4, "请改为半角 #"),
    "full-width digits": ("version = 1", "version = １", 3, "请改为半角数字"),
    "full-width space": (TITLE, 'title\u3000= "分类投放"', 4, "请删去"),
    "text without quotes": (TITLE, "title = 分类投放", 4, "请加半角双引号"),
    "quote that is not closed": (TITLE, 'title = "分类投放', 4, "引号"),
    "bracket that is not closed": ("[effective]", "[effective", 9, "请写成 [名称]"),
    "the same key twice": (TITLE, f"{TITLE}\n{TITLE}", 5, "请只保留一处"),
    "the same table twice": ("[effective]", "[effective]\n[effective]", 10, "请合并成一处"),
    "no value": (TITLE, "title =", 4, "请补上值"),
    "backslash": (TITLE, 'title = "C:\\d"', 4, "反斜杠"),
    "key in Chinese": (TITLE, '标题 = "分类投放"', 4, "键只用小写字母"),
}


def told(folder: Path) -> tuple[str, str]:
    with pytest.raises(RulebookError) as refused:
        load_rulebook(folder)
    (problem,) = (p for p in refused.value.problems if p.file == FILE)
    return problem.key, problem.fault + problem.remedy


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_told_in_chinese_with_its_line_and_remedy(
    name: str, shipped_folder: Path
) -> None:
    old, new, line, remedy = SLIPS[name]
    path = shipped_folder / FILE
    text = path.read_text("utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), "utf-8")
    key, said = told(shipped_folder)
    assert key.startswith(f"第 {line} 行")
    assert remedy in said
    assert not any(word in said for word in ("Expected", "Invalid", "line", "Cannot", "statement"))


def test_a_byte_order_mark_is_told(shipped_folder: Path) -> None:
    path = shipped_folder / FILE
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    key, said = told(shipped_folder)
    assert (key, "UTF-8（无 BOM）" in said) == ("第 1 行", True)


def test_another_encoding_is_told_with_its_line(shipped_folder: Path) -> None:
    path = shipped_folder / FILE
    path.write_bytes(path.read_text("utf-8").encode("gb18030"))
    key, said = told(shipped_folder)
    assert (key, "另存为 UTF-8" in said) == ("第 4 行", True)
