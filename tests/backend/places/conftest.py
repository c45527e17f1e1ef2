"""An institution and places for the tests of this folder."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection

from backend.organisations.models import InstitutionKind
from backend.organisations.service import create_district, create_institution, create_system
from backend.places.models import PlaceDraft, PlaceKind, PlaceRecord, WasteClass
from backend.places.policy import ALWAYS_OPEN
from backend.places.service import create_place
from backend.ports.keys import KeyRing

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)

MakePlace = Callable[..., PlaceRecord]


@pytest.fixture
def keys() -> KeyRing:
    return KeyRing("a secret of the tests, 32 characters")


@pytest.fixture
def institutions(db: Connection) -> tuple[int, int]:
    """Ids of two institutions of one district."""
    city = create_district(db, code="330100", name="杭州市", parent_id=None, now=NOW)
    system = create_system(db, code="education", name="教育系统", now=NOW)
    first, second = (
        create_institution(
            db,
            credit_code=credit_code,
            name=name,
            district_id=city,
            system_id=system,
            kind=next(iter(InstitutionKind)),
            opened_on=date(2020, 1, 1),
            now=NOW,
        )
        for credit_code, name in (
            ("11330100002489559L", "市政府办公厅"),
            ("12330100470116400N", "市第一中学"),
        )
    )
    return first, second


@pytest.fixture
def draft(institutions: tuple[int, int]) -> Callable[..., PlaceDraft]:
    """Makes a draft of a recycling point, with changes."""

    def make(**changes: Any) -> PlaceDraft:
        values: dict[str, Any] = {
            "kind": PlaceKind.RECYCLING_POINT,
            "name": "1号楼地下一层投放点",
            "institution_id": institutions[0],
            "address": "文三路999号",
            "accepted": (WasteClass.RECYCLABLE, WasteClass.HAZARDOUS),
            "hours": ALWAYS_OPEN,
            "latitude": Decimal("30.274150"),
            "longitude": Decimal("120.155150"),
        }
        return PlaceDraft(**{**values, **changes})

    return make


@pytest.fixture
def make_place(db: Connection, draft: Callable[..., PlaceDraft]) -> MakePlace:
    """Creates a recycling point, with changes."""
    return lambda **changes: create_place(db, draft(**changes), actor_id=None, at=NOW)
