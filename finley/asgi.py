"""The ASGI application that uvicorn serves."""

import os

from django.core.asgi import get_asgi_application

from finley.bounded import Bounded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finley.settings")
application = Bounded(get_asgi_application())
