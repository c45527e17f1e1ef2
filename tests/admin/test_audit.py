import re

from flask.testing import FlaskClient

from backend.audit.labels import TAGS
from backend.audit.tags import Tag
from tests.builders.town import Town


def test_every_kind_of_event_has_a_name() -> None:
    assert TAGS.keys() == set(Tag)


def test_events_are_paged_from_the_newest_back(admin: FlaskClient) -> None:
    seen: list[str] = []
    address = "/audit"
    while address:
        page = admin.get(address).text
        seen += re.findall(r'data-label="时间" class="nowrap">([^<]*)<', page)
        following = re.findall(r'rel="next" href="([^"]*)"', page)
        address = following[0].replace("&amp;", "&") if following else ""
    assert len(seen) > 50
    assert seen == sorted(seen, reverse=True)


def test_events_are_filtered_by_subject_and_actor(admin: FlaskClient, town: Town) -> None:
    admin.post(f"/places/{town.bureau_point.place.id}/batches")
    own = admin.get(f"/audit?actor={next(iter(town.officers.values()))}").text
    assert "生成海报批次" in own
    assert "新增单位" not in own
    places = admin.get("/audit?subject=places:").text
    assert "新增点位" in places
    assert "授予角色" not in places
    assert admin.get("/audit?cursor=x").status_code == 422
