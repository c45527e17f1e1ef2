"""What can be wrong with a conversion or with the factor tables; sentences say what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from credit_rules.errors import FieldProblem, RulebookError

_LONGEST_SHOWN: Final = 40


class EnergyRefused(ValueError):  # noqa: N818 - the name says what happened
    """A conversion is refused; nothing was computed.

    Args:
        problems: field (``lines[0].unit``, or a choice such as ``set``), sentence and code.
    """

    code = "energy_refused"

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems: tuple[FieldProblem, ...] = tuple(problems)
        super().__init__("；".join(f"{p.field}: {p.sentence}" for p in self.problems))


class EnergyTablesError(RulebookError):
    """The factor tables cannot be used; carries every problem found."""

    code = "energy_tables_invalid"


def refused(field: str, sentence: str, code: str) -> EnergyRefused:
    """A refusal for one reason."""
    return EnergyRefused([FieldProblem(field, sentence, code)])


def shown(value: object) -> str:
    """A value fit to stand in a message: short, on one line, without invisible characters."""
    text = value if isinstance(value, str) else type(value).__name__
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)[
        :_LONGEST_SHOWN
    ]
