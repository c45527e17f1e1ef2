"""What was typed into a form when the session ended: sealed, kept in the login page, sent after it.

Nothing of it is stored here; a file that was chosen has to be chosen again.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Final

from flask import request

from backend.ports.keys import SealBrokenError
from backend.web.context import backend
from backend.web.next_path import local_path
from backend.web.submissions import OWN_FIELDS

_PURPOSE: Final = "form-draft"
_LONGEST: Final = 100_000


@dataclass(frozen=True, slots=True)
class FormDraft:
    """A form that was not taken: where it goes, and its fields in order."""

    path: str
    fields: tuple[tuple[str, str], ...]


def of_request() -> str:
    """The form of this request, sealed; empty where there is none worth keeping."""
    if request.method != "POST" or request.mimetype == "application/json":
        return ""
    fields = [
        (name, value) for name, value in request.form.items(multi=True) if name not in OWN_FIELDS
    ]
    path = local_path(request.full_path.rstrip("?"), "")
    written = json.dumps([path, fields]).encode()
    if not fields or not path or len(written) > _LONGEST:
        return ""
    return base64.urlsafe_b64encode(backend().keys.seal(_PURPOSE, written)).decode()


def opened(sealed: str) -> FormDraft | None:
    """What `of_request` sealed; None where it is nothing of ours."""
    try:
        written = backend().keys.unseal(_PURPOSE, base64.urlsafe_b64decode(sealed.encode()))
    except (SealBrokenError, binascii.Error, ValueError):
        return None
    path, fields = json.loads(written)
    return FormDraft(path, tuple((name, value) for name, value in fields))
