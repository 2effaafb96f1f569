"""The ASGI application that uvicorn serves."""

import os
from importlib import import_module

import django
from django.conf import settings

from finley.mcp.session_manager import Lifespan
from finley.server.body_limit import BodyLimit

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finley.settings")
django.setup(set_prefix=False)
import_module(settings.ROOT_URLCONF)  # every view: else the first request waits a second for that
handler = import_module("finley.server.handler")  # it needs the models, which are loaded now
application = BodyLimit(Lifespan(handler.ThreadedHandler()))
