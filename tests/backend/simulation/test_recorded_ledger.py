"""What was credited under 0.2.0 comes out again bit for bit, in every later version.

`ledger_of_0_2_0.json` holds actions of every kind as the real services recorded them: facts,
counters read, digests and awards. `make fixture` writes it, for the last time when 0.2.0 is
released. From then on a difference here means that published rules, or the way they are assessed,
changed under awards that people already have: the change is wrong, never the file.
"""

import json
import os
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from backend.actions.history import RecordedAward
from backend.actions.models import ActionStatus
from backend.actions.queries import Recorded
from backend.actions.replaying import reassess
from backend.corrections.reviews import Decision, reverse
from backend.errors import DomainError
from backend.organisations.queries import Scope
from backend.rulebook.service import register
from backend.simulation.queries import Days, recorded_awards, shares
from credit_rules import load_rulebook
from tests.builders.actions import an_action
from tests.builders.scene import Scene, a_scene
from tests.conftest import NOW

FILE = Path(__file__).parent / "ledger_of_0_2_0.json"
RULEBOOK = load_rulebook()
FIRST = date(2026, 11, 18)  # the day of NOW, a Wednesday, ten in the morning
_HOURS_LATER = (0, 2, 8, -2)  # a breakfast, a lunch and a dinner have their own
_FIELDS_LEFT_OUT = ("reference", "department_id", "institution_id", "district_id", "place_id")
_DIGESTS = ("methodology_digest", "rulebook_digest")
_INSTANTS = ("occurred_at", "received_at")
Line = Mapping[str, Any]
Claimed = tuple[str, str, Mapping[str, str]]  # kind, tier, facts


@pytest.fixture(scope="module")
def ledger(request: pytest.FixtureRequest) -> list[Line]:
    """The recorded ledger, written anew where that is asked for."""
    if os.environ.get("TANPUHUI_WRITE_LEDGER"):
        engine = request.getfixturevalue("_shared_engine")
        with engine.connect() as db:
            lines = [_line(number, award) for number, award in enumerate(_awards(db), 1)]
        text = ",\n".join(json.dumps(line, ensure_ascii=False, sort_keys=True) for line in lines)
        FILE.write_text(f"[\n{text}\n]\n", encoding="utf-8")
    recorded: list[Line] = json.loads(FILE.read_text(encoding="utf-8"))
    return recorded


def test_every_award_comes_out_again_bit_for_bit(ledger: list[Line]) -> None:
    wrong = {}
    for line in ledger:
        again = reassess(RULEBOOK, _recorded(line))
        figures = {
            "methodology_digest": again.digest,
            "trace_digest": again.trace.digest(),
            "reduction_mg": again.reduction_mg,
            "points_mpt": again.points_mpt,
            "ranked": again.ranked,
        }
        if figures != {name: line[name] for name in figures}:
            wrong[line["id"], line["kind"]] = figures
    assert wrong == {}


def test_it_holds_every_kind_and_what_makes_awards_differ(ledger: list[Line]) -> None:
    assert {line["kind"] for line in ledger} == {m.id for m in RULEBOOK.in_force(FIRST)}
    assert {line["methodology_version"] for line in ledger} == {1}
    assert {"T0", "T2", "T3"} <= {line["tier"] for line in ledger}
    assert any(line["context"]["used"] for line in ledger)
    assert any(line["points_mpt"] == 0 for line in ledger)
    assert any(line["reduction_mg"] > 0 for line in ledger)
    assert {line["status"] for line in ledger} >= {"credited", "reversed"}


def _awards(db: Connection) -> Iterator[RecordedAward]:
    """Every action of the ledger, after two days of worked examples; nothing is committed.

    On the first day each kind has a member of its own, on the second three members share all.
    """
    register(db, RULEBOOK)
    kinds = [methodology.id for methodology in RULEBOOK.in_force(FIRST)]
    scene = a_scene(db, NOW, members=len(kinds) + 1)
    actions = []
    for number, claimed in enumerate(_examples()):
        its_own, at = scene.members[kinds.index(claimed[0])], NOW + timedelta(minutes=number)
        actions.append(_logged(db, its_own, claimed, at))
        _logged(db, scene.members[number % 3], claimed, at + timedelta(days=1))
    _take_back(db, scene, next(action for action in actions if action))
    for share in shares(db, Days(), actions=1):
        yield from recorded_awards(db, Days(), share)


def _examples() -> Iterator[Claimed]:
    for methodology in RULEBOOK.in_force(FIRST):
        for example in methodology.examples:
            yield methodology.id, example.tier, example.given


def _logged(db: Connection, member_id: int, claimed: Claimed, at: datetime) -> int | None:
    """Logs an example at the first hour that takes it; None where something excludes it."""
    kind, tier, facts = claimed
    for hours in _HOURS_LATER:
        try:
            with db.begin_nested():
                receipt = an_action(
                    db,
                    rulebook=RULEBOOK,
                    member_id=member_id,
                    kind=kind,
                    facts=facts,
                    at=at + timedelta(hours=hours),
                    tier=tier,
                )
        except DomainError:
            continue
        return receipt.action.id
    return None


def _take_back(db: Connection, scene: Scene, action_id: int) -> None:
    """Reverses an award, so that the member's others of the day are reassessed."""
    city, at = Scope(everything=True), NOW + timedelta(days=2)
    reverse(db, RULEBOOK, Decision(action_id, city, scene.members[-1], "核对过磅记录", at))


def _line(number: int, award: RecordedAward) -> dict[str, Any]:
    """An action as the file holds it, without the ids of the database it was made in."""
    said = award.action._asdict() | {"id": number, "member_id": 1}
    said["trace_digest"] = award.trace_digest
    for name in _FIELDS_LEFT_OUT:
        del said[name]
    for name in (*_DIGESTS, "trace_digest"):
        said[name] = said[name].hex()
    for name in (*_INSTANTS, "occurred_on"):
        said[name] = said[name].isoformat()
    return said


def _recorded(line: Line) -> Recorded:
    said = dict(line) | dict.fromkeys(_FIELDS_LEFT_OUT)
    del said["trace_digest"]
    said |= {name: bytes.fromhex(said[name]) for name in _DIGESTS}
    said |= {name: datetime.fromisoformat(said[name]) for name in _INSTANTS}
    said["occurred_on"] = date.fromisoformat(said["occurred_on"])
    said["status"] = ActionStatus(said["status"])
    return Recorded(**said)
