"""Claims of any kind and the places whose codes show them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from backend.actions.claims import ClaimInput
from backend.actions.receipts import Receipt
from backend.actions.service import record
from backend.places.codes import place_key, rotating_code
from backend.places.models import PlaceDraft, PlaceKind, PlaceRecord
from backend.places.policy import ALWAYS_OPEN
from backend.places.service import create_place
from backend.ports.keys import KeyRing
from credit_rules import Methodology, load_rulebook
from tests.builders.drop_offs import a_reference
from tests.builders.scene import LATITUDE, LONGITUDE, Scene

# A Wednesday, 10:00 in Shanghai.
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
# The same day at lunch.
NOON = NOW + timedelta(hours=2)
RULEBOOK = load_rulebook()
KEYS = KeyRing("a secret of the tests, 32 characters")
Log = Callable[..., Receipt]
MakePlace = Callable[..., PlaceRecord]


def log_for(db: Connection, scene: Scene, at: datetime = NOW) -> Log:
    """Logs a claim, an hour ago, on the word of the first member alone, unless told otherwise."""

    def logged(kind: str, facts: Mapping[str, str], **changes: object) -> Receipt:
        now = changes.pop("now", at)
        member = changes.pop("member", 0)
        assert isinstance(member, int)
        said = {"occurred_at": at - timedelta(hours=1), "reference": a_reference()} | changes
        claim = ClaimInput(member_id=scene.members[member], kind=kind, facts=facts, **said)  # type: ignore[arg-type]  # a test's own keywords
        return record(db, RULEBOOK, KEYS, claim, now=now)  # type: ignore[arg-type]  # as above

    return logged


def first_example(methodology: Methodology) -> dict[str, str]:
    """What a member tells in the first worked example: all but what the clock decides."""
    asked = {spec.name for spec in methodology.asked}
    return {name: value for name, value in methodology.examples[0].given.items() if name in asked}


def a_claim(
    member_id: int,
    reference: str,
    kind: str,
    facts: Mapping[str, str],
    *,
    at: datetime = NOW,
    code: str | None = None,
) -> ClaimInput:
    """A claim as it arrives."""
    return ClaimInput(
        member_id=member_id,
        reference=reference,
        kind=kind,
        occurred_at=at,
        facts=facts,
        code=code,
    )


def places_for(db: Connection, scene: Scene) -> MakePlace:
    """Makes places of the scene's institution, always open unless told otherwise."""

    def made(kind: PlaceKind, **changes: object) -> PlaceRecord:
        described: dict[str, object] = {
            "kind": kind,
            "name": "一号楼",
            "institution_id": scene.institution_id,
            "address": "解放东路 18 号",
            "accepted": (),
            "hours": ALWAYS_OPEN,
            "latitude": LATITUDE,
            "longitude": LONGITUDE,
        }
        draft = PlaceDraft(**described | changes)  # type: ignore[arg-type]  # a test's own keywords
        return create_place(db, draft, actor_id=None, at=NOW)

    return made


def code_at(place: PlaceRecord, at: datetime = NOW) -> str:
    """The rotating code that the place's screen shows at an instant."""
    return rotating_code(place_key(KEYS, place.id), place.id, at)
