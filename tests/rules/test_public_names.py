"""What a package promises to its users is there."""

from importlib import import_module

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "credit_rules",
        "credit_rules.energy",
        "credit_rules.footprint",
    ],
)
def test_every_public_name_is_there_once(module: str) -> None:
    found = import_module(module)
    names: list[str] = found.__all__
    assert len(set(names)) == len(names) > 0
    assert all(getattr(found, name) is not None for name in names)
