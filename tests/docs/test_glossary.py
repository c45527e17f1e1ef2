"""Every table, stored enum value and folder of the backend has its word in the glossary."""

import importlib
import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

import pytest

from backend.actions.evidence import LABELS as EVIDENCE_LABELS
from backend.actions.evidence import EvidenceKind
from backend.actions.models import ActionStatus, HoldOutcome, Why
from backend.audit.service import AuditResult
from backend.campaigns.models import CampaignKind, CampaignState
from backend.corrections.models import RunState
from backend.ledger.chart import AccountKind, EntryKind, Owner
from backend.ledger.service import Outcome
from backend.ledger.spending import SpendingOutcome
from backend.offers.models import Audience, OfferState
from backend.organisations.models import InstitutionKind
from backend.people.console_models import GraveAct
from backend.people.models import Face, MemberKind, Provider, Role
from backend.places.models import CodeKind, Datum, PlaceKind, PlaceState, WasteClass
from backend.places.policy import Presence
from backend.rankings.policy import Board, BoardMeasure
from backend.rewards.models import CancelledBy, LimitPeriod, RedemptionState
from backend.schema import METADATA
from backend.timekeeping.policy import HoldReason

ROOT = Path(__file__).parents[2]
GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
WORDS = set(re.findall(r"`([^`]+)`", GLOSSARY))
ENUMS: tuple[type[StrEnum], ...] = (
    AccountKind,
    Audience,
    ActionStatus,
    Board,
    CampaignKind,
    CampaignState,
    CancelledBy,
    CodeKind,
    Datum,
    EntryKind,
    EvidenceKind,
    Face,
    GraveAct,
    HoldOutcome,
    HoldReason,
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


# Tables of labels that say more of a value than its name.
SENTENCES = {
    "AUDIENCES",
    "BOUNDARIES",
    "CANCELLED_BY_FOR_MEMBER",
    "DATUMS",
    "FIELDS",
    "FORMULAS",
    "SCREEN_PURPOSES",
    "SOURCES",
    "SUBJECTS",
    "TAGS",
}
# What people called it before the words were agreed on; a hint may still need the verb.
OLD_WORDS = ("毫分", "值守员", "启用")


def _chinese() -> dict[str, set[str]]:
    """The Chinese words of every code of the glossary."""
    words: dict[str, set[str]] = {}
    for codes, chinese in re.findall(r"^\| ([^|]*`[^|]*) \| ([^|]+) \|", GLOSSARY, re.MULTILINE):
        for code in re.findall(r"`([^`]+)`", codes):
            words.setdefault(code, set()).update(chinese.split("、"))
    return words


def _labels() -> Iterator[tuple[str, Mapping[str, str]]]:
    """Every table of labels: feature and name, and what it says."""
    for path in sorted((ROOT / "backend").glob("*/labels.py")):
        module = importlib.import_module(f"backend.{path.parent.name}.labels")
        for name, table in vars(module).items():
            if isinstance(table, dict) and name.isupper() and name not in SENTENCES:
                yield f"{path.parent.name}.{name}", table
    yield "actions.evidence", EVIDENCE_LABELS


@pytest.mark.parametrize("table", [name for name, _ in _labels()])
def test_a_label_is_the_word_of_the_glossary(table: str) -> None:
    words, labels = _chinese(), dict(_labels())[table]
    wrong = {key: label for key, label in labels.items() if label not in words.get(key, ())}
    assert wrong == {}


def test_every_table_of_labels_names_values_or_says_sentences() -> None:
    tables = {
        name
        for path in (ROOT / "backend").glob("*/labels.py")
        for name in re.findall(r"^([A-Z_]+):", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert tables >= SENTENCES


@pytest.mark.parametrize("word", OLD_WORDS)
def test_no_page_and_no_message_says_an_old_word(word: str) -> None:
    places = [
        path
        for folder in ("admin", "backend", "miniprogram_api", "credit_rules")
        for ending in ("*.py", "*.html", "*.toml")
        for path in (ROOT / folder).rglob(ending)
        if word in path.read_text(encoding="utf-8")
    ]
    assert places == []
