"""The shipped questionnaire, and a folder with a copy of it to break."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from credit_rules.footprint import Questionnaire, load_questionnaires
from credit_rules.footprint.loading import SHIPPED_QUESTIONNAIRES


@pytest.fixture(scope="session")
def questionnaire() -> Questionnaire:
    return load_questionnaires().on(date(2026, 3, 1))


@pytest.fixture(scope="session")
def all_answers() -> dict[str, str]:
    """An answer to every question."""
    return {
        "car_km": "100",
        "car_type": "hybrid",
        "car_occupants": "2",
        "taxi_km": "5",
        "bus_km": "10",
        "metro_km": "80",
        "hsr_km": "1200",
        "flight_km": "2400",
        "household_size": "3",
        "electricity_kwh": "300",
        "gas_m3": "15",
        "red_meat_meals": "2",
        "vegetarian_meals": "3",
        "clothes_items": "12",
        "devices": "0.5",
        "hotel_nights": "4",
        "office_kwh": "1500",
        "residual_waste_kg": "4",
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "footprint"
    copy.mkdir()
    shutil.copy(SHIPPED_QUESTIONNAIRES / "questionnaire.toml", copy)
    return copy
