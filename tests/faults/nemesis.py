"""What goes wrong, and when: a plan drawn from a seed."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from redis import Redis

from backend.runtime.waiting import until
from tests.faults.installation import API, RELAY, WORKER, Installation
from tests.faults.proxy import Proxy

_OUTAGE_SECONDS = (0.05, 0.6)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what, and after how many acknowledged awards."""

    kind: str
    after: int


class Nemesis:
    """Injects faults into an installation, one at a time.

    Args:
        installation: what it harms.
        proxy: the cable between the clients and the API.
        dice: chance.
    """

    def __init__(self, installation: Installation, proxy: Proxy, dice: random.Random) -> None:
        self._installation = installation
        self._proxy = proxy
        self._dice = dice

    def inject(self, fault: Fault) -> None:
        """Does the harm, and what an operator's supervisor does about it."""
        KINDS[fault.kind](self)

    def _kill_api_worker(self) -> None:
        workers = self._installation.children(API)
        if workers:
            self._dice.choice(workers).kill()

    def _kill_api(self) -> None:
        self._restart(API)

    def _kill_relay(self) -> None:
        self._restart(RELAY)

    def _kill_queue_worker(self) -> None:
        self._restart(WORKER)

    def _restart(self, name: str) -> None:
        self._installation.kill(name)
        self._installation.start(name)

    def _kill_postgres(self) -> None:
        self._installation.kill_postgres()

    def _kill_redis(self) -> None:
        self._installation.kill_redis()

    def _flush_redis(self) -> None:
        with Redis.from_url(self._installation.redis.url) as client:
            client.flushall()

    def _cut_network(self) -> None:
        self._proxy.cut()
        seconds = self._dice.uniform(*_OUTAGE_SECONDS)
        for _ in until(seconds, pause=seconds):
            continue
        self._proxy.heal()


KINDS: Mapping[str, Callable[[Nemesis], None]] = {
    "kill_api_worker": Nemesis._kill_api_worker,
    "kill_api": Nemesis._kill_api,
    "kill_relay": Nemesis._kill_relay,
    "kill_queue_worker": Nemesis._kill_queue_worker,
    "kill_postgres": Nemesis._kill_postgres,
    "kill_redis": Nemesis._kill_redis,
    "flush_redis": Nemesis._flush_redis,
    "cut_network": Nemesis._cut_network,
}


def plan(dice: random.Random, *, awards: int, faults: int) -> Sequence[Fault]:
    """Faults spread over a load: every kind comes before any comes again.

    Args:
        dice: seeded.
        awards: how many the clients will submit.
        faults: how many to inject; the last one while a tenth of the load is still to come.
    """
    kinds: list[str] = []
    while len(kinds) < faults:
        kinds += dice.sample(sorted(KINDS), k=min(len(KINDS), faults - len(kinds)))
    step = awards * 0.9 / faults
    return [
        Fault(kind, int(step * (number + dice.uniform(0.2, 0.9))))
        for number, kind in enumerate(kinds)
    ]
