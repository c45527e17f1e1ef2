"""In and out: one-time links, and how to get one."""

import re
from typing import Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backend.people import service
from backend.people.models import Face
from backend.web.access import optional_actor, public
from backend.web.context import now
from backend.web.cookies import clear_session, session_token, set_session
from backend.web.limits import LOGINS, limited
from backend.web.next_path import forget_next, keep_next, local_path, next_after_login
from backend.web.transaction import connection
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("login", __name__)

_LINK: Final = re.compile(r"(?:https?://[^/\s]+)?/login/link/", re.ASCII)
_LONGEST_CODE: Final = 200


@blueprint.get("/login")
@public
def explain() -> Response | str:
    """How to log in; a link opened from elsewhere leads on to `next` as well."""
    next_path = local_path(request.args.get("next"), "")
    if optional_actor() is not None:
        return redirect(next_path or url_for("mine.overview"), 303)
    page = render_template("login.html", next_path=next_path, sentence="")
    answer = Response(page, mimetype="text/html")
    keep_next(answer, next_path)
    return answer


@blueprint.post("/login")
@public
@limited(*LOGINS)
def log_in() -> Response:
    """Logs in by a link or its code, pasted into the form."""
    pasted = request.form.get("code", "").strip()
    return _log_in(_LINK.sub("", pasted, count=1))


@blueprint.get("/login/link/<code>")
@public
def confirm_link(code: str) -> str:
    """Asks before it uses the link up: programs that look ahead open links too."""
    next_path = local_path(request.args.get("next"), "")
    return render_template("login_confirm.html", code=code, next_path=next_path)


@blueprint.post("/login/link/<code>")
@public
@limited(*LOGINS)
def log_in_by_link(code: str) -> Response:
    """Logs in by a one-time link."""
    return _log_in(code)


@blueprint.post("/logout")
@public
def log_out() -> Response:
    """Ends the session of this browser."""
    token = session_token()
    if token is not None:
        service.log_out(connection(), token=token, now=now())
    answer = redirect(url_for("home.welcome"), 303)
    clear_session(answer)
    return answer


def _log_in(code: str) -> Response:
    session = service.log_in_link(
        connection(), code=code[:_LONGEST_CODE], purpose=Face.API, now=now()
    )
    answer = redirect(next_after_login(url_for("mine.overview")), 303)
    set_session(answer, token=session.token, expires_at=session.expires_at)
    forget_next(answer)
    return answer
