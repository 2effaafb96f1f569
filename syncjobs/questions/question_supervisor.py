"""Runs a worker's questions, each in a process of its own, which can be ended at any time.

Compiled code holds Python's lock while it computes. In the worker's own process it would block the
renewal of leases and the time limits.
"""

import asyncio
import json
import logging
import math
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import Any
from uuid import UUID

from arq import Retry
from django.conf import settings
from django.db import connections

from graph.models.choices import QuestionFailure
from syncjobs import metrics, queue
from syncjobs.database_threads import UNREACHABLE, Threads, ended
from syncjobs.questions import question_state
from syncjobs.questions.enqueue_questions import FUNCTION
from syncjobs.questions.question_state import Claim, End

log = logging.getLogger(__name__)

BUSY = 1.0  # seconds until a question without a free slot is tried again
LOOK = 1.0  # seconds between two renewals of the lease
GRACE = 10.0  # seconds for a process to start, and to report its timeout
DATABASE_TIMEOUT = 300.0
TOO_LONG = (
    "The question took longer than its limit of {:g} s. Narrow it: a shorter period, "
    "fewer types, another algorithm, a smaller depth."
)
KILLED = "Its process was killed ({}), most likely because memory ran out. Narrow it."
FAILED = "Its process failed. The worker's log has the reason."


class Answerer:
    """Runs at most QUESTIONS["at_once"] processes; further questions are requeued."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._threads = Threads("answer", 2)
        self._taken = 0
        margin = min(GRACE, settings.ARQ_JOB_TIMEOUT * 0.2)
        longest = settings.ARQ_JOB_TIMEOUT - 2 * margin
        self._seconds = min(float(settings.QUESTIONS["worker_seconds"]), longest)
        self._grace = margin

    async def answer(self, ctx: dict[str, Any], question_id: str) -> None:
        """Answer the question in a process. Does nothing if the question belongs to another job by
        now. Raises Retry if no process is free."""
        if self._taken >= settings.QUESTIONS["at_once"]:
            await queue.uncounted(ctx)
            raise Retry(defer=BUSY)
        self._taken += 1
        try:
            claim = await self._retried(
                question_state.claimed, UUID(question_id), ctx["job_id"], self._worker
            )
            if claim is not None:
                with metrics.running(FUNCTION):
                    await self._answered(ctx, claim)
        finally:
            self._taken -= 1

    async def close(self) -> None:
        await self._threads.close()

    async def _answered(self, ctx: dict[str, Any], claim: Claim) -> None:
        try:
            end = await self._computed(claim)
        except asyncio.CancelledError:  # the worker was told to stop
            await ended(self._retried(question_state.handed_back, claim))
            await queue.uncounted(ctx)
            raise
        if end.failure is not None:
            log.warning("question %s has no answer: %s", claim.id, end.error)
        await ended(self._retried(question_state.ended, claim.id, claim.fence, end))

    async def _computed(self, claim: Claim) -> End:
        """Compute the answer in a process; kill it if the question is cancelled or taken over."""
        process = await _started()
        talk = asyncio.create_task(process.communicate(self._input(claim)))
        watch = asyncio.create_task(self._watched(claim))
        try:
            await asyncio.wait(
                {talk, watch},
                timeout=self._seconds + self._grace,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            watch.cancel()
            in_time = talk.done()
            with suppress(ProcessLookupError):
                process.kill()
            output, _ = await ended(talk)
        return self._end(process.returncode or 0, output) if in_time else self._timed_out()

    def _input(self, claim: Claim) -> bytes:
        return json.dumps(
            {
                "parent": os.getpid(),
                "databases": {
                    name: connections[name].settings_dict["NAME"] for name in connections
                },
                "question": claim.question,
                "user_id": str(claim.user_id),
                "parameters": claim.parameters,
                "seconds": self._seconds,
                "at_most": math.ceil(self._seconds + self._grace),
            }
        ).encode()

    async def _watched(self, claim: Claim) -> None:
        """Renew the claim's lease every LOOK seconds. Return when the attempt has to end."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                if not await self._threads.run(question_state.renewed, claim):
                    return
            except UNREACHABLE as error:
                log.warning(
                    "No database (%s): question %s continues", type(error).__name__, claim.id
                )

    def _end(self, code: int, output: bytes) -> End:
        if code == -signal.SIGALRM:
            return self._timed_out()
        if code < 0:
            name = signal.Signals(-code).name
            return End(failure=QuestionFailure.BROKEN, error=KILLED.format(name))
        if code:
            return End(failure=QuestionFailure.BROKEN, error=FAILED)
        result = json.loads(output)
        if result.get("failure") == QuestionFailure.TOO_LONG:
            return self._timed_out()
        if result.get("failure"):
            return End(failure=QuestionFailure(result["failure"]), error=result["error"])
        return End(answer=result["answer"])

    def _timed_out(self) -> End:
        return End(failure=QuestionFailure.TOO_LONG, error=TOO_LONG.format(self._seconds))

    async def _retried[R](self, work: Any, *args: Any) -> Any:
        return await self._threads.retried(DATABASE_TIMEOUT, work, *args)


async def _started() -> Process:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": str(settings.SETTINGS_MODULE)}
    command = (sys.executable, "-m", "syncjobs.questions.question_process")
    return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment)
