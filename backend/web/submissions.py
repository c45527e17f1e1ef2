"""A form acts once, however often its button is pressed while the answer is under way.

Every form carries a reference made when its page was rendered; some have one of the domain's, which
lasts for ever (`name="reference"`), the others the one of this module. The first request acts; the
others wait for its answer and give the same one, so that the last click, whose answer the browser
shows, tells what the first one did. What was refused may be sent again. While Redis is down forms
act as often as they are sent: what must never happen twice has a reference of its own in the
database.
"""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import structlog
from flask import Response, current_app, g, render_template, request
from markupsafe import Markup
from redis.exceptions import RedisError
from werkzeug.datastructures import FileStorage

from backend.ports.keys import SealBrokenError
from backend.web.context import backend, request_id
from backend.web.cookies import session_token
from backend.web.refusals import SubmissionRunningError

FIELD: Final = "submission"
AGAIN: Final = "submit_again"
OWN_FIELDS: Final = frozenset({FIELD, AGAIN})
"""Fields of this module, which no form's schema need know."""

_REFERENCE = re.compile(r"[A-Za-z0-9_-]{16,40}")
_PREFIX = "tanpuhui:submission:"
_PURPOSE = "submission"
_RUNNING = b""
_RUNNING_SECONDS = 60
_KEPT_SECONDS = 24 * 3600
# So long ago the same content is likely typed again because its answer was lost.
_LIKELY_SECONDS = 600
_CREATES = "creates_anew"
_WAIT_SECONDS, _LOOK_SECONDS = 8.0, 0.05
_LONGEST_BODY = 262_144
# The rest belongs to one request and not to the answer.
_OWN_HEADERS = frozenset(
    {"content-length", "x-request-id", "ratelimit", "ratelimit-policy", "date"}
)
_V = TypeVar("_V", bound=Callable[..., Any])
_log = structlog.get_logger(__name__)


def field() -> Markup:
    """The hidden field that every form carries; templates write it."""
    return Markup('<input type="hidden" name="{}" value="{}">').format(
        FIELD, secrets.token_urlsafe(16)
    )


def creates(view: _V) -> _V:
    """Says that a view makes something new each time, so that the same content is asked about."""
    setattr(view, _CREATES, True)
    return view


def begin() -> Response | None:
    """Lets a form act, or gives the answer it was given before; runs before every view.

    A form that makes something new is asked about when the same caller has sent the same content
    from another page a moment ago: the answer may have been lost, and been typed again.

    Raises:
        SubmissionRunningError: the first request is still running after some seconds.
    """
    if request.method != "POST" or request.mimetype == "application/json":
        return None
    reference = request.form.get(FIELD, "")
    if not _REFERENCE.fullmatch(reference):
        return None
    key = _key(reference)
    give_up = time.monotonic() + _WAIT_SECONDS
    try:
        while not backend().redis.set(key, _RUNNING, nx=True, ex=_RUNNING_SECONDS):
            kept = backend().redis.get(key)
            if isinstance(kept, bytes) and kept != _RUNNING:
                return _restored(key, kept)
            if time.monotonic() > give_up:
                raise SubmissionRunningError(
                    "上一次提交还在处理，请稍候几秒，再刷新页面查看结果。", retry_after=2
                )
            time.sleep(_LOOK_SECONDS)
    except RedisError as error:
        _log.warning("submissions_unavailable", error=str(error)[:200])
        return None
    g.submission = key
    return _question() if _is_likely_repeat() else None


def _is_likely_repeat() -> bool:
    view = current_app.view_functions[request.endpoint or ""]
    if not getattr(view, _CREATES, False):
        return False
    g.likeness = _key("")
    if AGAIN in request.form:
        return False
    try:
        return bool(backend().redis.exists(g.likeness))
    except RedisError:
        return False


def _question() -> Response:
    """A page that asks, with everything typed in hidden fields."""
    typed = [(name, value) for name, value in request.form.items(multi=True) if name != FIELD]
    page = render_template("web/repeat.html", typed=typed, again=AGAIN, request_id=request_id())
    return Response(page, status=409)


def settle(response: Response) -> None:
    """Keeps the answer of a form that acted; forgets one that was refused."""
    key: str | None = g.pop("submission", None)
    if key is None:
        return
    try:
        if response.status_code >= 400 or (response.content_length or 0) > _LONGEST_BODY:
            backend().redis.delete(key)
        else:
            sealed = backend().keys.seal(_PURPOSE, _written(response), key.encode())
            backend().redis.set(key, sealed, ex=_KEPT_SECONDS)
            if "likeness" in g:
                backend().redis.set(g.likeness, b"1", ex=_LIKELY_SECONDS)
    except RedisError as error:
        _log.warning("submissions_unavailable", error=str(error)[:200])


def _key(reference: str) -> str:
    """Another caller, route or content under the same reference is another submission."""
    named = request.form.keys() - OWN_FIELDS
    content = sorted((name, request.form.getlist(name)) for name in named)
    files = [(name, _digest(file)) for name, file in request.files.items(multi=True)]
    told = [session_token() or request.remote_addr, request.path, reference, content, files]
    return _PREFIX + hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _digest(file: FileStorage) -> str:
    """A file by its content: one that was corrected keeps its name."""
    digest = hashlib.sha256()
    while chunk := file.stream.read(65_536):
        digest.update(chunk)
    file.stream.seek(0)
    return digest.hexdigest()


def _written(response: Response) -> bytes:
    headers = [pair for pair in response.headers if pair[0].lower() not in _OWN_HEADERS]
    body = response.get_data().decode("latin-1")
    return json.dumps([response.status_code, headers, body]).encode()


def _restored(key: str, sealed: bytes) -> Response | None:
    """The kept answer; None where the key of the installation has changed since."""
    try:
        status, headers, body = json.loads(backend().keys.unseal(_PURPOSE, sealed, key.encode()))
    except SealBrokenError:
        return None
    return Response(
        body.encode("latin-1"), status=status, headers=[tuple(pair) for pair in headers]
    )
