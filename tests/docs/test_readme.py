"""The READMEs point at what is there, and their example gives what it says."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from backend.cli import main

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh.md")
DOORS = (*READMES, "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")


@pytest.mark.parametrize("page", DOORS)
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text) + re.findall(r'src="([^"]+)"', text)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_both_languages_show_the_same() -> None:
    shown = [
        (
            sorted(re.findall(r"docs/images/\w+\.png", text)),
            re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[1:],
        )
        for text in ((ROOT / readme).read_text(encoding="utf-8") for readme in READMES)
    ]
    assert shown[0] == shown[1]


@pytest.mark.parametrize("readme", READMES)
def test_the_example_runs(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    found = re.search(r"echo '(\{.*?\})' \| \\\s+\.venv/bin/tanpuhui (.*)", text)
    assert found
    result = CliRunner().invoke(main, found[2].split(), input=found[1])
    assert result.exit_code == 0, result.output
    assert json.loads(result.output)["reduction_mg"] == 368_750
