"""The options with which all commands start uvicorn."""

import resource
from typing import Any

import uvicorn
from django.conf import settings

APPLICATION = "finley.asgi:application"
SPARE = 100  # open files other than connections: the database, Redis, the log


def options(**overrides: Any) -> dict[str, Any]:
    """Options for uvicorn.Config and uvicorn.run; `overrides` replace them."""
    return {
        "http": "finley.server.timeouts:TimeoutProtocol",
        "ws": "none",
        "lifespan": "on",
        # Otherwise a pipelined request would run in the context and thread of the one before.
        "reset_contextvars": True,
        "log_level": "warning",
        "access_log": False,  # it would log queries, which contain what people search for
        "timeout_keep_alive": settings.REQUEST_TIMEOUTS["idle"],
        "timeout_graceful_shutdown": settings.REQUEST_TIMEOUTS["stop"],
        **overrides,
    }


def serve(**overrides: Any) -> None:
    """Serve HTTP until the process is told to stop."""
    _allow_files(settings.CONNECTIONS + SPARE)
    uvicorn.run(APPLICATION, **options(**overrides))


def _allow_files(number: int) -> None:
    """Raise the limit of open files to this number, as far as the hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = number if hard == resource.RLIM_INFINITY else min(number, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
