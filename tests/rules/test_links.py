"""Only publishers' own sites are linked: in rules, questionnaire, factor tables and energy."""

import csv
import re
from pathlib import Path

import pytest

from credit_rules import Rulebook
from credit_rules.energy.errors import EnergyTablesError
from credit_rules.energy.loading import FILES, load_energy_tables
from credit_rules.links import is_publishers
from credit_rules.loading import SHIPPED_DATA

RULES = SHIPPED_DATA.parent
HIDDEN = re.compile(r"GitHub|github|JulesProject|docx|凭记忆|碳迹|\brepo\b|app\.js")


@pytest.mark.parametrize(
    "href, publishers",
    [
        ("", True),
        ("https://www.mee.gov.cn/xxgk/x.html", True),
        ("https://gov.cn", True),
        ("https://www.mee.gov.cn.example.com/x", False),
        ("https://example.com/gov.cn", False),
        ("https://gov.cn@example.com/", False),
        ("https://notgov.cn/", False),
        ("https://www.mee.gov.cn:8443/", False),
        ("javascript:alert(1)//gov.cn", False),
        ("ftp://gov.cn/x", False),
    ],
)
def test_a_link_is_to_a_host_of_a_publisher_or_below_it(href: str, publishers: bool) -> None:
    assert is_publishers(href, ["gov.cn"]) is publishers


def test_every_shipped_link_is_to_a_publisher(shipped: Rulebook) -> None:
    hosts = shipped.standards.link_hosts
    files = [*RULES.rglob("*.toml"), *SHIPPED_DATA.glob("*.csv")]
    texts = [path.read_text("utf-8") for path in files]
    links = [link for text in texts for link in re.findall(r"https?://[^\s\",，]+", text)]
    assert len(links) >= 10
    assert [link for link in links if not is_publishers(link, hosts)] == []


def test_what_is_printed_says_nothing_of_how_a_copy_was_obtained() -> None:
    printed = [
        (row["key"], row["source_title"] + row["source_ref"])
        for path in SHIPPED_DATA.glob("*.csv")
        for row in csv.DictReader(path.read_text("utf-8").splitlines())
    ]
    printed += [
        (path.name, line)
        for path in RULES.rglob("*.toml")
        for line in re.findall(
            r"(?m)^(?:title|clause|summary|label) = .*$", path.read_text("utf-8")
        )
    ]
    assert [each for each in printed if HIDDEN.search(each[1])] == []


def test_a_table_of_energy_with_a_link_to_a_copy_is_refused(tmp_path: Path) -> None:
    for name in FILES:
        text = (SHIPPED_DATA / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("www.mee.gov.cn", "mirror.example.com"), "utf-8")
    with pytest.raises(EnergyTablesError, match="不在发布机构自己的网站上"):
        load_energy_tables(tmp_path)
