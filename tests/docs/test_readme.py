"""The READMEs point at what is there, and their example gives what it says."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from backend.cli import main

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh.md")


@pytest.mark.parametrize("readme", READMES)
def test_every_picture_is_there(readme: str) -> None:
    pictures = re.findall(r'src="([^"]+)"', (ROOT / readme).read_text(encoding="utf-8"))
    assert pictures
    assert [picture for picture in pictures if not (ROOT / picture).exists()] == []


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
