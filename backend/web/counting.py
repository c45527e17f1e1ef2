"""Counting in Redis: all limits of a request in one call, by the server's own clock.

The generic cell rate algorithm: of each limit one instant is kept, at which its quota will be whole
again. It gives what is left and how long to wait exactly, which a count by windows does not.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import NamedTuple

import structlog
from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from backend.web.metrics import LIMITER_FAILURES

_SOCKET_SECONDS = 0.2
_REST_SECONDS = 5.0
_PREFIX = "tanpuhui:limit:"
_MICRO = 1_000_000
_log = structlog.get_logger(__name__)

# In microseconds, which a double holds exactly. Nothing is taken unless every limit has room.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local whole, answer, free = {}, {}, true
for i = 1, #KEYS do
  local quota, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local step = window / quota
  local kept = math.max(tonumber(redis.call('GET', KEYS[i]) or now), now)
  whole[i] = kept + step
  local wait = math.max(0, whole[i] - now - window)
  if wait > 1000 then free = false else wait = 0 end
  answer[3 * i - 2] = wait
  answer[3 * i - 1] = math.max(0, math.floor((window - (kept - now)) / step + 0.001))
  answer[3 * i] = kept - now
end
if free then
  for i = 1, #KEYS do
    redis.call('SET', KEYS[i], string.format('%.0f', whole[i]),
               'PX', math.ceil((whole[i] - now) / 1000) + 1)
    answer[3 * i - 1] = answer[3 * i - 1] - 1
    answer[3 * i] = whole[i] - now
  end
end
return answer
"""


class By(StrEnum):
    """Whose requests are counted together."""

    CALLER = "caller"
    """The member; without a login, the address."""
    ADDRESS = "address"
    INSTALLATION = "installation"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so long, all at once or spread out.

    Attributes:
        name: for the key, the headers and the metric; routes that share it share the count.
        quota: requests.
        seconds: the time after which a used-up quota is whole again.
        by: whose requests are counted together.
        failures_only: counts what was refused; a request that is right is never in its way.
    """

    name: str
    quota: int
    seconds: int
    by: By = By.CALLER
    failures_only: bool = False


class SlotTaken(NamedTuple):
    """What became of one limit.

    Attributes:
        limit: which.
        wait: seconds until a request would have room; 0: there was room.
        remaining: requests left of the quota.
        reset: seconds until the quota is whole again.
    """

    limit: Limit
    wait: int
    remaining: int
    reset: int


class UseCounter:
    """Counts requests; after a failure it rests, so that an outage costs one timeout.

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
        self._take = Redis(connection_pool=pool).register_script(_TAKE)
        self._monotonic = monotonic
        self._rest_until = float("-inf")

    def take(self, wanted: Sequence[tuple[Limit, str]]) -> list[SlotTaken]:
        """Takes one request of each limit, or of none when one of them has no room.

        Args:
            wanted: limits with their subjects: a member, an address.

        Returns:
            What became of each; nothing while Redis does not answer.
        """
        if self._monotonic() >= self._rest_until:
            keys = [f"{_PREFIX}{limit.name}:{subject}" for limit, subject in wanted]
            amounts = [
                amount for limit, _ in wanted for amount in (limit.quota, limit.seconds * _MICRO)
            ]
            try:
                answer = self._take(keys=keys, args=amounts)
            except RedisError as error:
                self._rest_until = self._monotonic() + _REST_SECONDS
                _log.warning("rate_limiter_unavailable", error=str(error)[:200])
            else:
                return [
                    SlotTaken(limit, ceil(wait / _MICRO), remaining, ceil(reset / _MICRO))
                    for (limit, _), wait, remaining, reset in zip(
                        wanted, answer[::3], answer[1::3], answer[2::3], strict=True
                    )
                ]
        for limit, _ in wanted:
            LIMITER_FAILURES.labels(limit.name).inc()
        return []
