"""The ASGI application of the measured process: finley's, and for /bare/ the same handler with the
middleware of a new Django project."""

from django.test import override_settings

from finley.asgi import application as finleys
from finley.server.asgi_types import Receive, Scope, Send
from finley.server.handler import ThreadedHandler

OF_A_NEW_PROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
with override_settings(MIDDLEWARE=OF_A_NEW_PROJECT):
    bare = ThreadedHandler()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    is_bare = scope["type"] == "http" and scope["path"].startswith("/bare/")
    await (bare if is_bare else finleys)(scope, receive, send)
