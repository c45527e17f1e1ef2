"""The shipped factor tables, a folder of them to break, and the choices of most tests."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from credit_rules.energy import Basis, Choices, EnergyTables, load_energy_tables
from credit_rules.energy.loading import FILES, SHIPPED


@pytest.fixture(scope="session")
def tables() -> EnergyTables:
    return load_energy_tables()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped tables."""
    for name in FILES:
        shutil.copy(SHIPPED / name, tmp_path / name)
    return tmp_path


@pytest.fixture(scope="session")
def choose() -> Callable[..., Choices]:
    """Choices for Zhejiang in 2026 under JS/T 303, but for what is given."""

    def make(**changes: object) -> Choices:
        usual: dict[str, object] = {
            "on": date(2026, 3, 1),
            "set_name": "js_t_303_2026",
            "basis": Basis.CALORIFIC,
            "region": "浙江",
        }
        return Choices(**{**usual, **changes})  # type: ignore[arg-type] # tests spell them right

    return make
