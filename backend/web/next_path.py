"""Where a login leads on to: a path of this site, kept in the browser until somebody is in."""

import re
from typing import Final

from flask import request
from werkzeug.wrappers import Response

from backend.web.context import web_context
from backend.web.cookies import keep

# One slash, then printable ASCII; `//host` and `/\host` lead elsewhere.
_LOCAL_PATH: Final = re.compile(r"/(?:[!-.0-\[\]-~][!-\[\]-~]*)?", re.ASCII)
_LONGEST_PATH: Final = 300
_KEPT_SECONDS: Final = 1800


def local_path(text: str | None, otherwise: str) -> str:
    """A path of this site to go to, or another where the text is none.

    Args:
        text: as the browser sent it.
        otherwise: used instead of anything that could lead to another site.
    """
    if text and len(text) <= _LONGEST_PATH and _LOCAL_PATH.fullmatch(text):
        return text
    return otherwise


def _name() -> str:
    """Ports do not separate cookies, so that the two faces need two names."""
    return f"tanpuhui_{web_context().face.value}_next"


def keep_next(response: Response, path: str) -> None:
    """Remembers a local path for half an hour: a one-time link is opened in another tab."""
    if path:
        keep(response, _name(), path, seconds=_KEPT_SECONDS)


def next_after_login(otherwise: str) -> str:
    """Where to go once logged in: what the form says, else what was kept, else the other."""
    kept = local_path(request.cookies.get(_name()), otherwise)
    return local_path(request.form.get("next"), kept)


def forget_next(response: Response) -> None:
    """Ends what `keep_next` began."""
    response.delete_cookie(_name(), httponly=True, samesite="Lax")
