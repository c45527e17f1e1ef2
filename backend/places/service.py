"""Changes places and print batches, resolves scanned codes. Never commits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from backend.audit.service import record
from backend.audit.tags import Tag
from backend.clock import business_day
from backend.db.seen import require_unchanged
from backend.errors import ErrorKind, FieldError, InvalidInputError
from backend.organisations.queries import Scope
from backend.places import queries, scanned
from backend.places.codes import PrintedCode, new_key, place_code, printed_url
from backend.places.models import (
    BatchRecord,
    Datum,
    Place,
    PlaceDraft,
    PlaceRecord,
    Poster,
    PrintBatch,
    ResolvedPlace,
)
from backend.places.policy import Position, checked, hours_lines, in_datum
from backend.ports.keys import KeyRing

CHANGEABLE: Final = frozenset(
    {
        "name",
        "address",
        "state",
        "accepted",
        "hours",
        "latitude",
        "longitude",
        "datum",
        "radius_m",
    }
)
_CURSOR = re.compile(r"([0-9]{1,9})-([0-9]{1,18})", re.ASCII)
_MOST_POSTERS: Final = 1000


class BatchRevokedError(InvalidInputError):
    """The batch was revoked before; what was said then stands."""

    code = "batch_revoked"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class NearPage:
    """One page of places by distance, and where the next begins."""

    items: tuple[queries.NearPlace, ...]
    next_cursor: str | None


def create_place(
    db: Connection, draft: PlaceDraft, *, actor_id: int | None, at: datetime
) -> PlaceRecord:
    """Creates a place and its public code.

    Args:
        db: open transaction.
        draft: what it is; the caller has checked that the actor may act for its institution.
        actor_id: the member who does it; None for operator commands.
        at: aware instant.

    Raises:
        InvalidInputError: names every field at fault.
    """
    valid = checked(draft)
    place_id: int = db.scalar(select(func.nextval(func.pg_get_serial_sequence("place", "id")))) or 0
    drafted = {item.name: getattr(valid, item.name) for item in fields(valid)}
    place = PlaceRecord(**drafted, id=place_id, code=place_code(valid.kind, place_id))
    db.execute(insert(Place).values(**_columns(place), created_at=at))
    record(
        db,
        tag=Tag.PLACE_CREATE,
        actor_id=actor_id,
        object_type="place",
        object_id=place_id,
        after=_columns(place),
        at=at,
    )
    return place


def update_place(
    db: Connection,
    place_id: int,
    changes: Mapping[str, Any],
    *,
    scope: Scope,
    actor_id: int | None,
    at: datetime,
    seen: str | None = None,
) -> PlaceRecord:
    """Changes some fields of a place; the kind and the institution stay, history hangs on them.

    Args:
        db: open transaction.
        place_id: the place.
        changes: new values by field name, of `CHANGEABLE`, typed as in `PlaceDraft`.
        scope: the institutions the actor's roles reach.
        actor_id: the member who does it; None for operator commands.
        at: aware instant.
        seen: fingerprint of the place as the actor saw it (`backend.db.seen`).

    Raises:
        NotFoundError: no such place, or outside the scope.
        EditedMeanwhileError: somebody changed it since.
        InvalidInputError: names every field at fault.
    """
    if unknown := sorted(changes.keys() - CHANGEABLE):
        raise InvalidInputError(
            "这些信息不能修改，请新建点位",
            fields=[FieldError(name, "unchangeable", "不能修改，请新建点位") for name in unknown],
        )
    before = queries.place_of(db, place_id, scope=scope, for_update=True)
    require_unchanged(before, seen)
    after = checked(replace(before, **changes))
    old, new = _columns(before), _columns(after)
    changed = {name for name in new if new[name] != old[name]}
    if changed:
        values = {name: new[name] for name in changed}
        db.execute(update(Place).where(Place.id == place_id).values(**values))
        record(
            db,
            tag=Tag.PLACE_CHANGE,
            actor_id=actor_id,
            object_type="place",
            object_id=place_id,
            before={name: old[name] for name in changed},
            after=values,
            at=at,
        )
    return after


def print_posters(
    db: Connection,
    place_ids: Sequence[int],
    *,
    scope: Scope,
    actor_id: int | None,
    at: datetime,
) -> tuple[BatchRecord, ...]:
    """Opens a print batch with a new random key for each place; older batches stay valid.

    Args:
        db: open transaction.
        place_ids: distinct places, at most 1,000.
        scope: the institutions the actor's roles reach.
        actor_id: the member who does it; None for operator commands.
        at: aware instant.

    Returns:
        one batch a place, in the order of `place_ids`.

    Raises:
        NotFoundError: a place does not exist or lies outside the scope.
        InvalidInputError: none, the same twice, or too many places.
    """
    if not 1 <= len(place_ids) <= _MOST_POSTERS or len(set(place_ids)) != len(place_ids):
        raise InvalidInputError(f"请选择1到{_MOST_POSTERS}个不同的点位再打印海报")
    queries.places_with(db, place_ids, scope=scope)
    rows = [{"place_id": place_id, "key": new_key(), "printed_at": at} for place_id in place_ids]
    statement = insert(PrintBatch).returning(
        PrintBatch.id,
        PrintBatch.place_id,
        PrintBatch.key,
        PrintBatch.printed_at,
        sort_by_parameter_order=True,
    )
    batches = tuple(BatchRecord(*row) for row in db.execute(statement, rows))
    for batch in batches:
        record(
            db,
            tag=Tag.PRINT_BATCH_CREATE,
            actor_id=actor_id,
            object_type="print_batch",
            object_id=batch.id,
            after={"place_id": batch.place_id},
            at=at,
        )
    return batches


def revoke_batch(
    db: Connection,
    batch_id: int,
    *,
    reason: str,
    scope: Scope,
    actor_id: int | None,
    at: datetime,
) -> BatchRecord:
    """Makes every poster of a batch worthless from now on.

    Args:
        db: open transaction.
        batch_id: the batch.
        reason: why, for the audit; 1 to 200 characters.
        scope: the institutions the actor's roles reach.
        actor_id: the member who does it; None for operator commands.
        at: aware instant.

    Raises:
        NotFoundError: no such batch, or outside the scope.
        BatchRevokedError: it was revoked before.
        InvalidInputError: no reason.
    """
    said = reason.strip()
    if not 1 <= len(said) <= 200:
        message = "请填写作废原因，1到200个字"
        raise InvalidInputError(message, fields=[FieldError("reason", "invalid", message)])
    batch = queries.batch_of(db, batch_id, scope=scope, for_update=True)
    if batch.revoked_at is not None:
        raise BatchRevokedError("这批海报此前已作废，无需重复操作")
    values = {"revoked_at": at, "revoked_reason": said}
    db.execute(update(PrintBatch).where(PrintBatch.id == batch_id).values(**values))
    record(
        db,
        tag=Tag.PRINT_BATCH_REVOKE,
        actor_id=actor_id,
        object_type="print_batch",
        object_id=batch_id,
        before={"revoked_at": None, "revoked_reason": None},
        after=values,
        at=at,
    )
    return replace(batch, revoked_at=at, revoked_reason=said)


def resolve_code(
    db: Connection, keys: KeyRing, text: str, now: datetime, *, member_id: int | None = None
) -> ResolvedPlace:
    """Reads and verifies a scanned code, or the ticket of a scan, with one statement.

    Args:
        db: open transaction or read connection.
        keys: the installation's key ring.
        text: what was scanned or typed.
        now: aware instant of the server's clock, against which rotating codes expire.
        member_id: who presents it; a ticket is good for nobody else.

    Raises:
        CodeError: see `scanned.resolved`.
    """
    read = scanned.read(text)
    found = None if read.place_id is None else queries.at_code(db, read.place_id, read.key)
    return scanned.resolved(keys, read, found, member_id=member_id, now=now)


def places_near(
    db: Connection,
    latitude: Decimal,
    longitude: Decimal,
    datum: Datum,
    *,
    limit: int,
    cursor: str | None = None,
) -> NearPage:
    """Places by distance from a point, which is neither stored nor logged.

    Args:
        db: open transaction.
        latitude: degrees, -90 to 90.
        longitude: degrees, -180 to 180.
        datum: of these coordinates.
        limit: places a page.
        cursor: `next_cursor` of the page before.

    Raises:
        PositionInvalidError: not a point on the globe.
        InvalidInputError: the cursor is none of ours.
    """
    here = Position(latitude, longitude, 0, datum)
    wgs84, gcj02 = in_datum(here, Datum.WGS84), in_datum(here, Datum.GCJ02)
    found = queries.places_near(
        db,
        (wgs84.latitude, wgs84.longitude),
        (gcj02.latitude, gcj02.longitude),
        limit=limit + 1,
        after=_after(cursor),
    )
    items, last = found[:limit], found[limit - 1 : limit]
    more = len(found) > limit
    return NearPage(items, f"{last[0].distance_m}-{last[0].place.id}" if more else None)


def poster_of(place: PlaceRecord, batch: BatchRecord, public_url: str) -> Poster:
    """What the poster of a place says, with the QR code of a print batch."""
    return Poster(
        url=printed_url(public_url, PrintedCode(place.code, batch.key)),
        kind=place.kind,
        name=place.name,
        code=place.code,
        address=place.address,
        accepted=place.accepted,
        hours=hours_lines(place.hours),
        batch=f"{batch.id:06d}",
        printed_on=business_day(batch.printed_at),
    )


def posters_of(
    db: Connection, place_ids: Sequence[int], *, scope: Scope, public_url: str
) -> tuple[Poster, ...]:
    """Posters of places with their newest valid batch, to look at or print again.

    Raises:
        NotFoundError: a place does not exist or lies outside the scope.
        InvalidInputError: a place has no valid batch; print one first.
    """
    posters, missing = posters_at_hand(db, place_ids, scope=scope, public_url=public_url)
    if missing:
        raise InvalidInputError(f"{missing[0]}还没有有效的海报，请先生成新一批海报")
    return posters


def posters_at_hand(
    db: Connection, place_ids: Sequence[int], *, scope: Scope, public_url: str
) -> tuple[tuple[Poster, ...], tuple[str, ...]]:
    """Posters of the places that have a valid batch, and the names of those that have none.

    Raises:
        NotFoundError: a place does not exist or lies outside the scope.
    """
    places = queries.places_with(db, place_ids, scope=scope)
    batches = queries.valid_batches(db, place_ids)
    posters = [
        poster_of(each, batches[each.id], public_url) for each in places if each.id in batches
    ]
    return tuple(posters), tuple(each.name for each in places if each.id not in batches)


def _after(cursor: str | None) -> tuple[int, int]:
    """Distance and id that a page begins after."""
    if cursor is None:
        return (-1, 0)
    read = _CURSOR.fullmatch(cursor)
    if read is None:
        message = "翻页标记无效，请从第一页重新查询"
        raise InvalidInputError(message, fields=[FieldError("cursor", "invalid", message)])
    return int(read[1]), int(read[2])


def _columns(place: PlaceRecord) -> dict[str, Any]:
    """Column values of a place, by name."""
    return {item.name: _column(getattr(place, item.name)) for item in fields(place)}


def _column(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
