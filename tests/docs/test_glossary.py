"""Every table, stored enum value and folder of the backend has its word in the glossary."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from backend.actions.evidence import EvidenceKind
from backend.actions.models import ActionStatus, HoldOutcome, Why
from backend.audit.service import AuditResult
from backend.corrections.models import RunState
from backend.ledger.chart import AccountKind, EntryKind, Owner
from backend.ledger.service import Outcome
from backend.ledger.spending import SpendingOutcome
from backend.offers.models import Audience, OfferState
from backend.organisations.models import InstitutionKind
from backend.people.models import Face, MemberKind, Provider, Role
from backend.places.models import CodeKind, Datum, PlaceKind, PlaceState, PresenceRule, WasteClass
from backend.places.policy import Presence
from backend.rankings.policy import Board, BoardMeasure
from backend.rewards.models import CancelledBy, LimitPeriod, RedemptionState
from backend.schema import METADATA

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"`([^`]+)`", GLOSSARY))
ENUMS: tuple[type[StrEnum], ...] = (
    AccountKind,
    Audience,
    ActionStatus,
    Board,
    CancelledBy,
    CodeKind,
    Datum,
    EntryKind,
    EvidenceKind,
    Face,
    HoldOutcome,
    InstitutionKind,
    LimitPeriod,
    BoardMeasure,
    MemberKind,
    OfferState,
    Outcome,
    Owner,
    PlaceKind,
    PlaceState,
    Presence,
    PresenceRule,
    Provider,
    RedemptionState,
    AuditResult,
    Role,
    RunState,
    SpendingOutcome,
    WasteClass,
    Why,
)


@pytest.mark.parametrize("table", sorted(METADATA.tables))
def test_every_table_has_its_word(table: str) -> None:
    assert table in WORDS


@pytest.mark.parametrize("enum", ENUMS, ids=lambda enum: enum.__name__)
def test_every_value_has_its_word(enum: type[StrEnum]) -> None:
    assert {value.value for value in enum} <= WORDS


def test_every_folder_has_its_word() -> None:
    folders = {path.parent.name for path in (ROOT / "backend").glob("*/__init__.py")}
    assert folders <= WORDS


def test_no_word_stands_twice() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", GLOSSARY, re.MULTILINE)
    assert sorted(rows) == sorted(set(rows))
