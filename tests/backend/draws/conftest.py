"""The same people as in the tests of rewards."""

from tests.backend.rewards.conftest import keys, people

__all__ = ["keys", "people"]
