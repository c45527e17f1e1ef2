"""Reads places and print batches. The lookup of a scanned code is one statement by unique keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from backend.db.statements import fetch_all
from backend.errors import NotFoundError
from backend.organisations.queries import Scope, institutions_in
from backend.places.models import (
    BatchRecord,
    Datum,
    Place,
    PlaceAtCode,
    PlaceKind,
    PlaceRecord,
    PlaceState,
    PrintBatch,
    WasteClass,
)

_COLUMNS: Final = (
    "p.id, p.code, p.kind, p.name, p.institution_id, p.address, p.state, p.accepted, p.hours,"
    " p.latitude, p.longitude, p.datum, p.radius_m"
)
# What a statement asks of `place` as p and `print_batch` as b to read the place of a code.
AT_CODE_COLUMNS: Final = f"{_COLUMNS}, b.id, b.revoked_at IS NOT NULL"
_AT_CODE: Final = f"""
SELECT {AT_CODE_COLUMNS}
  FROM place AS p LEFT JOIN print_batch AS b ON b.key = %s::text AND b.place_id = p.id
 WHERE p.id = %s::bigint
"""
# Haversine in the datum each place was surveyed in: the caller's point comes in both. Distances are
# computed once a place (MATERIALIZED), and only the page's rows are read in full.
_NEAR: Final = text(
    f"""
    WITH distance AS MATERIALIZED (
        SELECT p.id, round(12742017.6 * asin(least(1, sqrt(
            power(sin(radians(p.latitude::float8 - q.latitude) / 2), 2)
            + cos(radians(q.latitude)) * cos(radians(p.latitude::float8))
            * power(sin(radians(p.longitude::float8 - q.longitude) / 2), 2)
        ))))::bigint AS metres
        FROM place AS p
        JOIN (VALUES
            ('wgs84', CAST(:wgs_latitude AS float8), CAST(:wgs_longitude AS float8)),
            ('gcj02', CAST(:gcj_latitude AS float8), CAST(:gcj_longitude AS float8))
        ) AS q (datum, latitude, longitude) ON q.datum = p.datum
        WHERE p.latitude IS NOT NULL AND p.state <> 'closed'
    ), page AS (
        SELECT id, metres FROM distance
        WHERE (metres, id) > (:after_m, :after_id)
        ORDER BY metres, id LIMIT :limit
    )
    SELECT {_COLUMNS}, page.metres AS distance_m
    FROM page JOIN place AS p ON p.id = page.id
    ORDER BY page.metres, page.id
    """
)


@dataclass(frozen=True, slots=True)
class NearPlace:
    """A place and its distance in metres from the point asked about."""

    place: PlaceRecord
    distance_m: int


def at_code(db: Connection, place_id: int, key: str | None) -> PlaceAtCode | None:
    """The place of an id, whatever its scope, with the batch of a key; one statement."""
    found = fetch_all(db, _AT_CODE, (key, place_id))
    return place_at_code(found[0]) if found else None


def by_id(db: Connection, place_id: int) -> PlaceRecord | None:
    """The place of an id, whatever its scope."""
    found = at_code(db, place_id, None)
    return found.place if found else None


def place_at_code(row: Sequence[Any]) -> PlaceAtCode:
    """What the `AT_CODE_COLUMNS` of a row say."""
    return PlaceAtCode(_record(row), row[13], row[14])


def place_of(
    db: Connection, place_id: int, *, scope: Scope, for_update: bool = False
) -> PlaceRecord:
    """A place within an actor's scope.

    Args:
        db: open transaction.
        place_id: the place.
        scope: the institutions the actor's roles reach.
        for_update: lock the row until the transaction ends.

    Raises:
        NotFoundError: no such place, or outside the scope.
    """
    statement = _places().where(
        Place.id == place_id, Place.institution_id.in_(institutions_in(scope))
    )
    row = db.execute(statement.with_for_update() if for_update else statement).one_or_none()
    if row is None:
        raise NotFoundError("没有找到这个点位，或不在您的管理范围内")
    return _record(row)


def places_in(
    db: Connection,
    *,
    scope: Scope,
    limit: int,
    after_id: int = 0,
    search: str = "",
    state: PlaceState | None = None,
) -> tuple[PlaceRecord, ...]:
    """Places within an actor's scope by id, one page.

    Args:
        db: open transaction.
        scope: the institutions the actor's roles reach.
        limit: most rows.
        after_id: the last id of the page before.
        search: part of the name, address or code; empty for all.
        state: only places in this state.
    """
    statement = _places().where(
        Place.institution_id.in_(institutions_in(scope)), Place.id > after_id
    )
    if state is not None:
        statement = statement.where(Place.state == state.value)
    if search:
        statement = statement.where(
            Place.name.icontains(search, autoescape=True)
            | Place.address.icontains(search, autoescape=True)
            | Place.code.istartswith(search, autoescape=True)
        )
    rows = db.execute(statement.order_by(Place.id).limit(limit))
    return tuple(_record(row) for row in rows)


def places_near(
    db: Connection,
    wgs84: tuple[Decimal, Decimal],
    gcj02: tuple[Decimal, Decimal],
    *,
    limit: int,
    after: tuple[int, int] = (-1, 0),
) -> tuple[NearPlace, ...]:
    """Places that are not closed for good, nearest first.

    Args:
        db: open transaction.
        wgs84: latitude and longitude of the point in degrees.
        gcj02: the same point in the datum of Chinese maps.
        limit: most rows.
        after: distance in metres and id of the last place of the page before.
    """
    parameters = {
        "wgs_latitude": wgs84[0],
        "wgs_longitude": wgs84[1],
        "gcj_latitude": gcj02[0],
        "gcj_longitude": gcj02[1],
        "after_m": after[0],
        "after_id": after[1],
        "limit": limit,
    }
    rows = db.execute(_NEAR, parameters)
    return tuple(NearPlace(_record(row), row.distance_m) for row in rows)


def batches_of(db: Connection, place_id: int, *, scope: Scope) -> tuple[BatchRecord, ...]:
    """The print batches of a place, newest first.

    Raises:
        NotFoundError: no such place, or outside the scope.
    """
    place_of(db, place_id, scope=scope)
    statement = _batches().where(PrintBatch.place_id == place_id)
    rows = db.execute(statement.order_by(PrintBatch.printed_at.desc(), PrintBatch.id.desc()))
    return tuple(_batch(row) for row in rows)


def batch_of(
    db: Connection, batch_id: int, *, scope: Scope, for_update: bool = False
) -> BatchRecord:
    """A print batch of a place within an actor's scope.

    Raises:
        NotFoundError: no such batch, or outside the scope.
    """
    statement = (
        _batches()
        .join(Place, Place.id == PrintBatch.place_id)
        .where(PrintBatch.id == batch_id, Place.institution_id.in_(institutions_in(scope)))
    )
    if for_update:
        statement = statement.with_for_update(of=PrintBatch)
    row = db.execute(statement).one_or_none()
    if row is None:
        raise NotFoundError("没有找到这批海报，或不在您的管理范围内")
    return _batch(row)


def valid_batches(db: Connection, place_ids: Collection[int]) -> dict[int, BatchRecord]:
    """The newest batch that is not revoked of each place that has one."""
    statement = (
        _batches()
        .where(PrintBatch.place_id.in_(place_ids), PrintBatch.revoked_at.is_(None))
        .ext(distinct_on(PrintBatch.place_id))
        .order_by(PrintBatch.place_id, PrintBatch.printed_at.desc(), PrintBatch.id.desc())
    )
    return {batch.place_id: batch for batch in map(_batch, db.execute(statement))}


def places_with(
    db: Connection, place_ids: Sequence[int], *, scope: Scope
) -> tuple[PlaceRecord, ...]:
    """Several places within an actor's scope, in the order asked for.

    Raises:
        NotFoundError: one of them does not exist or lies outside the scope.
    """
    statement = _places().where(
        Place.id.in_(place_ids), Place.institution_id.in_(institutions_in(scope))
    )
    found = {row.id: _record(row) for row in db.execute(statement)}
    if any(place_id not in found for place_id in place_ids):
        raise NotFoundError("所选点位中有的不存在，或不在您的管理范围内，请刷新列表后重选")
    return tuple(found[place_id] for place_id in place_ids)


def _places() -> Select[*tuple[Any, ...]]:
    return select(
        Place.id,
        Place.code,
        Place.kind,
        Place.name,
        Place.institution_id,
        Place.address,
        Place.state,
        Place.accepted,
        Place.hours,
        Place.latitude,
        Place.longitude,
        Place.datum,
        Place.radius_m,
    )


def _batches() -> Select[*tuple[Any, ...]]:
    return select(
        PrintBatch.id,
        PrintBatch.place_id,
        PrintBatch.key,
        PrintBatch.printed_at,
        PrintBatch.revoked_at,
        PrintBatch.revoked_reason,
    )


def _record(row: Sequence[Any]) -> PlaceRecord:
    """The place of a row that begins with `_COLUMNS`."""
    place_id, code, kind, name, institution_id, address, state, accepted, hours = row[:9]
    latitude, longitude, datum, radius_m = row[9:13]
    return PlaceRecord(
        id=place_id,
        code=code,
        kind=PlaceKind(kind),
        name=name,
        institution_id=institution_id,
        address=address,
        state=PlaceState(state),
        accepted=tuple(WasteClass(item) for item in accepted),
        hours=tuple(hours),
        latitude=latitude,
        longitude=longitude,
        datum=Datum(datum),
        radius_m=radius_m,
    )


def _batch(row: Row[*tuple[Any, ...]]) -> BatchRecord:
    return BatchRecord(*row)
