"""Rulebooks of the tests: the shipped one, a mixed one of all blocks, and folders to break."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from credit_rules import Rulebook, load_rulebook
from credit_rules.loading import SHIPPED

MIXED = Path(__file__).parent / "files" / "mixed"


@pytest.fixture(scope="session")
def shipped() -> Rulebook:
    return load_rulebook()


@pytest.fixture(scope="session")
def mixed() -> Rulebook:
    return load_rulebook(MIXED)


@pytest.fixture
def shipped_folder(tmp_path: Path) -> Path:
    """A draft: the shipped standards and drop-off, without their lock."""
    folder = tmp_path / "methods"
    folder.mkdir()
    for name in ("rulebook.toml", "recycling.drop_off.v1.toml"):
        shutil.copy(SHIPPED / name, folder)
    (folder / "lock.json").write_text("{}")
    return folder


@pytest.fixture
def mixed_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "mixed"
    shutil.copytree(MIXED, folder)
    return folder


@pytest.fixture
def solo_folder(tmp_path: Path) -> Path:
    """The rulebook with the solo-car baseline, without its lock."""
    folder = tmp_path / "solo_car"
    shutil.copytree(SHIPPED.parent / "rulebooks" / "solo_car", folder)
    (folder / "lock.json").write_text("{}")
    return folder


@pytest.fixture
def replace() -> Callable[[Path, str, str], None]:
    """Replace a text that must be there, once, in a file."""

    def edit(path: Path, old: str, new: str) -> None:
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{old!r} is not in {path.name}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    return edit
