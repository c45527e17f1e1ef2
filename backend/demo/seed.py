"""Builds the demo city in an empty database, through the services everybody else uses."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Connection, exists, func, or_, select

from backend.actions.drop_offs import KIND
from backend.bootstrap import Backend, application_engine
from backend.clock import business_day
from backend.demo import campaigns, deeds, history, offers
from backend.demo.loading import LoadingSpan, Part, Progress, load
from backend.demo.organisation import build_ground
from backend.demo.processes import load_side_by_side
from backend.demo.scale import Scale, scale_named
from backend.errors import DomainError, ErrorKind
from backend.ledger.service import open_accounts
from backend.organisations.models import Institution
from backend.people.models import Member
from backend.rankings.jobs import publish_current
from backend.rulebook.service import register

_LOCK_KEY: Final = 0x6465_6D6F  # "demo"

Report = Callable[[str], None]

log = structlog.get_logger(__name__)


class CityNotEmptyError(DomainError):
    """The demo city is built in an empty database only."""

    code = "database_not_empty"
    kind = ErrorKind.CONFLICT


def is_empty(db: Connection) -> bool:
    """Whether the database holds neither an institution nor a member."""
    return not db.scalar(select(or_(exists(select(Institution.id)), exists(select(Member.id)))))


def seed(backend: Backend, *, scale: str, report: Report, processes: int | None = None) -> None:
    """Builds the demo city and its history up to now.

    Commits itself. Interrupted, `tiny` and `small` leave no institution and no member behind;
    `city` commits on the way, because PostgreSQL's lock table does not hold a whole city.

    Args:
        backend: the installation.
        scale: `tiny`, `small` or `city`.
        report: told of progress in Chinese sentences.
        processes: how many load it side by side; as the scale says when left out. The city is
            the same, but for the order of ids.

    Raises:
        InvalidInputError: no such scale.
        CityNotEmptyError: the database holds something, or another seed is at work.
        PartFailedError: a process that loads a part failed.
    """
    figures = scale_named(scale)
    begun = time.monotonic()
    # An engine of its own: its lock and its long statements are none of a request's.
    engine = application_engine(backend.settings, pool_size=2, jobs=True)
    try:
        with engine.connect() as guard, engine.connect() as db:
            _require_empty(guard)
            db.exec_driver_sql("SET statement_timeout = 0")
            span = _span(backend, figures)
            register(db, backend.rulebook)
            build_ground(db, figures, now=span.entered)
            for kind in (KIND, *deeds.KINDS):
                open_accounts(db, methodology_id=kind)
            db.commit()
            _announce(figures, span, report)
            logged = _load(db, backend, figures, span, processes or figures.processes, report)
            report("  行为已记完，正在计算排行 …")
            # Jobs of the running system may hold what is rolled up; it is waited for.
            db.exec_driver_sql("SET lock_timeout = 0")
            campaigns.run_campaigns(db, backend, entered=span.entered, now=span.now)
            db.commit()
            history.roll_up_logged(db)
            report("  排行已算好，正在放入兑换、捐赠与抽奖 …")
            offers.offer(db, backend, now=span.now)
            db.commit()
    finally:
        engine.dispose()
    _publish(backend)
    report(f"演示城市已就绪：{logged:,} 次行为，用时 {time.monotonic() - begun:.1f} 秒。")


def _require_empty(guard: Connection) -> None:
    """Refuses a database with content, and holds off other seeds while `guard` is open."""
    if not guard.scalar(select(func.pg_try_advisory_lock(_LOCK_KEY))):
        raise CityNotEmptyError("另一个进程正在载入演示数据，请等它完成。")
    if not is_empty(guard):
        raise CityNotEmptyError(
            "数据库里已有数据，演示城市只能载入空数据库；请换一个 TANPUHUI_DATA_DIR 或数据库。"
        )
    guard.commit()


def _span(backend: Backend, scale: Scale) -> LoadingSpan:
    """The days of the history: none earlier than drop-offs are credited at all."""
    now = backend.clock.now()
    wished = business_day(now) - timedelta(days=scale.days)
    return LoadingSpan(max(wished, history.first_creditable_day(backend.rulebook)), now)


def _announce(scale: Scale, span: LoadingSpan, report: Report) -> None:
    report(
        f"载入 {scale.districts} 个区县、{scale.institutions:,} 个单位、"
        f"{scale.departments:,} 个部门、{scale.members:,} 名成员、{scale.points:,} 个回收点，"
        f"以及 {span.first} 以来的行为记录 …"
    )


def _load(
    db: Connection,
    backend: Backend,
    scale: Scale,
    span: LoadingSpan,
    processes: int,
    report: Report,
) -> int:
    """Loads everything, here or in processes beside this one; returns the number of actions."""
    if processes > 1:
        return load_side_by_side(
            backend,
            scale,
            span,
            processes=processes,
            tell=lambda progress: report(_line(progress)),
        )
    reached = [Progress()]
    ground = build_ground(db, scale, now=span.entered)
    load(db, backend, Part(scale, 0, 1), ground, span, reached.append)
    return reached[-1].actions


def _line(progress: Progress) -> str:
    if not progress.members:
        return "  正在建立单位、部门与成员 …"
    if progress.day is None:
        return f"  已建 {progress.members:,} 名成员"
    return f"  至 {progress.day} 已记 {progress.actions:,} 次行为"


def _publish(backend: Backend) -> None:
    """Writes the boards to Redis; without it the periodic job does so when it is back."""
    try:
        with backend.engine.begin() as db:
            publish_current(db, backend.redis, now=backend.clock.now())
    except RedisError as error:
        log.warning("boards_not_published", error=type(error).__name__)
