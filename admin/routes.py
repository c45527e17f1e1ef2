"""Every section of the console on one screen."""

from collections.abc import Sequence

import flask

PAGES: Sequence[flask.Blueprint] = ()
"""The console's sections, with paths of their own."""
