"""Sessions: log in by WeChat or a one-time link, log out."""

from collections.abc import Mapping
from typing import Any

from flask import request

from backend.people import service
from backend.people.models import Face, Provider
from backend.people.service import NewSession
from backend.web.access import member_only, public
from backend.web.api import Blueprint
from backend.web.context import backend, now
from backend.web.limits import LOGINS, limited
from backend.web.transaction import connection
from miniprogram_api.resources.me import member_body
from miniprogram_api.schemas.sessions import SessionRequest, SessionSchema

blueprint = Blueprint("sessions", __name__, description="Logging in and out.")


@blueprint.route("/sessions", methods=["POST"])
@public
@limited(*LOGINS)
@blueprint.arguments(SessionRequest)
@blueprint.response(201, SessionSchema)
def log_in(values: Mapping[str, Any]) -> dict[str, Any]:
    """Log in.

    The first login by WeChat opens an account. The answer is the only place that tells the token.
    """
    session = _session(values["provider"], values["code"])
    return {
        "token": session.token,
        "expires_at": session.expires_at,
        "member": member_body(session.member),
    }


@blueprint.route("/sessions/current", methods=["DELETE"])
@member_only
@blueprint.response(204)
def log_out() -> None:
    """Log out: the token of this request is refused from now on."""
    credentials = request.authorization
    if credentials is not None and credentials.token is not None:
        service.log_out(connection(), token=credentials.token, now=now())


def _session(provider: Provider, code: str) -> NewSession:
    if provider is Provider.ZZD:
        service.log_in_zzd()
    if provider is Provider.LINK:
        return service.log_in_link(connection(), code=code, purpose=Face.API, now=now())
    # Before the transaction opens: a slow WeChat holds no database connection.
    vouched = backend().wechat.exchange_code(code)
    return service.log_in_wechat(connection(), session=vouched, keys=backend().keys, now=now())
