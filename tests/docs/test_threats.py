"""Every test that the page of threats names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threats.md").read_text(encoding="utf-8")


def test_every_test_it_names_is_there() -> None:
    written = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(
            r"^ *def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert named
    assert named - written == set()


def test_every_threat_has_a_test() -> None:
    rows = re.findall(r"^\| (?!attack|accident|-)(.*) \|$", PAGE, re.MULTILINE)
    assert rows
    assert [row for row in rows if "`test_" not in row.rpartition(" | ")[2]] == []
