"""Places: near a point or by name, and one by its code."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from backend.errors import FieldError, InvalidInputError, NotFoundError
from backend.organisations.queries import Scope
from backend.places import queries, service
from backend.places.codes import place_id_of
from backend.places.models import Datum, PlaceRecord
from backend.web.access import member_only
from backend.web.api import Blueprint
from backend.web.context import now
from backend.web.paging import decode_cursor, page
from backend.web.schemas import page_schema
from backend.web.transaction import connection
from miniprogram_api.flows.places import place_body
from miniprogram_api.schemas.places import PlaceSchema, PlacesQuery

blueprint = Blueprint("places", __name__, description="Recycling points and other places.")

_POINT: Final = re.compile(
    r"(-?[0-9]{1,2}(?:\.[0-9]{1,16})?),(-?[0-9]{1,3}(?:\.[0-9]{1,16})?)", re.ASCII
)
_CODE: Final = re.compile(r"[RCSV][0-9]{7}", re.ASCII)
_WHOLE_CITY: Final = Scope(everything=True)


@blueprint.route("/places", methods=["GET"])
@member_only
@blueprint.arguments(PlacesQuery, location="query")
@blueprint.response(200, page_schema(PlaceSchema))
def list_places(query: Mapping[str, Any]) -> dict[str, Any]:
    """List places.

    With `near`, the nearest first; without a position, by name, address or code. The position is
    used once and neither stored nor logged.
    """
    limit, cursor = query["limit"], query["cursor"]
    if query["near"] is not None:
        latitude, longitude = _point(query["near"])
        found = service.places_near(
            connection(), latitude, longitude, Datum(query["datum"]), limit=limit, cursor=cursor
        )
        items = [place_body(near.place, now(), near.distance_m) for near in found.items]
        return {"items": items, "next_cursor": found.next_cursor}
    rows = queries.places_in(
        connection(),
        scope=_WHOLE_CITY,
        limit=limit + 1,
        after_id=decode_cursor(cursor, int)[0] if cursor else 0,
        search=query["search"] or "",
    )
    shown = page(rows, limit, lambda place: (place.id,))
    return {**shown, "items": [place_body(place, now()) for place in shown["items"]]}


@blueprint.route("/places/<code>", methods=["GET"])
@member_only
@blueprint.response(200, PlaceSchema)
def read_place(code: str) -> dict[str, Any]:
    """Read one place by the code on its poster."""
    return place_body(place_with_code(code), now())


def place_with_code(code: str) -> PlaceRecord:
    """The place of a public code such as `R0001234`.

    Raises:
        NotFoundError: there is none.
    """
    found = queries.by_id(connection(), place_id_of(code)) if _CODE.fullmatch(code) else None
    if found is None or found.code != code:
        raise NotFoundError("没有找到这个点位，请核对海报上的编号。")
    return found


def _point(text: str) -> tuple[Decimal, Decimal]:
    found = _POINT.fullmatch(text)
    if found is not None:
        latitude, longitude = Decimal(found[1]), Decimal(found[2])
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return latitude, longitude
    sentence = "位置请写成“纬度,经度”，例如 30.274084,120.155070。"
    raise InvalidInputError(sentence, fields=[FieldError("near", "format", sentence)])
