"""A durable installation with members, tokens and recycling points, for the duration of a run."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, insert

from backend.db import migrate
from backend.db.engine import make_engine
from backend.organisations.departments import create_department
from backend.organisations.models import InstitutionKind
from backend.organisations.policy import credit_code_check_character
from backend.organisations.queries import Scope
from backend.organisations.service import create_district, create_institution, create_system
from backend.people.models import AccessToken, Face, Member, Membership
from backend.places.codes import (
    STEP_SECONDS,
    PrintedCode,
    place_key,
    printed_url,
    rotating_code,
)
from backend.places.models import PlaceDraft, PlaceKind, WasteClass
from backend.places.policy import USES_PER_STEP
from backend.places.service import create_place, print_posters
from backend.ports.keys import KeyRing
from backend.rulebook.service import register
from backend.runtime.postgres import EmbeddedPostgres
from backend.runtime.redis import EmbeddedRedis
from credit_rules import load_rulebook

MEMBERS = 20_000
DEPARTMENTS = 200
POINTS = 200
_EVERY_DAY = tuple({"day": day, "from": "00:00", "to": "00:00"} for day in range(1, 8))


@dataclass(frozen=True, slots=True)
class Screened:
    """A code that a screen showed, and when."""

    code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BenchInstallation:
    """Where a benchmark runs.

    Attributes:
        environment: `TANPUHUI_*` for the processes under test.
        database_url: PostgreSQL, as the owner.
        tokens: one bearer token a member, in the order of their ids.
        codes: poster URLs of the points.
    """

    environment: dict[str, str]
    database_url: str
    tokens: tuple[str, ...]
    codes: tuple[str, ...]


@contextmanager
def installation() -> Iterator[BenchInstallation]:
    """Starts PostgreSQL (durable) and Redis, fills them, and takes everything down again."""
    with (
        tempfile.TemporaryDirectory(prefix="tanpuhui-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "postgres") as postgres,
        EmbeddedRedis(Path(folder) / "redis") as redis,
    ):
        migrate.upgrade(postgres.url)
        engine = make_engine(postgres.url, owner=True, statement_timeout_ms=0)
        with engine.begin() as db:
            tokens, codes = _fill(db)
        engine.dispose()
        environment = {
            "TANPUHUI_DATA_DIR": folder,
            "TANPUHUI_DATABASE_URL": postgres.url,
            "TANPUHUI_REDIS_URL": redis.url,
            "TANPUHUI_SECRET_KEY": "a secret of the benchmarks, 32 characters",
            "TANPUHUI_LOG_LEVEL": "WARNING",
            # A benchmark asks for as much as there is.
            "TANPUHUI_WRITES_PER_MINUTE": "60000000",
        }
        yield BenchInstallation(os.environ | environment, postgres.url, tokens, codes)


def _fill(db: Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
    now = datetime.now(UTC)
    start = date(2020, 1, 1)
    register(db, load_rulebook())
    district = create_district(db, code="330100", name="杭州市", parent_id=None, now=now)
    body = "11330100MB0000001"
    institution = create_institution(
        db,
        credit_code=body + credit_code_check_character(body),
        name="基准测试局",
        district_id=district,
        system_id=create_system(db, code="gov", name="机关", now=now),
        kind=InstitutionKind.STATE_ORGAN,
        opened_on=start,
        now=now,
    )
    departments = [
        create_department(db, institution_id=institution, name=f"{i} 处", created_on=start, now=now)
        for i in range(DEPARTMENTS)
    ]
    tokens = _members(db, institution, departments, now)
    return tokens, _points(db, institution, now)


def _members(
    db: Connection, institution: int, departments: list[int], now: datetime
) -> tuple[str, ...]:
    ids = db.execute(
        insert(Member).returning(Member.id),
        [{"display_name": f"成员 {i}", "created_at": now} for i in range(MEMBERS)],
    ).scalars()
    members = sorted(ids)
    tokens = tuple(hashlib.sha256(str(member).encode()).hexdigest() for member in members)
    db.execute(
        insert(Membership),
        [
            {
                "member_id": member,
                "institution_id": institution,
                "department_id": departments[i % DEPARTMENTS],
                "valid_from": date(2020, 1, 1),
            }
            for i, member in enumerate(members)
        ],
    )
    db.execute(
        insert(AccessToken),
        [
            {
                "token_sha256": hashlib.sha256(token.encode()).digest(),
                "member_id": member,
                "face": Face.API.value,
                "created_at": now,
                "expires_at": now + timedelta(days=30),
                "last_seen_at": now,
            }
            for token, member in zip(tokens, members, strict=True)
        ],
    )
    return tokens


def _points(db: Connection, institution: int, now: datetime) -> tuple[str, ...]:
    codes = []
    for number in range(POINTS):
        place = create_place(
            db,
            PlaceDraft(
                kind=PlaceKind.RECYCLING_POINT,
                name=f"{number} 号投放点",
                institution_id=institution,
                address="解放东路 18 号",
                accepted=tuple(WasteClass),
                hours=_EVERY_DAY,
                latitude=Decimal("30.245900"),
                longitude=Decimal("120.210800"),
            ),
            actor_id=None,
            at=now,
        )
        (batch,) = print_posters(
            db, [place.id], scope=Scope(everything=True), actor_id=None, at=now
        )
        codes.append(printed_url("http://127.0.0.1:8000", PrintedCode(place.code, batch.key)))
    return tuple(codes)


def screen_code(keys: KeyRing, posters: Sequence[str], number: int, now: datetime) -> Screened:
    """What a screen showed when the drop-off of a number was made: six of them in a step.

    Args:
        keys: of the installation that judges it.
        posters: URLs of the points' posters.
        number: of the drop-off; each is at a time of its own, back to a day before `now`.
        now: the present instant.
    """
    place_id = int(posters[number % len(posters)].partition("/p/R")[2][:7])
    at = now - timedelta(seconds=STEP_SECONDS) * (number // (USES_PER_STEP * len(posters)))
    return Screened(rotating_code(place_key(keys, place_id), place_id, at), at)
