"""A worker's questions: each is answered by a process of its own, which can be ended at any moment.

Compiled code keeps Python's lock while it computes, so that in the worker's own process no lease
would be renewed meanwhile, and no limit kept.
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
from syncjobs.questions import state
from syncjobs.questions.enqueue import FUNCTION
from syncjobs.questions.state import Claim, End

log = logging.getLogger(__name__)

BUSY = 1.0  # seconds until a question that found no place is looked at again
LOOK = 1.0  # seconds between two looks whether it is to go on
GRACE = 10.0  # seconds for a process to start, and to say that its time is up
PATIENCE = 300.0
TOO_LONG = (
    "It took longer than the {:g} s that a worker gives a question. Narrow it: a shorter time, "
    "fewer types, another algorithm, a smaller depth."
)
KILLED = "Its process was ended ({}), most likely for want of memory. Narrow it."
FAILED = "Its process failed: the worker's log says why."


class Answerer:
    """At most QUESTIONS["at_once"] processes; what finds no place goes back into the queue."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._threads = Threads("answer", 2)
        self._taken = 0
        margin = min(GRACE, settings.ARQ_JOB_TIMEOUT * 0.2)
        longest = settings.ARQ_JOB_TIMEOUT - 2 * margin
        self._seconds = min(float(settings.QUESTIONS["worker_seconds"]), longest)
        self._grace = margin

    async def answer(self, ctx: dict[str, Any], question_id: str) -> None:
        """Answer it, if the job is still the question's. Raises Retry where there is no place."""
        if self._taken >= settings.QUESTIONS["at_once"]:
            await queue.uncounted(ctx)
            raise Retry(defer=BUSY)
        self._taken += 1
        try:
            claim = await self._patiently(
                state.claimed, UUID(question_id), ctx["job_id"], self._worker
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
        except asyncio.CancelledError:  # the worker is told to stop
            await ended(self._patiently(state.handed_back, claim))
            await queue.uncounted(ctx)
            raise
        if end.failure is not None:
            log.warning("question %s has no answer: %s", claim.id, end.error)
        await ended(self._patiently(state.ended, claim.id, claim.fence, end))

    async def _computed(self, claim: Claim) -> End:
        """By a process, unless it is cancelled or taken over: then its end does not count."""
        process = await _started()
        talk = asyncio.create_task(process.communicate(self._asked(claim)))
        watch = asyncio.create_task(self._watched(claim))
        try:
            await asyncio.wait(
                {talk, watch},
                timeout=self._seconds + self._grace,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            watch.cancel()
            done = talk.done()
            with suppress(ProcessLookupError):
                process.kill()
            said, _ = await ended(talk)
        return self._understood(process.returncode or 0, said) if done else self._over()

    def _asked(self, claim: Claim) -> bytes:
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
        """Until it is not to go on."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                if not await self._threads.run(state.renewed, claim):
                    return
            except UNREACHABLE as error:
                log.warning("no ledger (%s): question %s goes on", type(error).__name__, claim.id)

    def _understood(self, code: int, said: bytes) -> End:
        if code == -signal.SIGALRM:
            return self._over()
        if code < 0:
            name = signal.Signals(-code).name
            return End(failure=QuestionFailure.BROKEN, error=KILLED.format(name))
        if code:
            return End(failure=QuestionFailure.BROKEN, error=FAILED)
        told = json.loads(said)
        if told.get("failure") == QuestionFailure.TOO_LONG:
            return self._over()
        if told.get("failure"):
            return End(failure=QuestionFailure(told["failure"]), error=told["error"])
        return End(answer=told["answer"])

    def _over(self) -> End:
        return End(failure=QuestionFailure.TOO_LONG, error=TOO_LONG.format(self._seconds))

    async def _patiently[R](self, work: Any, *args: Any) -> Any:
        return await self._threads.patiently(PATIENCE, work, *args)


async def _started() -> Process:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": str(settings.SETTINGS_MODULE)}
    command = (sys.executable, "-m", "syncjobs.questions.process")
    return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment)
