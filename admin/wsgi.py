"""What gunicorn serves for the console: `admin.wsgi:app`."""

from admin.app import create_app
from backend.bootstrap import build
from backend.settings import Settings
from backend.web import logs

_settings = Settings.from_env()
logs.configure(_settings.log_level)
app = create_app(build(_settings))
