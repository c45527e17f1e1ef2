"""The committed documentation is what the methodology files say, and nothing else."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from backend.cli.rules import rules
from credit_rules import Facts, FactsRefused, Rulebook, assess, load_rulebook
from credit_rules.pages import rulebook_pages, table

Replace = Callable[[Path, str, str], None]
DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    result = CliRunner().invoke(rules, ["docs", str(folder)])
    assert result.exit_code == 0, result.output
    return folder


def pages(folder: Path) -> dict[str, str]:
    found = [folder / "why-lower.md", *(folder / "methodologies").rglob("*.md")]
    return {str(p.relative_to(folder)): p.read_text(encoding="utf-8") for p in found}


def test_the_committed_pages_are_the_generated_ones(written: Path) -> None:
    assert pages(DOCS) == pages(written), "run: tanpuhui rules docs docs"


def test_a_file_in_place_of_the_folder_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "docs"
    path.write_text("", encoding="utf-8")
    result = CliRunner().invoke(rules, ["docs", str(path)])
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert "请换成文件夹" in result.stderr


def test_every_version_has_a_page_that_names_its_numbers(written: Path, shipped: Rulebook) -> None:
    found = pages(written)
    for methodology in shipped.all_versions():
        page = found[f"methodologies/{methodology.id}.v{methodology.version}.md"]
        assert methodology.digest in page
        for source in methodology.sources.values():
            assert source.title in page
            assert source.clause in page
        for cap in methodology.caps:
            assert cap.label in page
            assert f"`{cap.key}`" in page
        for example in methodology.examples:
            assert example.name in page


def test_a_page_names_all_kinds_of_evidence_that_must_be_there(
    mixed_folder: Path, replace: Replace
) -> None:
    kinds = 'kinds = ["photo", "rotating_code"]\n'
    requires = kinds.replace("kinds", "requires")
    replace(mixed_folder / "stairs.climb.v1.toml", kinds, kinds + requires)
    (mixed_folder / "lock.json").write_text("{}", encoding="utf-8")
    found = rulebook_pages(load_rulebook(mixed_folder))["stairs.climb.v1.md"]
    assert "凭证种类：`photo`、`rotating_code`。必须有：`photo`、`rotating_code`。" in found


@pytest.mark.parametrize(
    "period, said, shown",
    [
        ("trip", "同一行程已按", "同一程不与"),
        ("meal", "同一餐次已按", "同一餐不与"),
        ("day", "同一日已按", "同一天不与"),
        ("week", "同一周已按", "同一周不与"),
        ("month", "同一月已按", "同一月不与"),
        ("year", "同一年已按", "同一年不与"),
    ],
)
def test_an_exclusion_names_its_period(
    period: str, said: str, shown: str, mixed_folder: Path, replace: Replace
) -> None:
    path, end = mixed_folder / "travel.trip.v1.toml", '"\n\n[[examples]]'
    replace(path, f'period = "day{end}', f'period = "{period}{end}')
    (mixed_folder / "lock.json").write_text("{}", encoding="utf-8")
    rulebook, credited = load_rulebook(mixed_folder), frozenset({("travel.trip", period)})
    facts = Facts("travel.car_free", date(2026, 3, 1), "T4", {"days": "1"}, credited=credited)
    with pytest.raises(FactsRefused, match=f"{said}“travel.trip”计入"):
        assess(rulebook, facts)
    assert f"- {shown} `travel.trip` 同计" in rulebook_pages(rulebook)["travel.car_free.v1.md"]


def test_links_of_the_index_lead_somewhere(written: Path, shipped: Rulebook) -> None:
    index = pages(written)["methodologies/README.md"]
    for methodology in shipped.all_versions():
        name = f"{methodology.id}.v{methodology.version}.md"
        assert f"]({name})" in index
        assert (written / "methodologies" / name).is_file()


def test_why_lower_compares_with_published_figures(written: Path) -> None:
    page = pages(written)["why-lower.md"]
    assert "| 走楼梯 10 层 | 0 g | 2180 g | 不计 |" in page
    assert "| 公交 10 km | 269 g | 1426.7 g | 5.3 倍 |" in page
    assert "| 少开空调 1 小时（没有电表） | 0 g | 621 g | 不计 |" in page
    assert "| 地铁 10 km | 307 g | 1013.6 g |" in page


def test_a_bar_in_a_cell_does_not_end_it() -> None:
    assert table(("甲", "乙"), [("a|b", "c"), ("d", "|e|")]) == (
        "| 甲 | 乙 |\n| --- | --- |\n| a\\|b | c |\n| d | \\|e\\| |"
    )
