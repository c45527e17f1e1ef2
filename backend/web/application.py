"""The Flask application both faces start from: what surrounds every view."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, g, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException, NotFound

from backend.bootstrap import Backend
from backend.people import service as people
from backend.people.models import Face
from backend.web import (
    access,
    body,
    context,
    faults,
    fields,
    headers,
    health,
    limits,
    logs,
    metrics,
    origin,
    problems,
    proxies,
    request_id,
    submissions,
    transaction,
)
from backend.web.words import LABELS

_log = structlog.get_logger(__name__)


class Application(Flask):
    """Flask with the transaction's end inside the dispatch, where a failure is still an answer."""

    def dispatch_request(self) -> Response:
        """Runs the view, then commits; below status 400 only. Nothing has been sent yet."""
        try:
            response = self.make_response(super().dispatch_request())
            if response.status_code < 400:
                transaction.commit()
        finally:
            transaction.roll_back()
        return response

    def body_limit(self, method: str, path: str) -> int:
        """The most bytes of body that a route reads; the server takes no more into memory."""
        try:
            endpoint, _ = self.url_map.bind("").match(path, method)
        except HTTPException:
            endpoint = None
        return body.limit_of(self, endpoint)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: no view and no hook is a coroutine; Flask asks at every call."""
        return func

    def log_exception(self, exc_info: Any) -> None:
        """Logs what becomes an internal error, with its traceback and the request's id."""
        rule = request.url_rule
        _log.error("internal_error", route=rule.rule if rule else None, exc_info=exc_info)


def create_base(
    backend: Backend,
    import_name: str,
    *,
    face: Face,
    prefers_pages: bool = False,
    authenticate: context.Authenticator = people.authenticate,
) -> Application:
    """An application with everything the faces share and no route but `/healthz` and its kin.

    Args:
        backend: what the views work with.
        import_name: the face's package; its `templates` and `static` are served.
        face: which face; tokens and cookies of the other one are not valid here.
        prefers_pages: clients without a preference get HTML errors outside `/api/`.
        authenticate: turns a token into an actor.
    """
    app = Application(import_name)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.globals["csp_nonce"] = headers.csp_nonce
    app.jinja_env.globals["submission"] = submissions.field
    app.jinja_env.globals["labels"] = LABELS
    app.url_map.converters["int"] = fields.BigintConverter
    app.url_map.merge_slashes = False
    context.attach(app, context.WebContext(backend, face, authenticate, prefers_pages))
    app.wsgi_app = headers.Protected(app.wsgi_app, face)  # type: ignore[method-assign]  # how Flask documents it
    app.wsgi_app = proxies.Proxies(app.wsgi_app, backend.settings.trusted_proxies)  # type: ignore[method-assign]
    limits.install(app)
    app.before_request(_begin)
    app.before_request(origin.enforce)
    app.before_request(access.enforce)
    app.before_request(limits.enforce)
    app.before_request(submissions.begin)
    app.after_request(_finish)
    transaction.install(app, backend.engine)
    problems.install(app)
    app.register_blueprint(_operations())
    access.public(app.view_functions["static"])
    return app


def _begin() -> None:
    """Names the request and refuses what must not even be read."""
    g.started = time.perf_counter()
    g.request_id = request_id.choose(behind_proxy=proxies.is_proxied(request.environ))
    logs.bind_request(g.request_id)
    faults.enforce()
    if "\x00" in request.path:
        raise NotFound
    body.enforce_limit()


def _finish(response: Response) -> Response:
    response = limits.settle(response)
    submissions.settle(response)
    headers.describe(response)
    metrics.observe(response)
    logs.write_access(response)
    return response


def _operations() -> Blueprint:
    """The routes of those who run the machine, the same on both faces."""
    routes = Blueprint("web", __name__, template_folder="templates")
    for path, view in (
        ("/healthz", health.healthz),
        ("/readyz", health.readyz),
        ("/metrics", metrics.expose),
    ):
        routes.add_url_rule(path, path.strip("/"), access.public(view))
    return routes
