"""The composition root: settings become the one object that faces, workers and commands share."""

from dataclasses import dataclass
from functools import cache

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Engine, event

from backend.clock import Clock, SystemClock
from backend.db.engine import make_engine
from backend.db.migrate import give_passwords, upgrade
from backend.installation import service as installation
from backend.ports.keys import KeyRing
from backend.ports.signed_notes import KeyTextError, Signer
from backend.ports.wechat import HttpWeChat, WeChat
from backend.rulebook import service as rulebook
from backend.settings import PREFIX, Settings, SettingsError
from credit_rules import Rulebook, load_rulebook
from credit_rules.footprint import Questionnaires, load_questionnaires

_REDIS_SECONDS = 1.0
# At most so many connections a process; each is opened only when it is needed.
_CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Backend:
    """Everything a request, a job or a command works with.

    Attributes:
        settings: what the installation chose.
        engine: connections under a login of the program.
        redis: boards, queues and limits; nothing in it that cannot be rebuilt.
        clock: the present instant.
        rulebook: the methodologies in force.
        questionnaires: every version of the questionnaire of the footprint.
        wechat: logins and the platform's interfaces.
        keys: keys derived from the installation's secret, one a purpose.
        signer: signs the ledger's checkpoints; None in processes that were not given its key.
    """

    settings: Settings
    engine: Engine
    redis: Redis
    clock: Clock
    rulebook: Rulebook
    questionnaires: Questionnaires
    wechat: WeChat
    keys: KeyRing
    signer: Signer | None


def build(settings: Settings, *, clock: Clock | None = None, jobs: bool = False) -> Backend:
    """Builds the backend. Opens no connection: each is made at its first use.

    Args:
        settings: with URLs and secret resolved (the supervisor fills in the embedded ones).
        clock: the machine's clock when left out.
        jobs: whether it serves no requests: statements may take longer.

    Raises:
        SettingsError: the database, Redis or secret is missing, or the signing key is none.
    """
    settings.ensure_complete()
    redis = Redis.from_url(
        settings.redis_url,
        socket_timeout=_REDIS_SECONDS,
        socket_connect_timeout=_REDIS_SECONDS,
        # Whoever uses Redis goes on without it; waiting for its return is nobody's request's job.
        retry=Retry(NoBackoff(), 0),
    )
    return Backend(
        settings=settings,
        engine=application_engine(
            settings, pool_size=max(_CONNECTIONS, settings.api_threads), jobs=jobs
        ),
        redis=redis,
        clock=clock or SystemClock(),
        rulebook=_shipped_rulebook(),
        questionnaires=_shipped_questionnaires(),
        wechat=HttpWeChat(
            base_url=settings.wechat_base_url,
            app_id=settings.wechat_app_id,
            secret=settings.wechat_app_secret,
            redis=redis,
        ),
        keys=KeyRing(settings.secret_key),
        signer=_signer(settings) if settings.ledger_signing_key else None,
    )


def application_engine(settings: Settings, *, pool_size: int = 8, jobs: bool = False) -> Engine:
    """An engine whose connections log in as the program does.

    Args:
        settings: with the database's URL and the root key.
        pool_size: connections held.
        jobs: whether it serves no requests.
    """
    engine = make_engine(
        settings.database_url,
        pool_size=pool_size,
        jobs=jobs,
        secret=settings.secret_key,
        prepared=settings.database_prepared,
    )
    event.listen(engine, "connect", installation.held_against(KeyRing(settings.secret_key)))
    return engine


# What ships does not change while a process lives: backends made in one process share it.
_shipped_rulebook = cache(load_rulebook)
_shipped_questionnaires = cache(load_questionnaires)


def _signer(settings: Settings) -> Signer:
    """The signer of the settings.

    Raises:
        SettingsError: the key is none.
    """
    try:
        return Signer.parse(settings.ledger_signing_key)
    except KeyTextError as error:
        raise SettingsError(f"{PREFIX}LEDGER_SIGNING_KEY: {error}") from error


def prepare(settings: Settings) -> None:
    """Brings the database up to date and records the methodologies in force.

    Args:
        settings: complete; migrations run as the owner, the rest under the application's role.

    Raises:
        AnotherKeyError: the database belongs to another root key.
        DatabaseLoginError: the database would let the program do more than it should.
        VersionChangedError: a methodology was changed behind its published number.
        sqlalchemy.exc.OperationalError: the database cannot be reached.
    """
    upgrade(settings.owner_database_url)
    give_passwords(
        settings.owner_database_url, used=settings.database_url, secret=settings.secret_key
    )
    engine = application_engine(settings, jobs=True)
    try:
        with engine.begin() as db:
            installation.claim(db, KeyRing(settings.secret_key), now=SystemClock().now())
            rulebook.register(db, _shipped_rulebook())
    finally:
        engine.dispose()
