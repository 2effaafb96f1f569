"""The ASGI application that uvicorn serves."""

import os

import django

from finley.server.body_limit import Bounded
from finley.server.concurrency_limit import Crowded
from finley.server.handler import InOneThread

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finley.settings")
django.setup(set_prefix=False)
application = Bounded(Crowded(InOneThread()))
