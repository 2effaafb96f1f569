"""Runs a worker's uploads, each in a process of its own, which can be ended at any time."""

import asyncio
import json
import math
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE
from typing import Any

from arq import Retry
from django.conf import settings
from django.db import connections

from syncjobs import queue

MARGIN = 0.1  # share of arq's timeout by which our deadline is earlier
BUSY = 1.0  # seconds until an upload is tried again if the worker is reading another one
_turn = asyncio.Lock()  # one file at a time per worker, because each needs a core


async def run(ctx: dict[str, Any], upload_id: str) -> None:
    """Read or import an upload. `upload_id` is the tenant's id, a slash, and the upload's id.

    Raises Retry while the worker reads another file, because a waiting job would hold a slot of
    arq.
    """
    if _turn.locked():
        await queue.uncounted(ctx)
        raise Retry(defer=BUSY)
    async with _turn:
        await _processed(upload_id)


async def _processed(upload_id: str) -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": str(settings.SETTINGS_MODULE)}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "syncjobs.uploads.upload_process",
        stdin=PIPE,
        stdout=DEVNULL,
        env=environment,
    )
    try:
        await process.communicate(_task(upload_id))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _task(upload_id: str) -> bytes:
    user_id, _, upload = upload_id.partition("/")
    return json.dumps(
        {
            "parent": os.getpid(),
            "user_id": user_id,
            "upload_id": upload,
            "databases": {name: connections[name].settings_dict["NAME"] for name in connections},
            "seconds": math.ceil(settings.ARQ_JOB_TIMEOUT * (1 - MARGIN)),
        }
    ).encode()
