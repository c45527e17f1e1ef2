"""Waiting for something outside this process that offers no event."""

import time
from collections.abc import Iterator


def until(seconds: float, *, pause: float = 0.02) -> Iterator[None]:
    """Yields at once, then after every pause, and ends when the time is over.

    Args:
        seconds: how long to go on.
        pause: seconds between two rounds.
    """
    end = time.monotonic() + seconds
    yield
    while time.monotonic() < end:
        time.sleep(pause)
        yield
