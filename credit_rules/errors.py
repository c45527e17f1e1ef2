"""What can be wrong with a rulebook or with the facts of one action.

Every message is a Chinese sentence that says what to do next; `code` is stable and for machines.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One error of one file of a rulebook.

    Args:
        file: name of the file, relative to its folder.
        key: path of the offending key, such as ``steps[2].activity``.
        fault: what is wrong, one Chinese sentence.
        remedy: what to change, one Chinese sentence.
    """

    file: str
    key: str
    fault: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.fault}{self.remedy}"


class RulebookError(Exception):
    """A folder of methodologies cannot be used; carries every problem found, in file order."""

    code = "rulebook_invalid"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NotInForce(LookupError):  # noqa: N818 - the name says what happened, as StopIteration does
    """No version of this methodology is in force on that day."""

    code = "methodology_not_in_force"

    def __init__(self, methodology_id: str, on: date | None, remedy: str) -> None:
        self.methodology_id = methodology_id
        self.on = on
        day = f"在 {on.isoformat()} " if on else ""
        self.sentence = f"方法学“{methodology_id}”{day}没有生效的版本。{remedy}"
        super().__init__(self.sentence)


class UnknownMethodology(NotInForce):
    """The rulebook has no methodology, or no version, of that name."""

    code = "methodology_unknown"


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Why one field of the facts is refused.

    Args:
        field: name of the input, or ``tier``, ``on``, ``used.<key>``, ``boost``, ``credited``.
        sentence: Chinese sentence that says what to do next.
        code: stable code, such as ``out_of_bounds``.
    """

    field: str
    sentence: str
    code: str


class FactsRefused(ValueError):  # noqa: N818 - the name says what happened
    """The facts of an action are refused; nothing was assessed."""

    code = "facts_refused"

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems: tuple[FieldProblem, ...] = tuple(problems)
        super().__init__("；".join(f"{p.field}: {p.sentence}" for p in self.problems))


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name is meant, or list the known names.

    Args:
        name: the name as written.
        known: the names that would be right.

    Returns:
        A Chinese sentence fit to be a remedy.
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    if close:
        return f"最接近的名称是“{close[0]}”，请改正。"
    if not names:
        return "此处不允许任何名称，请删除。"
    return f"可用的名称：{'、'.join(names)}。"
