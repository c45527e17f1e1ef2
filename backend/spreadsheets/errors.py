"""What is wrong with a file, or with one of its cells."""

from dataclasses import dataclass
from typing import NoReturn

from backend.errors import InvalidInputError


class SpreadsheetError(InvalidInputError):
    """The file is no table this program reads; the sentence says what to change."""

    code = "spreadsheet_invalid"


def refuse(sentence: str) -> NoReturn:
    """Refuses the file as a whole."""
    raise SpreadsheetError(sentence) from None


class CellError(Exception):
    """A cell is wrong.

    Args:
        problem: what is wrong, in Chinese, without the final stop.
        suggestion: what to do; empty where the note of its column says so.
    """

    def __init__(self, problem: str, suggestion: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row is refused: where, what is wrong, what to do. Sentences are Chinese."""

    row: int
    column: str
    problem: str
    suggestion: str
