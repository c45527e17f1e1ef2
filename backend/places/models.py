"""Tables of the places feature: anything with a QR code, and the batches of its posters."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Numeric, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base


class PlaceKind(StrEnum):
    """What a place is; its public code begins with the kind's letter."""

    RECYCLING_POINT = "recycling_point"
    CANTEEN = "canteen"
    STAIRWELL = "stairwell"
    VENUE = "venue"


class PlaceState(StrEnum):
    """Whether a place takes anything: open, paused for a while, closed for good."""

    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class WasteClass(StrEnum):
    """The four classes of Hangzhou's household waste rules (杭州市生活垃圾管理条例)."""

    RECYCLABLE = "recyclable"
    HAZARDOUS = "hazardous"
    FOOD_WASTE = "food_waste"
    RESIDUAL = "residual"


class Datum(StrEnum):
    """The datum of a pair of coordinates: GPS, or the shifted one of Chinese maps."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"


class CodeKind(StrEnum):
    """Where a code was read: on a printed poster, or on a screen that changes it."""

    PRINTED = "printed"
    ROTATING = "rotating"


def _one_of(column: str, values: type[StrEnum]) -> str:
    """SQL that holds a text column to the values of an enum."""
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


class Place(Base):
    """A recycling point, canteen, stairwell or venue of an institution.

    `hours` is a list of `{"day": 1..7, "from": "HH:MM", "to": "HH:MM"}` (ISO weekday, Shanghai
    time; `to` at or before `from` ends on the next day). `radius_m` is in metres. `code` is the
    kind's letter and the id in seven digits.
    """

    __tablename__ = "place"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    code: Mapped[str] = mapped_column(Text(), unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    address: Mapped[str]
    state: Mapped[str]
    accepted: Mapped[list[str]] = mapped_column(ARRAY(Text()))
    hours: Mapped[list[dict[str, Any]]] = mapped_column(JSONB())
    latitude: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    longitude: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    datum: Mapped[str]
    radius_m: Mapped[int]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("code ~ '^[RCSV][0-9]{7}$'", name="code"),
        CheckConstraint(_one_of("kind", PlaceKind), name="kind"),
        CheckConstraint(_one_of("state", PlaceState), name="state"),
        CheckConstraint(_one_of("datum", Datum), name="datum"),
        CheckConstraint(
            f"accepted <@ ARRAY[{', '.join(repr(item.value) for item in WasteClass)}]",
            name="accepted",
        ),
        CheckConstraint("length(name) BETWEEN 1 AND 100", name="name"),
        CheckConstraint("radius_m BETWEEN 1 AND 2000", name="radius"),
        CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="position"),
        CheckConstraint(
            "latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180",
            name="coordinates",
        ),
    )


class PrintBatch(Base):
    """The posters of one place printed at one time: they share a random key and die together."""

    __tablename__ = "print_batch"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    key: Mapped[str] = mapped_column(Text(), unique=True)
    printed_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("key ~ '^[A-Z2-7]{10}$'", name="key"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_reason IS NULL)", name="revocation"),
        Index("ix_print_batch_place_id_printed_at", "place_id", text("printed_at DESC")),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceDraft:
    """What whoever runs a place says of it; the units are those of `Place`."""

    kind: PlaceKind
    name: str
    institution_id: int
    address: str
    accepted: tuple[WasteClass, ...]
    hours: tuple[dict[str, Any], ...]
    latitude: Decimal | None
    longitude: Decimal | None
    datum: Datum = Datum.GCJ02
    radius_m: int = 100
    state: PlaceState = PlaceState.OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRecord(PlaceDraft):
    """A place as it stands in the database."""

    id: int
    code: str


@dataclass(frozen=True, slots=True)
class PlaceAtCode:
    """The place of an id with the print batch of a key, as they stand.

    Attributes:
        place: the place.
        batch_id: None where no batch of this place has that key.
        revoked: whether that batch was revoked.
    """

    place: PlaceRecord
    batch_id: int | None
    revoked: bool


@dataclass(frozen=True, slots=True)
class ResolvedPlace:
    """The place behind a code that was read and verified.

    Attributes:
        place: the place.
        code_kind: printed or rotating.
        step: the 30-second step of a rotating code since the Unix epoch.
        batch_id: the print batch of a printed code.
        scanned_at: when the code was scanned: now, or earlier for a ticket of that scan.
    """

    place: PlaceRecord
    code_kind: CodeKind
    step: int | None
    batch_id: int | None
    scanned_at: datetime


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """A print batch as it stands in the database; the key stays out of `repr` and so of logs."""

    id: int
    place_id: int
    key: str = field(repr=False)
    printed_at: datetime
    revoked_at: datetime | None = None
    revoked_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """What a poster says; `url` is the text of its QR code and stays out of `repr`."""

    url: str = field(repr=False)
    kind: PlaceKind
    name: str
    code: str
    address: str
    accepted: tuple[WasteClass, ...]
    hours: tuple[str, ...]
    batch: str
    printed_on: date
