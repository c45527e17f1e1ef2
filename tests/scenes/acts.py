"""What members of the world did, and what became of it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection

from backend.actions.claims import ClaimInput
from backend.actions.models import HoldOutcome
from backend.actions.receipts import Receipt
from backend.actions.service import record
from backend.bootstrap import Backend
from backend.clock import business_day
from backend.corrections import jobs as corrections
from backend.corrections import reviews, service
from backend.corrections.reviews import Decision
from backend.corrections.service import CorrectionDraft
from backend.footprint.service import Reply, answer
from backend.organisations.queries import Scope
from backend.people.models import Role
from backend.places.codes import place_key, rotating_code, rotating_url
from backend.places.models import PlaceDraft, PlaceKind, PlaceRecord, PlaceState
from backend.places.policy import ALWAYS_OPEN
from backend.places.service import create_place, update_place
from tests.builders.drop_offs import a_reference, drop
from tests.builders.scene import LATITUDE, LONGITUDE, PUBLIC_URL, Point
from tests.builders.town import Town

EVERYWHERE = Scope(everything=True)
# As long as a name may be, and written with what pages and fonts trip over: a character beyond
# the basic plane, markup, a combining mark, an emoji; where any text may stand, a slash and a
# right-to-left override.
LONG = "买买提·阿卜杜热合曼" * 6
MARKUP = "<q罕>"
RARE = f"𠮷㐱{MARKUP}&é\u0301😀"
FREE = f"{RARE}\u202e/eman"
KIND = "recycling.drop_off"


class Acts:
    """Acts in the world, in one transaction.

    Args:
        db: the transaction.
        backend: the installation.
        town: where.
    """

    def __init__(self, db: Connection, backend: Backend, town: Town) -> None:
        self.db = db
        self.backend = backend
        self.town = town
        self.now = backend.clock.now()
        self.admin = town.officers[Role.CITY_ADMIN]

    def drop(
        self, member_id: int, ago: timedelta, *, mass: str = "1", at: Point | None = None
    ) -> Receipt:
        """Logs a drop-off with the code that a point's screen showed some time ago."""
        place = (at or self.town.bureau_point).place
        then = self.now - ago
        code = rotating_code(place_key(self.backend.keys, place.id), place.id, then)
        return drop(
            self.db,
            rulebook=self.backend.rulebook,
            keys=self.backend.keys,
            member_id=member_id,
            code=rotating_url(PUBLIC_URL, code),
            now=then,
            mass=mass,
        )

    def claim(
        self,
        member_id: int,
        kind: str,
        facts: Mapping[str, str],
        at: datetime,
        code: str | None = None,
    ) -> Receipt:
        """Logs an action of any kind, on the member's word or with a code."""
        inputs = self.backend.rulebook.methodology(kind, business_day(at)).inputs
        claim = ClaimInput(
            member_id=member_id,
            reference=a_reference(),
            kind=kind,
            occurred_at=at,
            facts={name: value for name, value in facts.items() if name in inputs},
            code=code,
        )
        return record(self.db, self.backend.rulebook, self.backend.keys, claim, now=at)

    def place(self, kind: PlaceKind, name: str, **changes: object) -> PlaceRecord:
        """Makes a place of the bureau."""
        said: dict[str, object] = {
            "kind": kind,
            "name": name,
            "institution_id": self.town.organisation.bureau,
            "address": "解放东路 18 号",
            "accepted": (),
            "hours": ALWAYS_OPEN,
            "latitude": LATITUDE,
            "longitude": LONGITUDE,
        }
        draft = PlaceDraft(**said | changes)  # type: ignore[arg-type]  # a scene's own keywords
        return create_place(self.db, draft, actor_id=None, at=self.now)

    def everything(self, people: Mapping[str, int]) -> None:
        """Brings actions into every state, and members into every situation."""
        for days in range(2, 9):
            self.drop(people["many"], timedelta(days=days, hours=5))
        for who in ("one", "long", "rare", "erased", "deactivated", "citizen"):
            self.drop(people[who], timedelta(hours=3))
        for at in (self.town.school_point, self.town.hospital_point):
            self.drop(people["citizen"], timedelta(hours=4, minutes=at.place.id), at=at)
        in_january = self.now - timedelta(days=420)
        self.drop(people["expired"], self.now - in_january)
        self.drop(people["many"], self.now - in_january)
        self._reviewed(people)
        self._reversed(people)
        self._shown_better(people["many"])
        self._corrected()
        self._places()
        reply = Reply({"car_km": "100", "car_type": "petrol"}, counted=True)
        for who in ("many", "one", "held", "long", "rare"):
            answer(
                self.db,
                self.backend.questionnaires,
                member_id=people[who],
                reply=reply,
                now=self.now,
            )

    def _decision(self, receipt: Receipt, at: datetime) -> Decision:
        return Decision(receipt.action.id, EVERYWHERE, self.admin, FREE, at)

    def _reviewed(self, people: Mapping[str, int]) -> None:
        rulebook = self.backend.rulebook
        for who in ("held", "many", "long"):
            self.drop(people[who], timedelta(hours=1), mass="31")
        for outcome, hours in ((HoldOutcome.VOIDED, 50), (HoldOutcome.POSTED, 74)):
            held = self.drop(people["many"], timedelta(hours=hours), mass="31")
            decided = self.now - timedelta(hours=hours - 1)
            reviews.resolve(self.db, rulebook, self._decision(held, decided), outcome=outcome)
        self.drop(people["many"], timedelta(hours=123), mass="31")
        reviews.time_out(self.db, rulebook, now=self.now, limit=9)

    def _reversed(self, people: Mapping[str, int]) -> None:
        """Taken back: the first of two that share a cap, so that the second gets its room."""
        for who in ("reversed", "many"):
            first, _ = (
                self.drop(people[who], timedelta(days=9, hours=hours), mass="20")
                for hours in (4, 3)
            )
            reviews.reverse(self.db, self.backend.rulebook, self._decision(first, self.now))

    def _shown_better(self, member_id: int) -> None:
        """A meal on the member's word that the canteen's code shows afterwards."""
        canteen = self.place(PlaceKind.CANTEEN, "事务局食堂")
        lunch = self.now.replace(hour=4, minute=30) - timedelta(days=1)
        self.claim(member_id, "dining.clean_plate", {"meal": "lunch"}, lunch)
        later = lunch + timedelta(minutes=2)
        code = rotating_code(place_key(self.backend.keys, canteen.id), canteen.id, later)
        self.claim(member_id, "dining.clean_plate", {"meal": "lunch"}, later, code)

    def _corrected(self) -> None:
        """A correction run in every state."""
        day = business_day(self.now - timedelta(days=3))
        approvers = [self.admin, *self.town.staff[1:3]]
        for stage in range(6):
            draft = CorrectionDraft(KIND, day, day, f"试验 {stage} {FREE}")
            rulebook = self.backend.rulebook
            run_id = service.open_run(self.db, rulebook, draft, actor_id=self.admin, now=self.now)
            if stage == 0:
                continue
            if stage == 1:
                service.cancel(self.db, run_id=run_id, actor_id=self.admin, now=self.now)
                continue
            for _ in range(2):
                corrections.step(self.db, rulebook, run_id=run_id, now=self.now)
            for approver in approvers[: stage - 2]:
                service.approve(self.db, run_id=run_id, actor_id=approver, now=self.now)
            if stage >= 4:
                service.start(self.db, rulebook, run_id=run_id, actor_id=self.admin, now=self.now)
            for _ in range(2 if stage == 5 else 0):
                corrections.step(self.db, rulebook, run_id=run_id, now=self.now)

    def _places(self) -> None:
        """A place of every kind, state and sort of name."""
        self.place(
            PlaceKind.STAIRWELL,
            "一号楼楼梯",
            latitude=None,
            longitude=None,
        )
        self.place(PlaceKind.VENUE, LONG[:60])
        self.place(PlaceKind.CANTEEN, RARE)
        for state in (PlaceState.PAUSED, PlaceState.CLOSED):
            place = self.place(PlaceKind.STAIRWELL, f"楼梯 {state.value}")
            update_place(
                self.db,
                place.id,
                {"state": state},
                scope=EVERYWHERE,
                actor_id=self.admin,
                at=self.now,
            )
