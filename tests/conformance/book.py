"""A database with a few awards in it, where anything may be broken."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from backend.actions.service import record_all
from backend.bootstrap import Backend
from backend.clock import FixedClock
from backend.invariants import Finding
from backend.ports.signed_notes import Signer
from backend.proofs import jobs as proofs
from backend.proofs.months import seal_due
from backend.rankings import closing
from backend.rankings import jobs as boards
from backend.rankings.jobs import rebuild
from backend.rankings.queries import opened_seasons
from backend.schema import METADATA
from backend.verification.service import CHECKS, open_books, verify
from tests.builders.drop_offs import a_drop_off, code_on_screen, drop
from tests.builders.scene import Scene

SIGNER = Signer.generate("conformance.example")


@dataclass(frozen=True, slots=True)
class Book:
    """A database with a few awards in it, where anything may be broken.

    Attributes:
        backend: over it.
        scene: who and what is in it.
        owner_url: of its owner.
    """

    backend: Backend
    scene: Scene
    owner_url: str

    def drop_off(
        self, member: int, *, minutes_ago: int, mass: str = "8", reference: str | None = None
    ) -> int:
        """Logs a drop-off of the n-th member and commits; returns the action."""
        now = self.backend.clock.now()
        with self.backend.engine.begin() as db:
            receipt = drop(
                db,
                rulebook=self.backend.rulebook,
                keys=self.backend.keys,
                member_id=self.scene.members[member],
                code=self._code(member, now - timedelta(minutes=minutes_ago)),
                now=now,
                reference=reference,
                occurred_at=now - timedelta(minutes=minutes_ago),
                mass=mass,
            )
        return receipt.action.id

    def backlog(self, *told: tuple[int, int], reference: str | None = None) -> None:
        """Records drop-offs at once, and commits.

        Args:
            told: of each the n-th member, and how many minutes ago.
            reference: of each; None for one of its own.
        """
        now = self.backend.clock.now()
        requests = [
            a_drop_off(
                member_id=self.scene.members[member],
                reference=reference,
                occurred_at=now - timedelta(minutes=minutes),
                code=self._code(member, now - timedelta(minutes=minutes)),
                mass="8",
            )
            for member, minutes in told
        ]
        with self.backend.engine.begin() as db:
            record_all(db, self.backend.rulebook, self.backend.keys, requests, now=now)

    def _code(self, member: int, at: datetime) -> str:
        """What the point's screen showed then, or in a step of the member's own soon after."""
        scanned = at + timedelta(seconds=30 * (member % 10))
        return code_on_screen(self.backend.keys, self.scene.attended.place.id, scanned)

    def grow_tree(self) -> None:
        """Lets the builder of the tree read on."""
        proofs.build(self.backend.engine.begin, SIGNER, self.backend.clock)

    def seal_months(self) -> None:
        """Seals the months that are closed some months from now."""
        later = FixedClock(self.backend.clock.now() + timedelta(days=70))
        assert seal_due(self.backend.engine.begin, SIGNER, later)

    def follow_up(self) -> None:
        """Brings about what the outbox asks for, long ago."""
        with self.backend.engine.begin() as db:
            awards = db.execute(
                text("SELECT FROM outbox WHERE kind = 'award.posted' AND done_at IS NULL LIMIT 1")
            ).first()
            if awards is not None:
                rebuild(db)
                closing.restate(db, opened_seasons(db), now=self.backend.clock.now())
                boards.publish_current(db, self.backend.redis, now=self.backend.clock.now())
            db.execute(text("UPDATE outbox SET done_at = now() - interval '1 hour'"))

    def found_by(self, names: Collection[str]) -> list[Finding]:
        """What the checks of these names say of it."""
        with open_books(
            self.backend.engine,
            self.backend.redis,
            rulebook=self.backend.rulebook,
            metadata=METADATA,
            now=datetime.now(UTC),
        ) as books:
            asked = tuple(check for check in CHECKS if check.name in names)
            return [
                each for result in verify(books, checks=asked).results for each in result.findings
            ]
