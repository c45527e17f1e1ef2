"""Links that may be shown: only those to publishers' own sites.

Copies of standards on other people's servers vanish, change hands and end as advertising. So a
source is printed by publisher, title, number and clause, and is linked only where the publisher
itself put it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

LINK_HOSTS: Final = ("gov.cn", "gov.uk")
"""The publishers of factors of energy; those of a rulebook stand in its ``rulebook.toml``."""
_ADDRESS: Final = re.compile(r"https?://([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:[/?#]\S*)?", re.ASCII)


def is_publishers(href: str, hosts: Iterable[str]) -> bool:
    """Whether an address lies on one of the hosts, or on one below them.

    Args:
        href: the address; nothing is no link and is allowed.
        hosts: hosts of publishers, such as ``gov.cn``.
    """
    if not href:
        return True
    match = _ADDRESS.fullmatch(href)
    if match is None:
        return False
    host = match[1]
    return any(host == known or host.endswith(f".{known}") for known in hosts)
