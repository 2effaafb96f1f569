"""The ASGI application that uvicorn serves."""

import os

import django

from finley.server.body_limit import BodyLimit
from finley.server.handler import ThreadedHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finley.settings")
django.setup(set_prefix=False)
application = BodyLimit(ThreadedHandler())
