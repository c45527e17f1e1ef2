import io
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pypdfium2
import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image

from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.people.models import Role
from backend.places.codes import CodeRevokedError, rotating_url
from backend.places.models import CodeKind
from backend.places.posters import qr_svg
from backend.places.service import resolve_code
from tests.builders.forms import hidden
from tests.builders.town import Town


def _decoded(image: Image.Image) -> str:
    (found,) = zxingcpp.read_barcodes(image)
    return found.text


def _pages(pdf: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_decoded(page.render(scale=2).to_pil()) for page in document]
    finally:
        document.close()


def test_posters_in_every_form_lead_to_the_point(
    admin: FlaskClient, town: Town, backend: Backend
) -> None:
    point = town.bureau_point
    path = f"/places/{point.place.id}/poster"
    png = admin.get(f"{path}.png")
    assert png.mimetype == "image/png"
    assert _decoded(Image.open(io.BytesIO(png.data))) == point.url
    assert _pages(admin.get(f"{path}.pdf").data) == [point.url]
    svg = admin.get(f"{path}.svg")
    assert svg.mimetype == "image/svg+xml"
    assert point.place.name in svg.text
    saved = admin.get(f"{path}.pdf?download=1").headers["Content-Disposition"]
    assert saved.startswith("attachment")
    assert point.place.code in saved
    with backend.engine.connect() as db:
        found = resolve_code(db, backend.keys, point.url, backend.clock.now())
    assert found.place.id == point.place.id


def test_a_new_batch_is_on_the_poster_and_revoking_it_ends_it(
    admin: FlaskClient, town: Town, backend: Backend
) -> None:
    place_id = town.bureau_point.place.id
    answer = admin.post(f"/places/{place_id}/batches")
    assert answer.location == f"/places/{place_id}?done=printed"
    (url,) = _pages(admin.get(f"/places/{place_id}/poster.pdf").data)
    assert url != town.bureau_point.url
    page = admin.get(answer.location).text
    confirm = page.split('btn-outline-danger" href="')[1].split('"')[0]
    assert "不能恢复" in admin.get(confirm).text
    assert admin.post(confirm, data={"reason": ""}).status_code == 422
    revoked = admin.post(confirm, data={"reason": "海报被拍照外传"})
    assert revoked.location == f"/places/{place_id}?done=revoked"
    assert "海报被拍照外传" in admin.get(revoked.location).text
    with backend.engine.connect() as db, pytest.raises(CodeRevokedError):
        resolve_code(db, backend.keys, url, backend.clock.now())
    again = admin.post(confirm, data={"reason": "再来一次"})
    assert again.status_code == 422
    assert "此前已作废" in again.text
    audit = admin.get("/audit?subject=places:").text
    assert "生成海报批次" in audit
    assert "作废海报批次" in audit


def test_a_batch_is_revoked_at_its_own_point_only(admin: FlaskClient, town: Town) -> None:
    path = f"/places/{town.school_point.place.id}/batches/{town.bureau_point.batch_id}/revoke"
    assert admin.post(path, data={"reason": "写错了"}).status_code == 404


def test_without_a_standing_batch_the_page_says_what_to_do(admin: FlaskClient, town: Town) -> None:
    point = town.bureau_point
    path = f"/places/{point.place.id}"
    admin.post(f"{path}/batches/{point.batch_id}/revoke", data={"reason": "换新"})
    assert "没有有效的海报" in admin.get(path).text
    refused = admin.get(f"{path}/poster.png")
    assert refused.status_code == 422
    assert "请先生成新一批海报" in refused.text


def test_several_posters_make_one_file(admin: FlaskClient, town: Town) -> None:
    points = (town.school_point, town.bureau_point)
    query = "&".join(f"place={point.place.id}" for point in points)
    answer = admin.get(f"/places/posters.pdf?{query}")
    assert _pages(answer.data) == [point.url for point in points]
    refused = admin.get("/places/posters.pdf")
    assert refused.status_code == 422


@pytest.mark.parametrize("form", ["poster.svg", "poster.png", "poster.pdf", "posters.pdf"])
def test_no_browser_keeps_a_poster(admin: FlaskClient, town: Town, form: str) -> None:
    point = town.bureau_point.place.id
    path = f"/places/{form}?place={point}" if form == "posters.pdf" else f"/places/{point}/{form}"
    headers = admin.get(path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_a_point_without_a_poster_keeps_no_other_from_being_printed(
    admin: FlaskClient, town: Town
) -> None:
    point = town.bureau_point
    admin.post(f"/places/{point.place.id}/batches/{point.batch_id}/revoke", data={"reason": "换新"})
    query = f"place={point.place.id}&place={town.school_point.place.id}"
    answer = admin.get(f"/places/posters.pdf?{query}")
    document = pypdfium2.PdfDocument(answer.data)
    assert len(document) == 2
    assert point.place.name in document[1].get_textpage().get_text_bounded()
    assert admin.get(f"/places/posters.pdf?place={point.place.id}").status_code == 422


def test_several_batches_at_once(
    admin: FlaskClient, as_role: Callable[[Role], FlaskClient], town: Town
) -> None:
    chosen = [town.bureau_point.place.id, town.hospital_point.place.id]
    assert admin.post("/places/batches", data={"place": chosen}).status_code == 303
    page = admin.get(f"/places/{town.hospital_point.place.id}").text
    assert page.count(">有效<") == 2
    assert admin.post("/places/batches").status_code == 422
    district = as_role(Role.DISTRICT_MANAGER)
    assert district.post("/places/batches", data={"place": chosen}).status_code == 404


def _rotating(page: str) -> tuple[str, str]:
    return page.split("<code>")[1].split("</code>", maxsplit=1)[0], page


def test_the_screen_shows_the_code_that_counts_now(
    as_role: Callable[[Role], FlaskClient], town: Town, backend: Backend
) -> None:
    place = town.bureau_point.place
    code, page = _rotating(as_role(Role.ATTENDANT).get(f"/places/{place.id}/screen").text)
    with backend.engine.connect() as db:
        found = resolve_code(
            db,
            backend.keys,
            rotating_url(backend.settings.public_url, code),
            backend.clock.now(),
        )
    assert (found.place.id, found.code_kind) == (place.id, CodeKind.ROTATING)
    assert place.name in page
    assert '<meta http-equiv="refresh" content="30">' in page


def test_the_screen_changes_with_the_step_and_not_before(
    admin: FlaskClient, town: Town, clock: FixedClock
) -> None:
    path = f"/places/{town.bureau_point.place.id}/screen"
    code, page = _rotating(admin.get(path).text)
    poll = page.split('hx-get="')[1].split('"')[0]
    assert urlsplit(poll).path == f"{path}/code"
    clock.instant += timedelta(seconds=29)
    assert admin.get(poll).status_code == 204
    clock.instant += timedelta(seconds=1)
    following, _ = _rotating(admin.get(poll).text)
    assert following != code


def test_the_picture_on_the_screen_is_the_code_beside_it(
    admin: FlaskClient, town: Town, backend: Backend
) -> None:
    code, page = _rotating(admin.get(f"/places/{town.bureau_point.place.id}/screen/code").text)
    url = rotating_url(backend.settings.public_url, code)
    assert qr_svg(url) in page


def test_a_point_that_takes_nothing_shows_no_code(admin: FlaskClient, town: Town) -> None:
    place = town.bureau_point.place
    form = {
        "name": place.name,
        "address": place.address,
        "accepted": "recyclable",
        "hours": "每天 全天",
        "datum": "gcj02",
        "radius_m": "100",
        "state": "paused",
        "seen": hidden(admin.get(f"/places/{place.id}/edit").text, "seen"),
    }
    assert admin.post(f"/places/{place.id}/edit", data=form).status_code == 303
    page = admin.get(f"/places/{place.id}/screen").text
    assert "<code>" not in page
    assert "暂不能记录" in page
