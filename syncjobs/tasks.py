"""What the worker runs. A task is a few lines: it calls one function."""

import logging
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from graph import view
from graph.errors import RefreshRunning

log = logging.getLogger(__name__)


async def refresh_view(ctx: dict[str, Any]) -> int:
    """Refresh the view; returns its rows, or 0 when another refresh was running already."""
    return await sync_to_async(_refresh, thread_sensitive=False)()


def _refresh() -> int:
    try:
        done = view.refresh(concurrently=view.state() is view.State.READY, wait=False)
    except RefreshRunning:
        log.info("the view is being refreshed by another process")
        return 0
    finally:
        close_old_connections()
    log.info("view refreshed: %s rows in %.1f s", done.rows, done.seconds)
    return done.rows
