"""Processor time, the best of several rounds: a shared machine only ever makes code look slower."""

import gc
import time
from collections.abc import Callable


def best_of(rounds: int, *runs: Callable[[], object]) -> tuple[float, ...]:
    """Times runs in turn, so that a slow moment of the machine hits all of them.

    As in `timeit`, no garbage is collected meanwhile: when that happens is chance.

    Args:
        rounds: how often each is run.
        runs: what is timed.

    Returns:
        The least processor time of each, in seconds.
    """
    best = [float("inf")] * len(runs)
    for _ in range(rounds):
        for index, run in enumerate(runs):
            gc.collect(0)
            gc.disable()
            try:
                begun = time.process_time()
                run()
                best[index] = min(best[index], time.process_time() - begun)
            finally:
                gc.enable()
    return tuple(best)
