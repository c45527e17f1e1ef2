"""An id a request: ours, or the one a trusted proxy has given already."""

import re
import secrets

from flask import request

HEADER = "X-Request-Id"
_SANE = re.compile(r"[A-Za-z0-9_-]{8,64}")


def choose(*, behind_proxy: bool) -> str:
    """The id of this request.

    Args:
        behind_proxy: a trusted proxy stands in front, so that its id is believed if it is sane;
            otherwise a stranger could write the id of another's request into our logs.
    """
    if behind_proxy:
        given = request.headers.get(HEADER, "")
        if _SANE.fullmatch(given):
            return given
    return secrets.token_hex(8)
