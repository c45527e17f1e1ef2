"""What granian serves for phones: `miniprogram_api.wsgi:app`."""

from backend import logs
from backend.bootstrap import build
from backend.settings import Settings
from miniprogram_api.app import create_app

_settings = Settings.from_env()
logs.configure(_settings.log_level, serving=True)
app = create_app(build(_settings))
