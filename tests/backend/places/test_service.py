"""Places, print batches and scanned codes in the database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Connection, select

from backend.audit.models import AuditEvent
from backend.errors import InvalidInputError, NotFoundError
from backend.organisations.queries import Scope
from backend.places import queries
from backend.places.codes import (
    CodeExpiredError,
    CodeForgedError,
    CodeRevokedError,
    CodeUnknownError,
    CodeUnreadableError,
    new_key,
    place_key,
    rotating_code,
)
from backend.places.models import (
    CodeKind,
    Datum,
    Place,
    PlaceDraft,
    PlaceKind,
    PlaceRecord,
    PlaceState,
    WasteClass,
)
from backend.places.service import (
    BatchRevokedError,
    create_place,
    places_near,
    poster_of,
    posters_of,
    print_posters,
    resolve_code,
    revoke_batch,
    update_place,
)
from backend.ports.keys import KeyRing

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
CITY = Scope(everything=True)
HOST = "https://tan.example.gov.cn"

MakePlace = Callable[..., PlaceRecord]


def printed(db: Connection, place: PlaceRecord) -> tuple[int, str]:
    """A print batch's id and the text of its poster's QR code."""
    (batch,) = print_posters(db, [place.id], scope=CITY, actor_id=None, at=NOW)
    return batch.id, f"{HOST}/p/{place.code}?k={batch.key}"


def audited(db: Connection, object_type: str) -> list[tuple[str, object, object]]:
    """Tag, before and after of the audit events of one kind of object."""
    rows = db.execute(
        select(AuditEvent.tag, AuditEvent.before, AuditEvent.after)
        .where(AuditEvent.object_type == object_type)
        .order_by(AuditEvent.id)
    )
    return [(row.tag, row.before, row.after) for row in rows]


def test_a_place_reads_back_as_created(db: Connection, make_place: MakePlace) -> None:
    place = make_place()
    assert place.code == f"R{place.id:07d}"
    assert queries.place_of(db, place.id, scope=CITY) == place
    assert [tag for tag, *_ in audited(db, "place")] == ["places:place:create"]


@pytest.mark.parametrize(
    "kind, letter",
    [(PlaceKind.CANTEEN, "C"), (PlaceKind.STAIRWELL, "S"), (PlaceKind.VENUE, "V")],
)
def test_other_kinds(make_place: MakePlace, kind: PlaceKind, letter: str) -> None:
    place = make_place(kind=kind, accepted=(), latitude=None, longitude=None)
    assert place.code[0] == letter


def test_a_faulty_draft_writes_nothing(db: Connection, draft: Callable[..., PlaceDraft]) -> None:
    with pytest.raises(InvalidInputError):
        create_place(db, draft(name=""), actor_id=None, at=NOW)
    assert db.execute(select(Place.id)).all() == []


def test_changes_are_kept_and_audited(db: Connection, make_place: MakePlace) -> None:
    place = make_place()
    changes = {
        "state": PlaceState.PAUSED,
        "accepted": (WasteClass.RESIDUAL,),
        "name": place.name,
        "radius_m": 50,
    }
    changed = update_place(db, place.id, changes, scope=CITY, actor_id=None, at=NOW)
    assert changed == replace(
        place, state=PlaceState.PAUSED, accepted=(WasteClass.RESIDUAL,), radius_m=50
    )
    assert queries.place_of(db, place.id, scope=CITY) == changed
    tag, before, after = audited(db, "place")[-1]
    assert tag == "places:place:change"
    assert before == {"state": "open", "accepted": ["recyclable", "hazardous"], "radius_m": 100}
    assert after == {"state": "paused", "accepted": ["residual"], "radius_m": 50}


def test_no_change_writes_no_audit(db: Connection, make_place: MakePlace) -> None:
    place = make_place()
    update_place(db, place.id, {"name": place.name}, scope=CITY, actor_id=None, at=NOW)
    assert len(audited(db, "place")) == 1


def test_kind_and_institution_stay(db: Connection, make_place: MakePlace) -> None:
    place = make_place()
    changes = {"kind": PlaceKind.VENUE, "institution_id": 1}
    with pytest.raises(InvalidInputError) as caught:
        update_place(db, place.id, changes, scope=CITY, actor_id=None, at=NOW)
    assert [error.field for error in caught.value.fields] == ["institution_id", "kind"]


def test_places_of_other_institutions_do_not_exist(
    db: Connection, make_place: MakePlace, institutions: tuple[int, int]
) -> None:
    place = make_place(institution_id=institutions[0])
    batch_id, _ = printed(db, place)
    other = Scope(institution_ids=frozenset({institutions[1]}))
    own = Scope(institution_ids=frozenset({institutions[0]}))
    refused: list[Callable[[Scope], object]] = [
        lambda scope: queries.place_of(db, place.id, scope=scope),
        lambda scope: queries.batches_of(db, place.id, scope=scope),
        lambda scope: queries.batch_of(db, batch_id, scope=scope),
        lambda scope: update_place(db, place.id, {}, scope=scope, actor_id=None, at=NOW),
        lambda scope: print_posters(db, [place.id], scope=scope, actor_id=None, at=NOW),
        lambda scope: posters_of(db, [place.id], scope=scope, public_url=HOST),
        lambda scope: revoke_batch(db, batch_id, reason="遗失", scope=scope, actor_id=None, at=NOW),
    ]
    for call in refused:
        for scope in (other, Scope()):
            with pytest.raises(NotFoundError):
                call(scope)
    for call in refused:
        call(own)
    assert queries.places_in(db, scope=other, limit=10) == ()
    assert queries.places_in(db, scope=own, limit=10) == (place,)


def test_places_are_listed_by_page_and_search(db: Connection, make_place: MakePlace) -> None:
    places = [make_place(name=f"{number}号楼", address=f"100%路{number}") for number in (1, 2, 3)]
    assert queries.places_in(db, scope=CITY, limit=2) == tuple(places[:2])
    assert queries.places_in(db, scope=CITY, limit=2, after_id=places[1].id) == (places[2],)
    assert queries.places_in(db, scope=CITY, limit=9, search="2号") == (places[1],)
    assert queries.places_in(db, scope=CITY, limit=9, search="0%路3") == (places[2],)
    assert queries.places_in(db, scope=CITY, limit=9, search="%") == tuple(places)
    assert queries.places_in(db, scope=CITY, limit=9, search="_") == ()
    assert queries.places_in(db, scope=CITY, limit=9, search=places[0].code.lower()) == (places[0],)


def test_a_printed_code_resolves(db: Connection, keys: KeyRing, make_place: MakePlace) -> None:
    place = make_place()
    batch_id, text = printed(db, place)
    resolved = resolve_code(db, keys, text, NOW)
    assert (resolved.place, resolved.code_kind) == (place, CodeKind.PRINTED)
    assert (resolved.step, resolved.batch_id) == (None, batch_id)


def test_a_rotating_code_resolves(db: Connection, keys: KeyRing, make_place: MakePlace) -> None:
    place = make_place()
    text = rotating_code(place_key(keys, place.id), place.id, NOW)
    resolved = resolve_code(db, keys, text, NOW + timedelta(seconds=60))
    assert (resolved.place, resolved.code_kind) == (place, CodeKind.ROTATING)
    assert (resolved.step, resolved.batch_id) == (59_832_240, None)


def test_each_kind_of_code_takes_one_statement(
    db: Connection, keys: KeyRing, make_place: MakePlace, statements: list[str]
) -> None:
    place = make_place()
    _, text = printed(db, place)
    statements.clear()
    resolve_code(db, keys, text, NOW)
    resolve_code(db, keys, rotating_code(place_key(keys, place.id), place.id, NOW), NOW)
    assert len(statements) == 2


def test_every_changed_character_of_a_printed_code_is_refused(
    db: Connection, keys: KeyRing, make_place: MakePlace
) -> None:
    place, _ = make_place(), make_place()
    _, text = printed(db, place)
    bare = text.removeprefix(f"{HOST}/p/")
    for position, character in enumerate(bare):
        for other in "ACZ27019R":
            if other != character:
                changed = bare[:position] + other + bare[position + 1 :]
                with pytest.raises((CodeForgedError, CodeUnknownError, CodeUnreadableError)):
                    resolve_code(db, keys, changed, NOW)


def test_refusals_say_what_to_do(db: Connection, keys: KeyRing, make_place: MakePlace) -> None:
    place, other = make_place(), make_place()
    batch_id, text = printed(db, place)
    key = text[-10:]
    with pytest.raises(CodeForgedError, match="重新扫描"):
        resolve_code(db, keys, f"{other.code}?k={key}", NOW)
    with pytest.raises(CodeForgedError):
        resolve_code(db, keys, f"{place.code}?k={new_key()}", NOW)
    with pytest.raises(CodeUnknownError, match="核对"):
        resolve_code(db, keys, f"R9999999?k={key}", NOW)
    with pytest.raises(CodeUnknownError):
        resolve_code(db, keys, rotating_code(place_key(keys, 9_999_999), 9_999_999, NOW), NOW)
    yesterdays = rotating_code(place_key(keys, place.id), place.id, NOW - timedelta(days=1))
    with pytest.raises(CodeExpiredError, match="最新"):
        resolve_code(db, keys, yesterdays, NOW)
    revoke_batch(db, batch_id, reason="遗失", scope=CITY, actor_id=None, at=NOW)
    with pytest.raises(CodeRevokedError, match="已作废"):
        resolve_code(db, keys, text, NOW)


def test_a_new_batch_leaves_the_old_one_standing(
    db: Connection, keys: KeyRing, make_place: MakePlace
) -> None:
    place = make_place()
    (old_id, old), (new_id, new) = printed(db, place), printed(db, place)
    assert resolve_code(db, keys, old, NOW).batch_id == old_id
    revoke_batch(db, old_id, reason="翻拍", scope=CITY, actor_id=None, at=NOW)
    assert resolve_code(db, keys, new, NOW).batch_id == new_id
    newest, oldest = queries.batches_of(db, place.id, scope=CITY)
    assert (newest.id, newest.revoked_at) == (new_id, None)
    assert (oldest.id, oldest.revoked_at, oldest.revoked_reason) == (old_id, NOW, "翻拍")


def test_printing_and_revoking_are_audited_without_the_key(
    db: Connection, make_place: MakePlace
) -> None:
    batch_id, text = printed(db, make_place())
    revoke_batch(db, batch_id, reason="遗失", scope=CITY, actor_id=None, at=NOW)
    events = audited(db, "print_batch")
    assert [tag for tag, *_ in events] == [
        "places:print_batch:create",
        "places:print_batch:revoke",
    ]
    assert text[-10:] not in str(events)


def test_a_batch_is_revoked_once_and_with_a_reason(db: Connection, make_place: MakePlace) -> None:
    batch_id, _ = printed(db, make_place())
    with pytest.raises(InvalidInputError, match="原因"):
        revoke_batch(db, batch_id, reason=" ", scope=CITY, actor_id=None, at=NOW)
    revoke_batch(db, batch_id, reason="遗失", scope=CITY, actor_id=None, at=NOW)
    with pytest.raises(BatchRevokedError):
        revoke_batch(db, batch_id, reason="再次", scope=CITY, actor_id=None, at=NOW)


def test_one_run_prints_many_places_in_order(db: Connection, make_place: MakePlace) -> None:
    places = [make_place(name=f"{number}号楼") for number in range(5)]
    wanted = [places[number].id for number in (3, 0, 4)]
    batches = print_posters(db, wanted, scope=CITY, actor_id=None, at=NOW)
    assert [batch.place_id for batch in batches] == wanted
    assert len({batch.key for batch in batches}) == 3
    posters = posters_of(db, wanted, scope=CITY, public_url=HOST)
    assert [poster.name for poster in posters] == ["3号楼", "0号楼", "4号楼"]
    assert [poster.url[-10:] for poster in posters] == [batch.key for batch in batches]


@pytest.mark.parametrize("place_ids", [[], [1, 1], list(range(1001))])
def test_print_runs_have_limits(db: Connection, place_ids: list[int]) -> None:
    with pytest.raises(InvalidInputError, match="1到1000个"):
        print_posters(db, place_ids, scope=CITY, actor_id=None, at=NOW)


def test_posters_need_a_standing_batch(db: Connection, make_place: MakePlace) -> None:
    place = make_place()
    with pytest.raises(InvalidInputError, match="先生成"):
        posters_of(db, [place.id], scope=CITY, public_url=HOST)
    (batch,) = print_posters(db, [place.id], scope=CITY, actor_id=None, at=NOW)
    (poster,) = posters_of(db, [place.id], scope=CITY, public_url=HOST)
    assert poster == poster_of(place, batch, HOST)
    assert poster.hours == ("每天 全天",)
    revoke_batch(db, batch.id, reason="遗失", scope=CITY, actor_id=None, at=NOW)
    with pytest.raises(InvalidInputError):
        posters_of(db, [place.id], scope=CITY, public_url=HOST)


def test_nearest_places_come_first_by_page(db: Connection, make_place: MakePlace) -> None:
    north = [Decimal("30.27") + Decimal(step) / 1000 for step in (3, 1, 2, 1)]
    places = [make_place(latitude=value, datum=Datum.WGS84) for value in north]
    make_place(latitude=north[0], state=PlaceState.CLOSED)
    make_place(latitude=None, longitude=None)
    here = (Decimal("30.27"), Decimal("120.155150"), Datum.WGS84)
    seen, cursor = [], None
    for _ in range(2):
        page = places_near(db, *here, limit=2, cursor=cursor)
        seen += [(near.place, near.distance_m) for near in page.items]
        cursor = page.next_cursor
    assert cursor is None
    expected = [places[1], places[3], places[2], places[0]]
    assert seen == list(zip(expected, (111, 111, 222, 334), strict=True))


def test_places_are_compared_in_their_own_datum(db: Connection, make_place: MakePlace) -> None:
    on_map = make_place(
        latitude=Decimal("31.175304"), longitude=Decimal("121.531542"), datum=Datum.GCJ02
    )
    page = places_near(db, Decimal("31.1774276"), Decimal("121.5272106"), Datum.WGS84, limit=5)
    assert [(near.place.id, near.distance_m) for near in page.items] == [(on_map.id, 0)]


@pytest.mark.parametrize("cursor", ["", "x", "1", "1-", "-1-2", "1-2-3", "9" * 30 + "-1", "१-१"])
def test_bad_cursors_are_named(db: Connection, cursor: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        places_near(db, Decimal(30), Decimal(120), Datum.WGS84, limit=5, cursor=cursor)
    assert caught.value.fields[0].field == "cursor"
