"""The explanation of a plan with blanks: all that its actions share, drawn once.

What a trace says differs between two actions in numbers and in the rows they chose; names, units,
sources and sentences are the same. A template is drawn per plan and tier of evidence
(`trace_drawing`), and a trace only fills in its blanks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from credit_rules.plan import Slots

Source = Callable[[Slots], str]


class GivenBlank(IntEnum):
    """The blanks that do not come from the slots, in the order a trace gives them."""

    ON = 0
    REDUCTION_MG = 1
    REDUCTION_REMAINDER_NG = 2
    POINTS_MPT = 3
    POINTS_REMAINDER_NPT = 4
    BONUS_MPT = 5
    BONUS = 6


# A blank is one character of the planes for private use while a template is drawn: of the first
# where text is filled in, of the second where the quotes around it go and JSON is filled in.
_TEXT, _RAW = 0xF0000, 0x100000
_BLANKS: Final = re.compile('([\U000f0000-\U000fffff])|"([\U00100000-\U0010ffff])"')


def text_blank(blank: int) -> str:
    """What stands for a blank within a text while a template is drawn."""
    return chr(_TEXT + blank)


def json_blank(blank: int) -> str:
    """What stands for a blank that is filled with JSON, as a text of its own."""
    return chr(_RAW + blank)


class Blanked:
    """A text with blanks.

    Args:
        drawn: the text, each blank a character for private use.
        instead: the blank to take for a blank, where it is not the same one.
    """

    __slots__ = ("_blanks", "_pieces")

    def __init__(self, drawn: str, instead: dict[int, int]) -> None:
        self._pieces: list[str] = []
        self._blanks: list[tuple[int, int]] = []
        begin = 0
        for found in _BLANKS.finditer(drawn):
            text, raw = found.groups()
            blank = ord(text) - _TEXT if text else ord(raw) - _RAW
            self._pieces += (drawn[begin : found.start()], "")
            self._blanks.append((len(self._pieces) - 1, instead.get(blank, blank)))
            begin = found.end()
        self._pieces.append(drawn[begin:])

    def filled(self, blanks: Sequence[str]) -> str:
        """The text with its blanks filled in."""
        pieces = self._pieces.copy()
        for place, blank in self._blanks:
            pieces[place] = blanks[blank]
        return "".join(pieces)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence; not said where both blanks of `unless_equal` are filled in alike."""

    text: Blanked
    unless_equal: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class TraceTemplate:
    """What the traces of one plan and tier of evidence share.

    Args:
        sources: what fills the blanks that come after the given ones.
        document: the canonical JSON.
        sentences: the Chinese sentences up to bonus and result.
    """

    sources: tuple[Source, ...]
    document: Blanked
    sentences: tuple[Sentence, ...]
