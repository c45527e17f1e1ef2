"""A small book that was kept well, and copies of it that are broken on purpose."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, make_url, text

from backend.bootstrap import Backend, build
from backend.clock import FixedClock
from backend.db.engine import make_engine
from backend.ports.signed_notes import Signer
from backend.proofs import jobs as proofs
from backend.proofs.months import seal_due
from backend.rankings.jobs import rebuild
from backend.schema import METADATA
from backend.settings import Settings
from backend.verification.service import Verification, open_books, verify
from tests.builders.city import a_city
from tests.builders.drop_offs import drop
from tests.builders.scene import Scene
from tests.conftest import SECRET

SIGNER = Signer.generate("conformance.example")
_NUMBERS = itertools.count()


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

    def drop_off(self, member: int, *, minutes_ago: int, reference: str | None = None) -> int:
        """Logs a drop-off of the n-th member and commits; returns the action."""
        now = self.backend.clock.now()
        with self.backend.engine.begin() as db:
            receipt = drop(
                db,
                rulebook=self.backend.rulebook,
                keys=self.backend.keys,
                member_id=self.scene.members[member],
                code=self.scene.attended.url,
                now=now,
                reference=reference,
                occurred_at=now - timedelta(minutes=minutes_ago),
                mass="8",
            )
        return receipt.action.id

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
            db.execute(text("UPDATE outbox SET done_at = now() - interval '1 hour'"))

    def verified(self) -> Verification:
        """What the checks say of it, an hour on."""
        with open_books(
            self.backend.engine,
            self.backend.redis,
            rulebook=self.backend.rulebook,
            metadata=METADATA,
            now=datetime.now(UTC),
        ) as books:
            return verify(books)


@pytest.fixture(scope="module")
def kept(
    copy_of_database: Callable[[], str],
    redis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Book:
    """The book all copies are made of; nobody is connected to it any more."""
    url = copy_of_database()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("DATABASE_URL", url),
            ("REDIS_URL", redis_url),
            ("SECRET_KEY", SECRET),
            ("DATA_DIR", str(tmp_path_factory.mktemp("conformance"))),
        ):
            patch.setenv(f"TANPUHUI_{name}", value)
        settings = Settings.from_env()
    backend = build(settings, clock=FixedClock(datetime.now(UTC)))
    book = Book(backend, a_city(backend, members=6).scene, url)
    for member in range(2):
        book.drop_off(member, minutes_ago=40 + member)
    book.grow_tree()
    book.follow_up()
    backend.engine.dispose()
    backend.redis.close()
    return book


@pytest.fixture
def book(kept: Book) -> Iterator[Book]:
    """A copy of the book, to be broken."""
    server = make_url(kept.owner_url)
    name = f"broken_{next(_NUMBERS)}"
    maintenance = make_engine(_text(server.set(database="postgres")), owner=True)
    with maintenance.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(
            f"CREATE DATABASE {name} TEMPLATE {server.database} STRATEGY file_copy"
        )
    maintenance.dispose()
    url = _text(server.set(database=name))
    backend = build(replace(kept.backend.settings, database_url=url), clock=kept.backend.clock)
    yield Book(backend, kept.scene, url)
    backend.engine.dispose()
    backend.redis.close()


def _text(url: object) -> str:
    return make_url(url).render_as_string(hide_password=False)  # type: ignore[arg-type]  # a URL


@pytest.fixture
def owner(book: Book) -> Iterator[Connection]:
    """Whoever owns the tables; commits at the end of the sabotage."""
    engine = make_engine(book.owner_url, owner=True)
    with engine.connect() as connection:
        yield connection
    engine.dispose()
