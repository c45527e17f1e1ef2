"""Posters of points: pictures, files, print batches."""

import io
from collections.abc import Callable, Mapping

from flask import Blueprint, Response, redirect, render_template, send_file, url_for
from flask.typing import ResponseReturnValue

from admin.auth import PLACE_READERS, PLACE_WRITERS, scope
from admin.forms.places import ChosenPlaces, PosterDownload, Revocation
from admin.forms.reading import Submission, by_field, filters, submitted
from backend.errors import InvalidInputError, NotFoundError
from backend.places import posters
from backend.places.models import BatchRecord, PlaceRecord, Poster
from backend.places.queries import batch_of, place_of
from backend.places.service import posters_at_hand, posters_of, print_posters, revoke_batch
from backend.web.access import actor, console_roles
from backend.web.context import backend, now
from backend.web.submissions import creates
from backend.web.transaction import connection

pages = Blueprint("posters", __name__)

_FORMS: Mapping[str, tuple[str, Callable[[Poster], bytes]]] = {
    "svg": ("image/svg+xml", lambda poster: posters.svg(poster).encode()),
    "png": ("image/png", posters.png),
    "pdf": ("application/pdf", lambda poster: posters.pdf([poster])),
}


@pages.get("/places/<int:place_id>/poster.<any(svg, png, pdf):form>")
@console_roles(*PLACE_READERS)
def poster(place_id: int, form: str) -> Response:
    """The poster of the newest valid batch, to look at or to save."""
    asked = filters(PosterDownload)
    (found,) = _posters([place_id])
    mimetype, drawn = _FORMS[form]
    name = f"{found.code}-{found.batch}.{form}"
    return _file(drawn(found), mimetype, name, as_attachment=bool(asked["download"]))


@pages.get("/places/posters.pdf")
@console_roles(*PLACE_READERS)
def sheets() -> Response:
    """One PDF with the posters of all points chosen in the list, a page each.

    Points without one are listed on its last page: they keep nobody else's from being printed.
    """
    found, without = posters_at_hand(
        connection(),
        filters(ChosenPlaces)["place"],
        scope=scope(PLACE_READERS),
        public_url=backend().settings.public_url,
    )
    if not found:
        raise InvalidInputError("所选点位都没有有效的海报，请先生成新一批海报。")
    pdf = posters.pdf(found, without=without)
    return _file(pdf, "application/pdf", "posters.pdf", as_attachment=True)


def _file(data: bytes, mimetype: str, name: str, *, as_attachment: bool) -> Response:
    """A poster as a file, which no browser keeps: its code is as good as the printed one."""
    answer = send_file(
        io.BytesIO(data), mimetype=mimetype, as_attachment=as_attachment, download_name=name
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _posters(place_ids: list[int]) -> tuple[Poster, ...]:
    return posters_of(
        connection(),
        place_ids,
        scope=scope(PLACE_READERS),
        public_url=backend().settings.public_url,
    )


@pages.post("/places/batches")
@console_roles(*PLACE_WRITERS)
@creates
def print_several() -> ResponseReturnValue:
    """Opens a print batch for each point chosen in the list."""
    sent = submitted(ChosenPlaces)
    if sent.errors:
        raise InvalidInputError("请先在列表中勾选点位，再生成海报。")
    _print(sent.values["place"])
    return redirect(url_for("places.listing", done="printed"), 303)


@pages.post("/places/<int:place_id>/batches")
@console_roles(*PLACE_WRITERS)
@creates
def print_one(place_id: int) -> ResponseReturnValue:
    """Opens a print batch for one point; older posters stay valid."""
    _print([place_id])
    return redirect(url_for("places.detail", place_id=place_id, done="printed"), 303)


def _print(place_ids: list[int]) -> None:
    print_posters(
        connection(),
        place_ids,
        scope=scope(PLACE_WRITERS),
        actor_id=actor().member_id,
        at=now(),
    )


@pages.get("/places/<int:place_id>/batches/<int:batch_id>/revoke")
@console_roles(*PLACE_WRITERS)
def confirm_revocation(place_id: int, batch_id: int) -> str:
    """Says what revoking a batch does, and asks why."""
    place, batch = _batch(place_id, batch_id)
    return _confirmation(place, batch, "", {})


@pages.post("/places/<int:place_id>/batches/<int:batch_id>/revoke")
@console_roles(*PLACE_WRITERS)
def revoke(place_id: int, batch_id: int) -> ResponseReturnValue:
    """Makes all posters of the batch worthless from now on."""
    place, batch = _batch(place_id, batch_id)
    sent = submitted(Revocation)
    if not sent.errors:
        try:
            revoke_batch(
                connection(),
                batch_id,
                reason=sent.values["reason"],
                scope=scope(PLACE_WRITERS),
                actor_id=actor().member_id,
                at=now(),
            )
        except InvalidInputError as error:
            sent = Submission(errors=by_field(error.fields) or {"reason": error.message})
        else:
            return redirect(url_for("places.detail", place_id=place_id, done="revoked"), 303)
    return _confirmation(place, batch, sent.values.get("reason", ""), sent.errors), 422


def _batch(place_id: int, batch_id: int) -> tuple[PlaceRecord, BatchRecord]:
    within = scope(PLACE_WRITERS)
    place = place_of(connection(), place_id, scope=within)
    batch = batch_of(connection(), batch_id, scope=within)
    if batch.place_id != place.id:
        raise NotFoundError("没有找到这批海报，请回到点位页面重新打开。")
    return place, batch


def _confirmation(
    place: PlaceRecord, batch: BatchRecord, reason: str, errors: Mapping[str, str]
) -> str:
    return render_template(
        "places/revoke.html", place=place, batch=batch, reason=reason, errors=errors
    )
