"""The first page: what this is, and where to go."""

from flask import render_template

from backend.web.access import public
from miniprogram_api.pages.frame import page_blueprint

blueprint = page_blueprint("home", __name__)


@blueprint.get("/")
@public
def welcome() -> str:
    """Says in a few lines what one can do here."""
    return render_template("home.html")
