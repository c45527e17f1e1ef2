"""Which characters exist, by a table of our own: a name is not refused for an old Python."""

from bisect import bisect_right
from functools import cache
from pathlib import Path
from typing import Final

_TABLE: Final = Path(__file__).parent / "unicode.txt"
_NAME_MARKS: Final = frozenset(" ·•‧・.,'’ʼ‘-‐–/()（）")
"""What stands between the letters of persons' names, such as `阿不都热合曼·买买提`, `a/l`."""


def is_graphic(character: str) -> bool:
    """Whether a character is assigned and drawn: a letter, mark, number, sign or the blank."""
    return character == " " or _in("letters", character) or _in("others", character)


def is_letter(character: str) -> bool:
    """Whether a character is a letter, an ideograph or a mark on one."""
    return _in("letters", character)


def is_text(text: str) -> bool:
    """Whether every character of a single line is drawn."""
    return all(map(is_graphic, text))


def is_person_name(text: str) -> bool:
    """Whether a text may be a person's name: it begins with a letter, and holds at least that.

    Digits are taken, for rosters tell namesakes apart by them.
    """
    return is_letter(text[:1]) and all(
        is_letter(each) or each in _NAME_MARKS or each in "0123456789" for each in text
    )


def _in(section: str, character: str) -> bool:
    starts, ends = _ranges()[section]
    place = bisect_right(starts, ord(character)) - 1 if character else -1
    return place >= 0 and ord(character) <= ends[place]


@cache
def _ranges() -> dict[str, tuple[list[int], list[int]]]:
    """First and last code points of the table's ranges, by section."""
    sections: dict[str, tuple[list[int], list[int]]] = {}
    starts: list[int] = []
    ends: list[int] = []
    for line in _TABLE.read_text(encoding="ascii").splitlines():
        if line.startswith("["):
            starts, ends = sections[line.strip("[]")] = [], []
        elif not line.startswith("#"):
            for first, _, last in (item.partition("-") for item in line.split()):
                starts.append(int(first, 16))
                ends.append(int(last or first, 16))
    return sections
