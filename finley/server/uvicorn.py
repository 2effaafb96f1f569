"""How finley is served: uvicorn with timeouts, wherever it is started."""

import resource
from typing import Any

import uvicorn
from django.conf import settings

APPLICATION = "finley.asgi:application"
SPARE = 100  # files beside connections: the database's, Redis', the log


def options(**given: Any) -> dict[str, Any]:
    """For uvicorn.Config and uvicorn.run."""
    return {
        "http": "finley.server.timeouts:TimeoutProtocol",
        "ws": "none",
        "lifespan": "off",
        # a pipelined request would begin in the context, and the thread, of the one before it
        "reset_contextvars": True,
        "log_level": "warning",
        "timeout_keep_alive": settings.PATIENCE["idle"],
        "timeout_graceful_shutdown": settings.PATIENCE["stop"],
        **given,
    }


def serve(**given: Any) -> None:
    """Until it is told to stop."""
    _allow_files(settings.CONNECTIONS + SPARE)
    uvicorn.run(APPLICATION, **options(**given))


def _allow_files(wanted: int) -> None:
    """So many open files, if the process may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
