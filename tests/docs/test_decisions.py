"""Decisions are numbered 1, 2, 3 … and the index names each of them."""

import os
import re
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs/decisions"
INDEX = FOLDER / "README.md"
INTRODUCTION = """# Decisions

Why the system is built as it is: one page a decision, with context, decision and consequence. A
decision is never rewritten. One that replaces another says so in a line of its own,
`Supersedes: [N](FILE)`, and the other gets `Superseded by: [M](FILE)`.

To add one: take the next number, call the file `NNNN-a-few-words.md`, begin it with `# N. Title`,
and run `make docs`, which writes this list.

"""


def _files() -> list[Path]:
    return sorted(path for path in FOLDER.glob("*.md") if path != INDEX)


def _title(path: Path) -> tuple[int, str]:
    heading = path.read_text(encoding="utf-8").partition("\n")[0]
    found = re.fullmatch(r"# (\d+)\. (.+)", heading)
    assert found, f"{path.name} begins with {heading!r}: write `# N. Title`"
    return int(found[1]), found[2]


def _line(path: Path) -> str:
    number, title = _title(path)
    later = re.search(r"^Superseded by: \[(\d+)\]", path.read_text(encoding="utf-8"), re.MULTILINE)
    return f"{number}. [{title}]({path.name})" + (f" (superseded by {later[1]})" if later else "")


def test_decisions_are_numbered_without_gaps() -> None:
    names = [path.name for path in _files()]
    for expected, name in enumerate(names, start=1):
        assert re.fullmatch(rf"{expected:04}-[a-z0-9-]+\.md", name), (
            f"{name} stands where decision {expected:04} belongs (two of one number, or a gap): "
            f"`git mv` the newest to the next free number, change its heading, run `make docs`"
        )


def test_a_heading_says_the_number_of_its_file() -> None:
    for path in _files():
        assert _title(path)[0] == int(path.name[:4]), f"correct the heading of {path.name}"


def test_the_index_names_every_decision() -> None:
    current = INTRODUCTION + "".join(f"{_line(path)}\n" for path in _files())
    if os.environ.get("TANPUHUI_WRITE_DOCS"):
        INDEX.write_text(current, encoding="utf-8")
    assert INDEX.read_text(encoding="utf-8") == current, "run `make docs`"


def test_what_supersedes_is_said_on_both_sides() -> None:
    for path in _files():
        for word, other_word in (
            ("Supersedes", "Superseded by"),
            ("Superseded by", "Supersedes"),
        ):
            for name in re.findall(
                rf"^{word}: \[\d+\]\((\S+)\)", path.read_text(encoding="utf-8"), re.MULTILINE
            ):
                other = (FOLDER / name).read_text(encoding="utf-8")
                assert f"{other_word}: [{_title(path)[0]}]({path.name})" in other, (
                    f"{name} needs the line `{other_word}: [{_title(path)[0]}]({path.name})`"
                )
