"""No form from another site with this site's cookies; phones, programs and own pages pass."""

from collections.abc import Callable

import pytest

from backend.web.application import Application

MakeApp = Callable[..., Application]


@pytest.mark.parametrize(
    "headers, status",
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://tan.example"}, 403),
        ({"Origin": "https://tan.example"}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "//[", "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://["}, 403),
        ({"Origin": "https://evil.example", "Authorization": "Bearer member-token"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Content-Type": "application/json"}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Content-Type": "text/plain"}, 403),
    ],
)
def test_where_an_unsafe_request_may_come_from(
    make_app: MakeApp, headers: dict[str, str], status: int
) -> None:
    client = make_app(public_url="https://tan.example").test_client()
    answer = client.post("/api/v1/outcomes/done", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json is not None
        assert answer.json["code"] == "cross_origin"


def test_reading_is_never_refused(app: Application) -> None:
    answer = app.test_client().get("/api/v1/notes", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
