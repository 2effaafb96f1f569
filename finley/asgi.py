"""The ASGI application that uvicorn serves."""

import os

import django

from finley.bounded import Bounded
from finley.crowded import Crowded
from finley.handler import InOneThread

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finley.settings")
django.setup(set_prefix=False)
application = Bounded(Crowded(InOneThread()))
