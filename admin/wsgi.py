"""What granian serves for the console: `admin.wsgi:app`."""

from admin.app import create_app
from backend import logs
from backend.bootstrap import build
from backend.settings import Settings

_settings = Settings.from_env()
logs.configure(_settings.log_level, serving=True)
app = create_app(build(_settings))
