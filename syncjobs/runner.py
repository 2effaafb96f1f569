"""The one place for deadline, retry and failure.

A task hands its body over; what becomes of the run is written in the ledger before arq hears of it,
because most of the ways in which arq ends a job call no code of ours.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import httpx
from arq import Retry
from django.conf import settings

from syncjobs import backoff, metrics, nango, queue, run_state
from syncjobs.database_threads import UNREACHABLE, Batches, Threads, ended
from syncjobs.errors import LeaseLost, Permanent, SyncError, Transient
from syncjobs.failures.record import Trouble, trouble_of
from syncjobs.models.choices import Outcome
from syncjobs.parsers.pool import Parsers
from syncjobs.run_state import Ask, Claim, Save

log = logging.getLogger(__name__)

MARGIN = 20.0  # seconds, or a fifth of arq's timeout: our deadline lies so much before it
PATIENCE = 300.0  # seconds to wait for a database that is away before giving a job up
LEDGER_THREADS = 2
SAVE_THREADS = 6


class Why(StrEnum):
    """Why a body was told to end."""

    DEADLINE = "deadline"
    LOST = "lost"
    CANCELLED = "cancelled"
    STOPPING = "stopping"
    ABORTED = "aborted"


@dataclass
class Start:
    """One start of a run, from its claim to its end."""

    claim: Claim
    threads: Threads
    client: httpx.AsyncClient
    parsers: Parsers
    large: asyncio.Semaphore
    saves: int = 0
    why: Why | None = None
    task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.progress = self.claim.progress  # of the starts before

    async def save[R](self, work: Callable[..., R], *args: Any) -> R:
        """`work(connection, save, *args)` in one fenced transaction, in a thread.

        Raises LeaseLost, and what the work raises; then nothing of it stands.
        """
        save = Save(dict(self.progress))
        result: R = await self.threads.run(_fenced, self.claim, save, work, *args)
        self.progress = save.progress
        self.saves += 1
        return result

    def end(self, why: Why) -> None:
        if self.why is None and self.task is not None:
            self.why = why
            self.task.cancel()


def _fenced[R](claim: Claim, save: Save, work: Callable[..., R], *args: Any) -> R:
    with run_state.fenced(claim, save) as connection:
        return work(connection, save, *args)


Body = Callable[[Start], Awaitable[None]]


class Runner:
    """A worker's runs. `deadline` lies inside arq's own timeout."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self.stopping = False
        self.starts: dict[UUID, Start] = {}
        margin = min(MARGIN, settings.ARQ_JOB_TIMEOUT * 0.2)
        self.deadline = settings.ARQ_JOB_TIMEOUT - margin
        self.grace = margin / 2  # that a body gets to end once it was told to
        self._ledger = Threads("ledger", LEDGER_THREADS)
        self._saves = Threads("save", SAVE_THREADS)
        self._renewals = Threads("renew", 1)  # never behind others' statements
        self._claims = Batches(self._claimed)
        self._ends = Batches(self._succeeded)
        self._client: httpx.AsyncClient | None = None
        self._parsers = Parsers()
        self._large = asyncio.Semaphore(1)  # answers of providers that take much memory
        self._never_ending: set[asyncio.Task[None]] = set()

    async def run(self, ctx: dict[str, Any], run_id: str, body: Body) -> None:
        """Run the body, if the job is still the run's. Raises Retry for another try."""
        start = await self._begun(ctx, run_id)
        if start is None:
            return
        self.starts[start.claim.run_id] = start
        with metrics.running(start.claim.function):
            try:
                error = await self._told_to_end(ctx, start, body)
                wait = await ended(self._settled(ctx, start, error))
            finally:
                self.starts.pop(start.claim.run_id, None)
        if error is not None and start.why in {Why.STOPPING, Why.ABORTED}:
            raise asyncio.CancelledError
        if wait is not None:
            raise Retry(defer=wait)

    async def renew(self) -> None:
        """Renew the leases of what runs here; end what was taken over, or is to be cancelled."""
        claims = [start.claim for start in self.starts.values()]
        if not claims:
            return
        for standing in await self._renewals.run(run_state.renewed, claims):
            start = self.starts.get(standing.run_id)
            if start is None:
                continue
            if standing.fence != start.claim.fence or not standing.runs:
                start.end(Why.LOST)
            elif standing.cancelled:
                start.end(Why.CANCELLED)

    def _http(self) -> httpx.AsyncClient:
        """One for all runs: setting up TLS is dear."""
        self._client = self._client or nango.http_client()
        return self._client

    async def close(self) -> None:
        await self._parsers.close()
        if self._client is not None:
            await self._client.aclose()
        await self._ledger.close()
        await self._saves.close()
        await self._renewals.close()

    async def _begun(self, ctx: dict[str, Any], run_id: str) -> Start | None:
        """A claim that was made while we were told to stop is given back, not left to lapse."""
        asked = asyncio.ensure_future(
            self._claims.ask(Ask(UUID(run_id), ctx["job_id"], ctx["job_try"]))
        )
        try:
            claim = await ended(asked)
        except UNREACHABLE as error:
            log.warning("no ledger (%s): job %s goes back", type(error).__name__, ctx["job_id"])
            await queue.uncounted(ctx)
            raise Retry(defer=5) from None
        except asyncio.CancelledError:
            claim = asked.result() if not asked.cancelled() and not asked.exception() else None
            if claim is not None:
                await self._given_back(ctx, claim, 0.0)
            raise
        if claim is None:
            return None
        return Start(claim, self._saves, self._http(), self._parsers, self._large)

    async def _told_to_end(
        self, ctx: dict[str, Any], start: Start, body: Body
    ) -> BaseException | None:
        """How the body ended: None for well. It is told to end at the deadline, or by a cancel."""
        begun = asyncio.get_running_loop().time()
        task = start.task = asyncio.create_task(_guarded(body, start))
        try:
            await asyncio.wait({task}, timeout=self.deadline)
            if not task.done():
                start.end(Why.DEADLINE)
        except asyncio.CancelledError:
            start.end(self._who_cancelled(begun))
        if not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task}, timeout=self.grace)
        if not task.done():
            self._abandon(task, start)
            return asyncio.CancelledError()
        return asyncio.CancelledError() if task.cancelled() else task.exception()

    def _who_cancelled(self, begun: float) -> Why:
        """arq's own timeout comes first where the whole process stood still past our deadline."""
        if self.stopping:
            return Why.STOPPING
        late = asyncio.get_running_loop().time() - begun >= self.deadline
        return Why.DEADLINE if late else Why.ABORTED

    def _abandon(self, task: asyncio.Task[None], start: Start) -> None:
        """It swallows its cancel. Its fence is void from now on: it can have no effect."""
        log.error("the body of run %s does not end when told to", start.claim.run_id)
        self._never_ending.add(task)
        task.add_done_callback(self._never_ending.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _settled(
        self, ctx: dict[str, Any], start: Start, error: BaseException | None
    ) -> float | None:
        """Write down how it ended; the seconds until the next try, or None for no more."""
        claim = start.claim
        if error is None:
            stood = await self._ends.ask(claim)
            self._written(claim, Outcome.SUCCEEDED, stood)
            return None
        match start.why, error:
            case (Why.LOST, _) | (_, LeaseLost()):
                self._written(claim, Outcome.LOST, False)
                return None
            case Why.CANCELLED, _:
                stood = await self._patiently(run_state.cancelled, claim)
                self._written(claim, Outcome.CANCELLED, stood)
                return None
            case Why.STOPPING, _:
                return await self._given_back(ctx, claim, 0.0)
            case Why.DEADLINE, _ if start.saves:
                return await self._given_back(ctx, claim, 0.0)
        return await self._failed_or_retried(ctx, start, _understood(start, error, self.deadline))

    async def _failed_or_retried(
        self, ctx: dict[str, Any], start: Start, error: BaseException
    ) -> float | None:
        claim, trouble = start.claim, trouble_of(error)
        if isinstance(error, Transient):
            base = settings.ARQ_BACKOFF[claim.provider]
            wait = backoff.wait(base, claim.job_try, error.after)
            if error.after is not None and start.saves:  # asked to wait after it got on: no failure
                return await self._given_back(ctx, claim, wait, trouble)
            if claim.job_try < settings.ARQ_MAX_TRIES:
                metrics.waits(claim.function, wait)
                return await self._handed_back(claim, Outcome.RETRIED, wait, trouble)
        stood = await self._patiently(run_state.failed, claim.run_id, claim.fence, trouble)
        if stood:
            log.warning("run %s failed for good: %s", claim.run_id, trouble.error)
        self._written(claim, Outcome.FAILED, stood)
        return None

    async def _given_back(
        self, ctx: dict[str, Any], claim: Claim, wait: float, trouble: Trouble | None = None
    ) -> float | None:
        """Into the queue, and this try did not count: neither here nor in arq's own count."""
        back = await self._handed_back(claim, Outcome.GIVEN_BACK, wait, trouble)
        await queue.uncounted(ctx)
        return back

    async def _handed_back(
        self, claim: Claim, outcome: Outcome, wait: float, trouble: Trouble | None
    ) -> float | None:
        stood = await self._patiently(run_state.handed_back, claim, outcome, wait, trouble)
        self._written(claim, outcome, stood)
        return wait if stood else None

    def _written(self, claim: Claim, outcome: Outcome, stood: bool) -> None:
        """Count it; a start that was not the newest any more has written nothing."""
        metrics.ended(claim.function, outcome if stood else Outcome.LOST, claim.job_try)
        if not stood:
            log.warning("run %s was taken over: start %d ends", claim.run_id, claim.fence)

    async def _claimed(self, asks: list[Ask]) -> list[Claim | None]:
        return await self._patiently(run_state.claimed, asks, self.worker)

    async def _succeeded(self, claims: list[Claim]) -> list[bool]:
        return await self._patiently(run_state.succeeded, claims)

    async def _patiently[R](self, work: Callable[..., R], *args: Any) -> R:
        return await self._ledger.patiently(PATIENCE, work, *args)


async def _guarded(body: Body, start: Start) -> None:
    """SystemExit in a task would end the worker, with the job in progress for an hour."""
    try:
        await body(start)
    except SystemExit as error:
        raise Permanent(f"The task called sys.exit({error.code!r}).") from error


def _understood(start: Start, error: BaseException, deadline: float) -> BaseException:
    """An error as Transient or final: nothing else decides."""
    if start.why is Why.DEADLINE:
        return Transient(f"It did not save anything within {deadline:g} seconds.")
    if start.why is Why.ABORTED:
        return Permanent("The job was aborted in Redis while it ran.")
    if isinstance(error, UNREACHABLE):
        return Transient(f"The database could not be reached ({type(error).__name__}).")
    if isinstance(error, asyncio.CancelledError):
        return Permanent("The task ended itself by a cancel.")
    if isinstance(error, SyncError) and not isinstance(error, Transient | Permanent):
        return Transient(str(error))
    return error
