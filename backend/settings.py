"""Every setting, from the environment, with all mistakes reported at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from environs import Env, EnvValidationError
from marshmallow import ValidationError, validate

PREFIX = "TANPUHUI_"
Network = IPv4Network | IPv6Network


class SettingsError(Exception):
    """One or more settings are wrong; the message lists all of them, one a line."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation may choose. Documented in docs/operations.md, one row each.

    Attributes:
        data_dir: folder of the embedded servers, the generated secret and the sockets.
        database_url: PostgreSQL for the application; empty means the embedded server. Where it logs
            in as the owner, the program's own logins take the owner's place.
        owner_database_url: PostgreSQL for migrations; empty means `database_url`.
        database_prepared: keep prepared statements on the server; no behind PgBouncer in the mode
            `transaction`.
        redis_url: Redis; empty means the embedded server.
        host: address the two faces listen on.
        api_port: port of the API and the phone pages.
        console_port: port of the admin console.
        public_url: address phones reach the API at; printed on posters.
        console_url: address administrators reach the console at.
        secret_key: root key (at least 32 characters) of codes and encryption; empty means the
            one generated in `data_dir`.
        ledger_signing_key: private key of the ledger's checkpoints, for the worker of the queue
            `proofs` alone; empty means the one that `tanpuhui up` made in `data_dir`.
        wechat_app_id: app id of the mini-program; empty switches the local stand-in on.
        wechat_app_secret: its secret.
        wechat_base_url: WeChat's API host, or the stand-in's.
        metrics_token: bearer token that opens /metrics beyond loopback; empty means loopback only.
        trusted_proxies: addresses of the reverse proxies whose X-Forwarded-* are believed.
        writes_per_minute: writing requests that one face takes in all; beyond, it answers 429.
        max_body_bytes: a larger request body is refused before it is read.
        log_level: DEBUG, INFO, WARNING or ERROR.
        api_workers: worker processes of the API.
        api_threads: threads of each.
    """

    data_dir: Path
    database_url: str = field(repr=False)
    owner_database_url: str = field(repr=False)
    database_prepared: bool
    redis_url: str = field(repr=False)
    host: str
    api_port: int
    console_port: int
    public_url: str
    console_url: str
    secret_key: str = field(repr=False)
    ledger_signing_key: str = field(repr=False)
    wechat_app_id: str
    wechat_app_secret: str = field(repr=False)
    wechat_base_url: str
    metrics_token: str = field(repr=False)
    trusted_proxies: tuple[Network, ...]
    writes_per_minute: int
    max_body_bytes: int
    log_level: str
    api_workers: int
    api_threads: int

    @classmethod
    def from_env(cls) -> "Settings":
        """Reads `TANPUHUI_*`.

        Raises:
            SettingsError: lists every wrong variable with its remedy.
        """
        env = Env(eager=False, prefix=PREFIX)
        port = validate.Range(min=1, max=65535)
        api_port = env.int("API_PORT", 8000, validate=port)
        console_port = env.int("CONSOLE_PORT", 8001, validate=port)
        settings = cls(
            data_dir=Path(env.str("DATA_DIR", ".data")).absolute(),
            database_url=env.str("DATABASE_URL", ""),
            owner_database_url=env.str("OWNER_DATABASE_URL", ""),
            database_prepared=env.bool("DATABASE_PREPARED", True),
            redis_url=env.str("REDIS_URL", ""),
            host=env.str("HOST", "127.0.0.1"),
            api_port=api_port,
            console_port=console_port,
            public_url=env.str("PUBLIC_URL", f"http://127.0.0.1:{api_port}").rstrip("/"),
            console_url=env.str("CONSOLE_URL", f"http://127.0.0.1:{console_port}").rstrip("/"),
            secret_key=env.str("SECRET_KEY", ""),
            ledger_signing_key=env.str("LEDGER_SIGNING_KEY", ""),
            wechat_app_id=env.str("WECHAT_APP_ID", ""),
            wechat_app_secret=env.str("WECHAT_APP_SECRET", ""),
            wechat_base_url=env.str("WECHAT_BASE_URL", "https://api.weixin.qq.com").rstrip("/"),
            metrics_token=env.str("METRICS_TOKEN", ""),
            trusted_proxies=_networks(env.list("TRUSTED_PROXIES", [], validate=_networks) or ()),
            writes_per_minute=env.int(
                "WRITES_PER_MINUTE", 60_000, validate=validate.Range(min=60, max=60_000_000)
            ),
            max_body_bytes=env.int(
                "MAX_BODY_BYTES", 262_144, validate=validate.Range(min=1024, max=16_777_216)
            ),
            log_level=env.str(
                "LOG_LEVEL",
                "INFO",
                validate=validate.OneOf(("DEBUG", "INFO", "WARNING", "ERROR")),
            ),
            api_workers=env.int("API_WORKERS", 2, validate=validate.Range(min=1, max=64)),
            api_threads=env.int("API_THREADS", 4, validate=validate.Range(min=1, max=64)),
        )
        _check(env, settings)
        return settings

    def ensure_complete(self) -> None:
        """Checks that this process need not guess which servers and which key it works with.

        Raises:
            SettingsError: lists what is missing.
        """
        missing = [
            f"{PREFIX}{name.upper()}: must be set, or start everything with `tanpuhui up`"
            for name in ("database_url", "redis_url", "secret_key")
            if not getattr(self, name)
        ]
        if missing:
            raise SettingsError("\n".join(missing))

    def environment(self) -> dict[str, str]:
        """The variables from which `from_env` reads the same settings again."""
        return {
            f"{PREFIX}{each.name.upper()}": _written(getattr(self, each.name))
            for each in fields(self)
        }


def _written(value: object) -> str:
    """A setting as its variable has it."""
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _networks(written: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks such as `10.0.0.5` or `172.18.0.0/16`.

    Raises:
        ValidationError: one of them is neither.
    """
    try:
        return tuple(ip_network(each.strip()) for each in written if each.strip())
    except ValueError as error:
        raise ValidationError(f"{error}: name addresses such as 10.0.0.5 or 10.0.0.0/24") from error


def _check(env: Env, settings: Settings) -> None:
    """Raises one error that lists everything wrong with the environment."""
    problems: list[str] = []
    try:
        env.seal()
    except EnvValidationError as error:
        said = error.error_messages
        if isinstance(said, Mapping):
            problems += [f"{name}: {' '.join(sentences)}" for name, sentences in said.items()]
        else:
            problems += said
    if settings.secret_key and len(settings.secret_key) < 32:
        problems.append(f"{PREFIX}SECRET_KEY: must have at least 32 characters")
    if not problems and settings.api_port == settings.console_port:
        problems.append(f"{PREFIX}CONSOLE_PORT: must differ from {PREFIX}API_PORT")
    if problems:
        raise SettingsError("\n".join(problems))
