"""The map names every folder that is there, and none that is not."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAP = (ROOT / "docs/map.md").read_text(encoding="utf-8")
# Described in one line each, as wholes.
WHOLES = ("miniprogram/", "tests/", "docs/", "benchmarks/", "typings/", "requirements/", ".ci/")
BELOW = (
    "admin/static/",
    "admin/templates/",
    "miniprogram_api/static/",
    "miniprogram_api/templates/",
)


def _folders() -> set[str]:
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    folders = {
        f"{parent}/" for name in names for parent in Path(name).parents if str(parent) != "."
    }
    return {
        folder
        for folder in folders
        if not folder.startswith(WHOLES) and not (folder.startswith(BELOW) and folder not in BELOW)
    }


def test_every_folder_is_on_the_map() -> None:
    assert _folders() <= set(re.findall(r"`([^`]+/)`", MAP))


def test_everything_on_the_map_is_there() -> None:
    named = re.findall(r"^\| `([^`]+/)` \|", MAP, re.MULTILINE)
    named += re.findall(r"`([\w/]+\.(?:py|md|sql|toml|v1\.toml))`", MAP)
    assert [name for name in named if not (ROOT / name).exists()] == []
