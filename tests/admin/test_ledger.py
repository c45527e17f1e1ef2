"""The page of the ledger's health says what the last verification found, and how far it reached."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from admin.formats import lasting
from backend.bootstrap import Backend
from backend.db.engine import make_engine
from backend.invariants import Invariant
from backend.schema import METADATA
from backend.verification.service import open_books, store, verify
from tests.builders.town import Town


@pytest.fixture
def verified(backend: Backend) -> Callable[[], None]:
    """Runs and keeps a verification."""

    def run() -> None:
        with open_books(
            backend.engine,
            backend.redis,
            rulebook=backend.rulebook,
            metadata=METADATA,
            now=backend.clock.now(),
        ) as books:
            found = verify(books)
        with backend.engine.begin() as db:
            store(db, found, finished_at=backend.clock.now() + timedelta(seconds=3))

    return run


def test_before_the_first_run_the_page_says_when_it_comes(admin: FlaskClient) -> None:
    assert "每天凌晨 4:10" in admin.get("/ledger").text


def test_an_intact_ledger_is_shown_as_such(
    admin: FlaskClient, town: Town, drop_off: Callable[..., int], verified: Callable[[], None]
) -> None:
    drop_off(town.bureau_point, town.staff[0])
    verified()
    page = admin.get("/ledger").text
    assert "全部相符" in page
    assert "用时 3 秒" in page
    assert "1 / 1 条" in page
    assert "全部分录都已核验" in page
    assert all(invariant.title in page for invariant in Invariant)
    drop_off(town.bureau_point, town.staff[1])
    after = admin.get("/ledger").text
    assert "50%" in after
    assert "1 / 2 条" in after


def test_what_is_wrong_is_shown_with_its_id(
    admin: FlaskClient,
    town: Town,
    drop_off: Callable[..., int],
    verified: Callable[[], None],
    database: str,
) -> None:
    action = drop_off(town.bureau_point, town.staff[0])
    engine = make_engine(database, owner=True)
    with engine.begin() as db:
        db.exec_driver_sql("ALTER TABLE evidence_use DISABLE TRIGGER append_only")
        db.exec_driver_sql("DELETE FROM evidence_use")
    engine.dispose()
    verified()
    page = admin.get("/ledger").text
    assert "发现 2 处不符" in page
    assert f"<code>action {action}</code>" in page
    assert "<code>table evidence_use</code>" in page


@pytest.mark.parametrize(
    "span, words",
    [
        (timedelta(seconds=59), "0 分钟"),
        (timedelta(minutes=59), "59 分钟"),
        (timedelta(hours=23), "23 小时"),
        (timedelta(days=3, hours=5), "3 天"),
        (timedelta(seconds=-5), "0 分钟"),
    ],
)
def test_spans_are_told_in_their_largest_unit(span: timedelta, words: str) -> None:
    assert lasting(span) == words
