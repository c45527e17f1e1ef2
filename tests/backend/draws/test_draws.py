"""A draw keeps its promise: the seed was fixed before, the list at the close, all can be redone."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from backend.draws import recheck
from backend.draws import service as draws
from backend.draws.models import DrawState
from backend.draws.policy import ThresholdError
from backend.draws.queries import (
    draw_of,
    draws_for,
    published,
    tickets_of,
    winners_of,
    winning_members,
)
from backend.errors import InvalidInputError, NotFoundError
from backend.offers.models import Audience
from backend.offers.policy import NotOnOfferError, Person
from backend.ports.keys import KeyRing
from tests.backend.rewards.conftest import People
from tests.builders.organisations import NOW
from tests.builders.people import a_member
from tests.builders.points import earn
from tests.builders.rewards import a_draw

CLOSES = NOW + timedelta(days=1)
DRAWS = CLOSES + timedelta(minutes=10)


@pytest.fixture
def drawn(db: Connection, people: People, keys: KeyRing) -> Mapping[str, Any]:
    """A draw of two prizes among seven, as published afterwards."""
    draw = a_draw(db, keys, people.organisation.bureau, NOW)
    for _ in range(7):
        member = a_member(db, institution_id=people.organisation.school)
        earn(db, member, points_mpt=5_000)
        draws.enter(db, Person(member, people.organisation.school), draw, now=NOW)
    assert draws.advance(db, keys, now=CLOSES) == [draw]
    assert draws.advance(db, keys, now=DRAWS) == [draw]
    return published(draw_of(db, draw), tickets_of(db, draw))


def test_seed_and_list_are_published_in_their_order(
    db: Connection, people: People, keys: KeyRing
) -> None:
    draw = a_draw(db, keys, people.organisation.bureau, NOW)
    ticket = draws.enter(db, people.clerk, draw, now=NOW)
    assert draws.enter(db, people.clerk, draw, now=NOW) == ticket
    other = draws.enter(db, people.teacher, draw, now=NOW)
    tickets = tickets_of(db, draw)
    before = published(draw_of(db, draw), tickets)
    assert (before["seed"], before["entries_digest"], before["tickets"]) == (None, None, [])
    assert draws.advance(db, keys, now=CLOSES - timedelta(seconds=1)) == []

    draws.advance(db, keys, now=CLOSES)
    closed = published(draw_of(db, draw), tickets)
    listed = "".join(f"{each}\n" for each in sorted([ticket, other]))
    assert closed["entries_digest"] == hashlib.sha256(listed.encode()).hexdigest()
    assert (closed["seed"], closed["winners"]) == (None, [])
    with pytest.raises(NotOnOfferError):
        draws.enter(db, people.citizen, draw, now=CLOSES)
    assert draws.advance(db, keys, now=CLOSES) == []

    draws.advance(db, keys, now=DRAWS)
    done = published(draw_of(db, draw), tickets)
    assert hashlib.sha256(bytes.fromhex(done["seed"])).hexdigest() == before["commitment"]
    assert set(done["winners"]) == {ticket, other}
    assert recheck.faults(done) == []
    found = dict(winning_members(db, draw_of(db, draw)))
    assert found == {ticket: people.clerk.member_id, other: people.teacher.member_id}


def rechecked(*arguments: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-I", str(Path(recheck.__file__)), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_anybody_can_recheck_offline(drawn: Mapping[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "draw.json"
    file.write_text(json.dumps(drawn), encoding="utf-8")
    assert rechecked(str(file)) == (0, "复核通过：承诺、名单和中奖号全部相符。\n", "")
    file.write_text(json.dumps({**drawn, "seed": None, "winners": []}), encoding="utf-8")
    code, said, _ = rechecked(str(file))
    assert (code, said[:6]) == (1, "还没有开奖：")


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "no JSON", '{"seed": 5}', '{"seed": "zz", "tickets": []}', "[" * 9_999]
)
def test_what_is_no_draw_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "draw.json"
    file.write_text(text, encoding="utf-8")
    unreadable = (2, "读不出抽奖：请使用抽奖页面下载的原始文件。\n", "")
    assert rechecked(str(file)) == rechecked(str(tmp_path / "none")) == unreadable
    assert rechecked() == (2, "用法：python recheck.py 抽奖文件.json\n", "")


@pytest.mark.parametrize(
    "lie",
    [
        lambda _: {"seed": "00" * 32},
        lambda draw: {"winners": draw["winners"][::-1]},
        lambda draw: {"winners": [t for t in draw["tickets"] if t not in draw["winners"]][:2]},
        lambda draw: {"tickets": draw["tickets"][1:]},
        lambda draw: {"tickets": [*draw["tickets"], "AAAA-AAAA-AAAA-AAAA"]},
        lambda draw: {"tickets": [*draw["tickets"], draw["tickets"][0]]},
        lambda _: {"entries_digest": "00" * 32},
        lambda _: {"commitment": "00" * 32},
    ],
)
def test_a_lie_is_found(drawn: Mapping[str, Any], lie: Any) -> None:
    assert recheck.faults(drawn) == []
    assert recheck.faults({**drawn, **lie(drawn)}) != []


def test_the_threshold_counts_what_was_earned_in_its_time(
    db: Connection, people: People, keys: KeyRing
) -> None:
    draw = a_draw(db, keys, people.organisation.bureau, NOW, threshold=101_000)
    with pytest.raises(ThresholdError):
        draws.enter(db, people.clerk, draw, now=NOW)
    earn(db, people.clerk.member_id, points_mpt=2_000, on=date(2026, 10, 31))
    with pytest.raises(ThresholdError):
        draws.enter(db, people.clerk, draw, now=NOW)
    earn(db, people.clerk.member_id, points_mpt=1_000, on=date(2026, 11, 1))
    assert draws.enter(db, people.clerk, draw, now=NOW)
    in_grams = a_draw(db, keys, people.organisation.bureau, NOW, unit="mg", threshold=50_000)
    assert draws.enter(db, people.teacher, in_grams, now=NOW)


def test_a_draw_is_for_whom_it_is_for(db: Connection, people: People, keys: KeyRing) -> None:
    own = a_draw(db, keys, people.organisation.bureau, NOW, audience=Audience.INSTITUTION)
    cash = a_draw(db, keys, people.organisation.bureau, NOW, cash_value=True)
    assert [draw.id for draw in draws_for(db, people.clerk)] == [own]
    assert draws_for(db, people.teacher) == []
    for person, draw in ((people.teacher, own), (people.clerk, cash)):
        with pytest.raises(NotFoundError):
            draws.enter(db, person, draw, now=NOW)


def test_what_was_announced_stays(db: Connection, people: People, keys: KeyRing) -> None:
    draw = a_draw(db, keys, people.organisation.bureau, NOW)
    sealed = db.scalar(text("SELECT seed_sealed FROM prize_draw"))
    assert draw_of(db, draw).commitment not in (sealed or b"")
    for column in ("commitment = ''", "seed_sealed = ''", "winners = 9", "threshold = 0"):
        savepoint = db.begin_nested()
        with pytest.raises(ProgrammingError, match="permission denied"):
            db.execute(text(f"UPDATE prize_draw SET {column}"))
        savepoint.rollback()


@pytest.mark.parametrize(
    "wrong",
    [
        {"closes_at": NOW},
        {"draws_at": CLOSES - timedelta(seconds=1)},
        {"counts_until": date(2026, 10, 31)},
    ],
)
def test_times_out_of_order_are_refused(
    db: Connection, people: People, keys: KeyRing, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError):
        a_draw(db, keys, people.organisation.bureau, NOW, **wrong)


def test_a_draw_without_entries_is_drawn_too(db: Connection, people: People, keys: KeyRing) -> None:
    draw = a_draw(db, keys, people.organisation.bureau, NOW)
    draws.advance(db, keys, now=DRAWS)
    draws.advance(db, keys, now=DRAWS)
    found = draw_of(db, draw)
    assert (found.state, winners_of(found, [])) == (DrawState.DRAWN, [])
    assert recheck.faults(published(found, [])) == []
