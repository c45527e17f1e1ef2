"""`tanpuhui register`: template, import, report and review as the contract names them."""

import io
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

from backend.cli import main


def test_the_template_is_a_workbook_and_needs_no_database(tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    result = CliRunner().invoke(main, ["register", "template", str(path)])
    assert result.exit_code == 0
    with ZipFile(io.BytesIO(path.read_bytes())) as archive:
        assert "统一社会信用代码" in archive.read("xl/sharedStrings.xml").decode()


@pytest.mark.parametrize(
    "words",
    [
        ["register", "report", "--by", "street", "--year", "2025"],
        ["register", "report", "--by", "district", "--year", "25"],
        ["register", "review", "--year", "many"],
        ["register", "import", "/nowhere/file.csv"],
    ],
)
def test_bad_input_ends_with_2(words: list[str]) -> None:
    assert CliRunner().invoke(main, words).exit_code == 2


def test_a_file_without_the_heading_ends_with_2(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    result = CliRunner().invoke(main, ["register", "import", str(path)])
    assert result.exit_code == 2
    assert "缺少表头" in result.stderr
