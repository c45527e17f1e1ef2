"""The application of the phones' face."""

from flask import Flask

from backend.bootstrap import Backend
from backend.people.models import Face
from backend.web.api import Api
from backend.web.application import create_base
from miniprogram_api import description
from miniprogram_api.routes import PAGES, RESOURCES


def create_app(backend: Backend) -> Flask:
    """The API under `/api/v1` and the phone pages.

    Args:
        backend: what the views work with.
    """
    app = create_base(backend, "miniprogram_api", face=Face.API)
    app.config.update(description.CONFIG)
    api = Api(app, spec_kwargs=description.SPEC)
    for resource in RESOURCES:
        api.register_blueprint(resource, url_prefix=description.PREFIX)
    app.register_blueprint(description.docs_page(api))
    for pages in PAGES:
        app.register_blueprint(pages)
    return app
