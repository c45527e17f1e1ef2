"""Rate limits on the routes that ask for them: logins and code scanning.

Counted in Redis over a sliding window. Where Redis does not answer, tries are let through and
counted in a metric: an outage of the counter must not lock people out (ASVS 16.5.2).
"""

import time
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import ParamSpec, TypeVar

import structlog
from flask import current_app, request
from limits import RateLimitItem, parse
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from backend.web.access import actor
from backend.web.context import backend
from backend.web.metrics import LIMITER_FAILURES
from backend.web.refusals import RateLimitedError

_P = ParamSpec("_P")
_R = TypeVar("_R")
_SOCKET_SECONDS = 0.2
_REST_SECONDS = 5.0
_KEY = "tanpuhui-limiter"
_building = Lock()
_log = structlog.get_logger(__name__)


class Limiter:
    """Counts tries in Redis; after a failure it rests, so that an outage costs one timeout.

    Args:
        redis_url: where to count.
        monotonic: seconds of a clock that only runs forward.
    """

    def __init__(self, redis_url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        pool: ConnectionPool = ConnectionPool.from_url(
            redis_url,
            socket_timeout=_SOCKET_SECONDS,
            socket_connect_timeout=_SOCKET_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._strategy = SlidingWindowCounterRateLimiter(
            RedisStorage("redis://", connection_pool=pool, key_prefix="tanpuhui:limit")
        )
        self._monotonic = monotonic
        self._rest_until = float("-inf")

    def try_once(self, item: RateLimitItem, name: str, subject: str) -> int | None:
        """Counts one try.

        Args:
            item: how many tries in how long.
            name: the limit's name, for the key and the metric.
            subject: who tries: an address or a member.

        Returns:
            None if the try may go on, else the seconds to wait.
        """
        if self._monotonic() < self._rest_until:
            LIMITER_FAILURES.labels(name).inc()
            return None
        try:
            if self._strategy.hit(item, name, subject):
                return None
            reset = self._strategy.get_window_stats(item, name, subject).reset_time
        except RedisError as error:
            self._rest_until = self._monotonic() + _REST_SECONDS
            LIMITER_FAILURES.labels(name).inc()
            _log.warning("rate_limiter_unavailable", limit=name, error=str(error)[:200])
            return None
        return max(1, round(reset - time.time()))


def by_address() -> str:
    """Who tries, told by the address: for routes without a login."""
    return f"address:{request.remote_addr}"


def by_member() -> str:
    """Who tries, told by the member: for routes behind a login."""
    return f"member:{actor().member_id}"


def rate_limited(
    name: str, limit: str, by: Callable[[], str] = by_address
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Limits how often one subject may call a view.

    Args:
        name: names the limit; views that share it share the count.
        limit: such as `10/minute`.
        by: tells the subjects apart.
    """
    item = parse(limit)

    def decorate(view: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(view)
        def limited(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            seconds = _limiter().try_once(item, name, by())
            if seconds is not None:
                raise RateLimitedError(
                    f"操作过于频繁，请 {seconds} 秒后再试。", retry_after=seconds
                )
            return view(*args, **kwargs)

        return limited

    return decorate


def _limiter() -> Limiter:
    """The application's limiter, made at its first use."""
    extensions = current_app.extensions
    with _building:
        if _KEY not in extensions:
            extensions[_KEY] = Limiter(backend().settings.redis_url)
    limiter: Limiter = extensions[_KEY]
    return limiter
