"""The application of the console's face."""

from flask import Flask, g

from admin import assets, auth, formats, nav
from admin.routes import PAGES
from backend.bootstrap import Backend
from backend.people.models import Face
from backend.web.application import create_base


def create_app(backend: Backend) -> Flask:
    """The console: server-rendered pages, errors included.

    Args:
        backend: what the views work with.
    """
    app = create_base(backend, "admin", face=Face.CONSOLE, prefers_pages=True)
    assets.install(app)
    auth.install(app)
    formats.install(app)
    app.context_processor(lambda: {"sections": nav.sections(), "me": g.get("actor")})
    for pages in PAGES:
        app.register_blueprint(pages)
    return app
