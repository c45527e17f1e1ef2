"""What runs beside the faces: RQ workers, the outbox relay and the tick.

RQ sees one function, `perform(kind, ids)`; the ids are of outbox messages, whose effect happens in
the transaction that marks them done. So a job may be lost, doubled or killed: its effect happens
once. One worker process serves one queue, because RQ loses jobs of a worker that serves several.
"""

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Event
from types import FrameType

import structlog
from redis import Redis
from rq import Queue, Retry, Worker, get_current_job
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from backend import schedule
from backend.bootstrap import Backend, build
from backend.clock import business_day
from backend.corrections import jobs as corrections
from backend.corrections import reviews
from backend.corrections.service import STEP
from backend.draws import jobs as draws
from backend.ledger import jobs as ledger
from backend.outbox import relay
from backend.outbox import service as outbox
from backend.outbox.service import Due, Taken
from backend.ports.signed_notes import Signer
from backend.proofs import jobs as proofs
from backend.proofs import months
from backend.rankings import closing
from backend.rankings import jobs as rankings
from backend.rankings.queries import opened_seasons
from backend.rewards import jobs as rewards
from backend.schema import METADATA
from backend.settings import PREFIX, Settings, SettingsError
from backend.timekeeping import service as timekeeping
from backend.verification import service as verification

QUEUES = ("rankings", "housekeeping", "verification", "proofs")
TICK_SECONDS = 1.0

log = structlog.get_logger(__name__)

AfterCommit = Callable[[], None]
Effect = Callable[[Connection, Backend, Sequence[Taken]], AfterCommit | None]


@dataclass(frozen=True, slots=True)
class Handler:
    """How messages of one kind take effect.

    Attributes:
        queue: the queue whose worker does it.
        effect: what happens in the transaction that marks the messages done. What it returns is
            called after the commit; it may be lost, and a periodic job makes it good.
        timeout: a job that runs longer (s) is ended.
    """

    queue: str
    effect: Effect
    timeout: int = 60


def _purge(db: Connection, _backend: Backend, _messages: Sequence[Taken]) -> None:
    outbox.purge(db)


def _roll_up(db: Connection, backend: Backend, messages: Sequence[Taken]) -> AfterCommit:
    touched = rankings.roll_up(db, [int(message.payload["action_id"]) for message in messages])
    closing.restate(db, touched, now=backend.clock.now())
    return lambda: _publish(backend, touched)


def _reconcile(db: Connection, backend: Backend, _messages: Sequence[Taken]) -> AfterCommit:
    rankings.rebuild(db)
    closing.restate(db, opened_seasons(db), now=backend.clock.now())
    return lambda: _publish(backend, None)


def _close_seasons(db: Connection, backend: Backend, _messages: Sequence[Taken]) -> None:
    closing.close_due(db, now=backend.clock.now())


def _refresh(_db: Connection, backend: Backend, _messages: Sequence[Taken]) -> AfterCommit:
    return lambda: _publish(backend, None)


def _verify(_db: Connection, backend: Backend, _messages: Sequence[Taken]) -> AfterCommit:
    """After the commit, because it may take an hour; the next night makes up for a lost run."""
    return lambda: _verify_and_store(backend)


def _verify_and_store(backend: Backend) -> None:
    with verification.open_books(
        backend.engine,
        backend.redis,
        rulebook=backend.rulebook,
        metadata=METADATA,
        now=backend.clock.now(),
    ) as books:
        found = verification.verify(books)
    if found.found:
        log.error("ledger_verification_failed", found=found.found)
    with backend.engine.begin() as db:
        verification.store(db, found, finished_at=backend.clock.now())


def _expire_points(db: Connection, backend: Backend, messages: Sequence[Taken]) -> None:
    for message in messages:
        ledger.expire(db, message.payload, today=business_day(backend.clock.now()))


def _give_notice(db: Connection, backend: Backend, messages: Sequence[Taken]) -> None:
    for message in messages:
        ledger.give_notice(db, message.payload, today=business_day(backend.clock.now()))


def _keep_report(db: Connection, backend: Backend, _messages: Sequence[Taken]) -> None:
    # So far back that no transaction of then is still running: the report of it stays as it is.
    ledger.keep_report(db, at=backend.clock.now() - timedelta(minutes=5))


def _build_tree(_db: Connection, backend: Backend, _messages: Sequence[Taken]) -> AfterCommit:
    """After the commit, as each batch is a transaction; the next run makes up for a lost one."""
    return lambda: _grow_tree(backend)


def _grow_tree(backend: Backend) -> None:
    proofs.build(backend.engine.begin, signer_of(backend), backend.clock)


def _seal_months(_db: Connection, backend: Backend, _messages: Sequence[Taken]) -> AfterCommit:
    """After the commit, as each month is a transaction; the next run makes up for a lost one."""
    return lambda: _close_months(backend)


def _close_months(backend: Backend) -> None:
    months.seal_due(backend.engine.begin, signer_of(backend), backend.clock)


def signer_of(backend: Backend) -> Signer:
    """What signs the ledger's checkpoints in this process.

    Raises:
        SettingsError: it was not given the key.
    """
    if backend.signer is None:
        raise SettingsError(
            f"{PREFIX}LEDGER_SIGNING_KEY: must be set; `tanpuhui ledger key NAME` makes one"
        )
    return backend.signer


def _time_out(db: Connection, backend: Backend, messages: Sequence[Taken]) -> None:
    for message in messages:
        rewards.time_out(db, message.payload, now=backend.clock.now())


def _advance_draws(db: Connection, backend: Backend, _messages: Sequence[Taken]) -> None:
    draws.advance(db, backend.keys, now=backend.clock.now())


def _publish(backend: Backend, touched: rankings.Touched | None) -> None:
    with backend.engine.begin() as db:
        rankings.publish_current(db, backend.redis, now=backend.clock.now(), touched=touched)


def _time_out_holds(db: Connection, backend: Backend, _messages: Sequence[Taken]) -> None:
    # What is left of a large backlog lapses with the next run, ten minutes later.
    reviews.time_out(db, backend.rulebook, now=backend.clock.now(), limit=500)


def _correct(db: Connection, backend: Backend, messages: Sequence[Taken]) -> None:
    for message in messages:
        run_id, now = int(message.payload["run_id"]), backend.clock.now()
        corrections.step(db, backend.rulebook, run_id=run_id, now=now)


HANDLERS: Mapping[str, Handler] = {
    "award.posted": Handler("rankings", _roll_up),
    "rankings.refresh": Handler("rankings", _refresh),
    "rankings.reconcile": Handler("rankings", _reconcile),
    "rankings.close": Handler("rankings", _close_seasons),
    ledger.EXPIRE: Handler("housekeeping", _expire_points),
    ledger.GIVE_NOTICE: Handler("housekeeping", _give_notice),
    "ledger.keep_report": Handler("verification", _keep_report, timeout=3600),
    rewards.TIME_OUT: Handler("housekeeping", _time_out),
    "draws.advance": Handler("housekeeping", _advance_draws),
    STEP: Handler("housekeeping", _correct, timeout=600),
    "actions.time_out_holds": Handler("housekeeping", _time_out_holds),
    "outbox.purge": Handler("housekeeping", _purge),
    "proofs.build": Handler("proofs", _build_tree),
    "proofs.seal": Handler("proofs", _seal_months, timeout=3600),
    "ledger.verify": Handler("verification", _verify, timeout=4 * 3600),
}

_process: Backend | None = None


def serve(backend: Backend) -> None:
    """Makes `backend` the one that `perform` works with in this process."""
    global _process  # noqa: PLW0603 - RQ calls a module's function by name: it has no other way in
    _process = backend


def perform(kind: str, ids: Sequence[int]) -> None:
    """Brings about the effect of outbox messages that have not had theirs yet.

    Raises:
        KeyError: no handler knows the kind.
    """
    if _process is None:
        serve(build(Settings.from_env(), jobs=True))
    backend = _process
    assert backend is not None  # noqa: S101 - set above; tells the type checker
    handler = HANDLERS[kind]
    job = get_current_job()
    structlog.contextvars.bind_contextvars(job_id=job.id if job else None)
    if _is_held(backend, kind):
        log.warning("held", kind=kind, messages=len(ids))
        return
    after_commit: AfterCommit | None = None
    with backend.engine.begin() as db:
        messages = outbox.take(db, ids)
        if messages:
            after_commit = handler.effect(db, backend, messages)
    if after_commit is not None:
        after_commit()
    log.info("performed", kind=kind, messages=len(messages))


def _is_held(backend: Backend, kind: str) -> bool:
    """Whether a kind waits while the clocks are in doubt; its messages then come round again.

    This process may stand on another machine than the tick that put the message, with a clock of
    its own.
    """
    if kind not in schedule.PERIODIC or not schedule.PERIODIC[kind].irreversible:
        return False
    with backend.engine.begin() as db:
        return timekeeping.watch(db, now=backend.clock.now()) is not None


def enqueue(redis: Redis, kind: str, messages: Sequence[Due]) -> None:
    """Queues one delivery of messages of a kind.

    The job's id names the messages and the attempt, so that the same delivery is queued once and
    the next attempt is not held up by the remains of this one.
    """
    first, last = messages[0], messages[-1]
    queue = Queue(HANDLERS[kind].queue, connection=redis, serializer=JSONSerializer)
    try:
        queue.enqueue_call(
            perform,
            args=(kind, [message.id for message in messages]),
            job_id=f"outbox-{first.id}-{last.id}-{first.attempt}",
            retry=Retry(max=3),
            result_ttl=60,
            failure_ttl=86_400,
            timeout=HANDLERS[kind].timeout,
            unique=True,
        )
    except DuplicateJobError:
        log.info("already_queued", kind=kind, first=first.id, last=last.id)


def run_worker(backend: Backend, queue: str) -> None:
    """Serves one queue until told to stop.

    Raises:
        SettingsError: the queue needs a key that this process was not given.
    """
    if queue == "proofs":
        signer_of(backend)
    serve(backend)
    connection = Redis.from_url(backend.settings.redis_url)
    worker = Worker(
        [Queue(queue, connection=connection, serializer=JSONSerializer)],
        connection=connection,
        serializer=JSONSerializer,
        worker_ttl=60,
        job_monitoring_interval=5,
        maintenance_interval=15,
    )
    # A forked job must not share its parent's sockets.
    backend.engine.dispose()
    worker.work(logging_level="WARNING")


def run_relay(backend: Backend) -> None:
    """Relays the outbox to the queues until told to stop."""
    relay.run(
        backend.engine,
        lambda kind, messages: enqueue(backend.redis, kind, messages),
        _stop_on_signal(),
    )


def run_tick(backend: Backend) -> None:
    """Claims periodic work every second until told to stop."""
    stop = _stop_on_signal()
    while not stop.is_set():
        try:
            run_once(backend)
        except OperationalError as error:
            log.warning("tick_waits", error=type(error).__name__)
        stop.wait(TICK_SECONDS)


def run_once(backend: Backend) -> None:
    """One tick: looks at the clocks, then claims what is due and may be done."""
    now = backend.clock.now()
    with backend.engine.begin() as db:
        hold = timekeeping.watch(db, now=now)
    with backend.engine.begin() as db:
        schedule.run_due(db, now, held=hold is not None)


def _stop_on_signal() -> Event:
    stop = Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    return stop
