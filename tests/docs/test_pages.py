"""What the documents point at is there, and the floors they draw are those of the contract."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("docs/decisions/[0-9]*.md")]
)
# What a decision names stood there when it was taken.
LIVING = [page for page in PAGES if page.parent.name != "decisions"]
_PATH = re.compile(
    r"`((?:backend|admin|credit_rules|miniprogram_api|tests|benchmarks|docs)/[\w/.-]+)(?:: \w+)?`"
)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    dead = []
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        known = _anchors(target) if target.suffix == ".md" and target.is_file() else set()
        if not target.exists() or (anchor and anchor not in known):
            dead.append(link)
    assert dead == []


@pytest.mark.parametrize("page", LIVING, ids=_name)
def test_every_file_it_names_is_there(page: Path) -> None:
    named = _PATH.findall(page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_map_leads_to_every_page() -> None:
    text = (ROOT / "docs/map.md").read_text(encoding="utf-8")
    pages = {page.name for page in ROOT.glob("docs/*.md")} - {"map.md"}
    assert pages - set(re.findall(r"\]\(([\w.-]+)\)", text)) == set()


def test_the_floors_are_those_of_the_contract() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (features,) = (contract for contract in contracts if contract["id"] == "features")
    # Rooms in brackets have no content yet.
    floors = [
        [room for room in layer.split(" | ") if not room.startswith("(")]
        for layer in features["layers"]
    ]
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = text.partition("| floor |")[2].partition("\n\n")[0]
    drawn = [
        re.findall(r"`(\w+)`", row.split("|")[1]) for row in table.splitlines() if "`" in row[:4]
    ]
    assert drawn == [floor for floor in floors if floor], "draw the floors of pyproject.toml"
