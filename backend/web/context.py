"""What a request can reach: the backend, the face it came in by, the present instant."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, cast

from flask import Flask, current_app, g
from sqlalchemy import Connection

from backend.bootstrap import Backend
from backend.people.models import Face
from backend.people.queries import Actor
from backend.settings import Settings

_KEY = "tanpuhui"


class Authenticator(Protocol):
    """Turns a token into an actor, as `backend.people.service.authenticate` does."""

    def __call__(self, db: Connection, *, token: str, now: datetime, face: Face) -> Actor:
        """The actor behind a token; raises `UnauthenticatedError` for anything else."""
        ...


@dataclass(frozen=True, slots=True)
class WebContext:
    """What `create_base` was given; one an application.

    Attributes:
        backend: engine, Redis, clock, rulebook, ports.
        face: which face this application is.
        authenticate: turns a token into an actor.
        prefers_pages: a client that states no preference gets HTML errors outside `/api/`.
    """

    backend: Backend
    face: Face
    authenticate: Authenticator
    prefers_pages: bool


def attach(app: Flask, context: WebContext) -> None:
    """Makes the context reachable from every request of the application."""
    app.extensions[_KEY] = context


def web_context() -> WebContext:
    """The context of the application that serves this request."""
    return cast("WebContext", current_app.extensions[_KEY])


def settings_of(app: Flask) -> Settings:
    """The settings of an application, outside of any request."""
    context: WebContext = app.extensions[_KEY]
    return context.backend.settings


def backend() -> Backend:
    """The backend of the application that serves this request."""
    return web_context().backend


def now() -> datetime:
    """The present instant by the backend's clock, aware, UTC."""
    return web_context().backend.clock.now()


def request_id() -> str:
    """The id of this request, as the response's `X-Request-Id` and every log line carry it."""
    return cast("str", g.get("request_id", ""))
