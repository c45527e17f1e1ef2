"""Loading the factor tables of energy: the only module of this package that reads files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from credit_rules.energy.errors import EnergyTablesError
from credit_rules.energy.tables import EnergyTables, read_tables
from credit_rules.errors import Problem

SHIPPED: Final = Path(__file__).parents[1] / "data"
FILES: Final = ("energy_factors.csv", "grid_factors.csv")


def load_energy_tables(directory: Path | None = None) -> EnergyTables:
    """Load and check the factor tables.

    Args:
        directory: a folder with ``energy_factors.csv`` and ``grid_factors.csv``; None for the
            shipped ones.

    Raises:
        EnergyTablesError: with every problem: file, key, fault and remedy.
    """
    folder = directory if directory is not None else SHIPPED
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for name in FILES:
        try:
            texts[name] = (folder / name).read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError):
            problems.append(
                Problem(name, ".", "读不到这个文件。", "请确认文件存在，且是 UTF-8 编码。")
            )
    if problems:
        raise EnergyTablesError(problems)
    return read_tables({name: text.splitlines() for name, text in texts.items()})
