"""Tables on a terminal, where a Chinese character takes two columns."""

from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table: the first column to the left, the others to the right.

    Args:
        headings: one a column.
        rows: as many cells each.
    """
    lines = [headings, *rows]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *others = (
            cell + " " * (width - _width(cell))
            if index == 0
            else " " * (width - _width(cell)) + cell
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        yield "  ".join([first, *others]).rstrip()


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
