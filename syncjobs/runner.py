"""Runs tasks with a deadline, retries and failure records. No other module decides about these.

Each task passes its body, an async function of an Attempt. The run's end is written to PostgreSQL
before arq knows of it, because most ways in which arq ends a job do not call our code.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
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
from syncjobs.parsers.pool import Parsers, TenantParsers
from syncjobs.run_state import Claim, ClaimRequest, Save

log = logging.getLogger(__name__)

MARGIN = 20.0  # seconds before arq's timeout at which our deadline lies; at most a fifth of it
DATABASE_TIMEOUT = 300.0  # seconds to wait for the database before giving up a job
STATE_THREADS = 2
SAVE_THREADS = 6


class EndReason(StrEnum):
    """Why a body was asked to end."""

    DEADLINE = "deadline"
    LOST = "lost"
    CANCELLED = "cancelled"
    STOPPING = "stopping"
    ABORTED = "aborted"


@dataclass
class Attempt:
    """One attempt of a run, from its claim to its end."""

    claim: Claim
    threads: Threads
    client: httpx.AsyncClient
    parsers: TenantParsers
    large: asyncio.Semaphore
    saves: int = 0
    why: EndReason | None = None
    task: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.progress = self.claim.progress  # includes the progress of earlier attempts

    async def save[R](self, work: Callable[..., R], *args: Any) -> R:
        """Run `work(connection, save, *args)` in one fenced transaction, in a thread.

        Raises LeaseLost and the exceptions of `work`; nothing is saved then.
        """
        save = Save(dict(self.progress))
        result: R = await self.threads.run(_fenced, self.claim, save, work, *args)
        self.progress = save.progress
        self.saves += 1
        return result

    def end(self, why: EndReason) -> None:
        if self.why is None and self.task is not None:
            self.why = why
            self.task.cancel()


def _fenced[R](claim: Claim, save: Save, work: Callable[..., R], *args: Any) -> R:
    with run_state.fenced(claim, save) as connection:
        return work(connection, save, *args)


Body = Callable[[Attempt], Awaitable[None]]


class Runner:
    """A worker's attempts. `deadline` is earlier than arq's own timeout."""

    def __init__(self, worker: str) -> None:
        self.worker = worker
        self.stopping = False
        self.attempts: dict[UUID, Attempt] = {}
        margin = min(MARGIN, settings.ARQ_JOB_TIMEOUT * 0.2)
        self.deadline = settings.ARQ_JOB_TIMEOUT - margin
        self.grace = margin / 2  # seconds for a body to end after it was asked to
        self._state = Threads("state", STATE_THREADS)
        self._saves = Threads("save", SAVE_THREADS)
        self._claims = Batches(self._claimed)
        self._ends = Batches(self._succeeded)
        self._client: httpx.AsyncClient | None = None
        self._parsers = Parsers()
        self._large = asyncio.Semaphore(1)  # long responses of providers
        self._never_ending: set[asyncio.Task[None]] = set()

    async def run(self, ctx: dict[str, Any], run_id: str, body: Body) -> None:
        """Run the body if the job is still the run's. Raises Retry for another attempt."""
        attempt = await self._begun(ctx, run_id)
        if attempt is None:
            return
        self.attempts[attempt.claim.run_id] = attempt
        with metrics.running(attempt.claim.function):
            try:
                error = await self._run_body(ctx, attempt, body)
                wait = await ended(self._settled(ctx, attempt, error))
            finally:
                self.attempts.pop(attempt.claim.run_id, None)
        if error is not None and attempt.why in {EndReason.STOPPING, EndReason.ABORTED}:
            raise asyncio.CancelledError
        if wait is not None:
            raise Retry(defer=wait)

    def renew(self) -> list[run_state.LeaseState]:
        """Renew the leases of all attempts and return their states, for `obey`. Callable from any
        thread."""
        claims = [attempt.claim for attempt in list(self.attempts.values())]
        return run_state.renewed(claims) if claims else []

    def obey(self, leases: Iterable[run_state.LeaseState]) -> None:
        """Cancel the attempts whose leases say that another attempt has taken over or that the run
        is to be cancelled."""
        for lease in leases:
            attempt = self.attempts.get(lease.run_id)
            if attempt is None:
                continue
            if lease.fence != attempt.claim.fence or not lease.runs:
                attempt.end(EndReason.LOST)
            elif lease.cancelled:
                attempt.end(EndReason.CANCELLED)

    def _http(self) -> httpx.AsyncClient:
        """One HTTP client for all runs, because setting up TLS is slow."""
        self._client = self._client or nango.http_client()
        return self._client

    async def close(self) -> None:
        await self._parsers.close()
        if self._client is not None:
            await self._client.aclose()
        await self._state.close()
        await self._saves.close()

    async def _begun(self, ctx: dict[str, Any], run_id: str) -> Attempt | None:
        """Claim the run and return its attempt, or None if the job is not the run's any more.

        Raises Retry if the database cannot be reached; that does not count as a try. Raises
        CancelledError if the job is cancelled meanwhile, as when the worker stops. A claim that was
        made is then given back at once, so that it need not expire.
        """
        claiming = asyncio.ensure_future(
            self._claims.ask(ClaimRequest(UUID(run_id), ctx["job_id"], ctx["job_try"]))
        )
        try:
            claim = await ended(claiming)
        except UNREACHABLE as error:
            log.warning("No database (%s): job %s is requeued", type(error).__name__, ctx["job_id"])
            await queue.uncounted(ctx)
            raise Retry(defer=5) from None
        except asyncio.CancelledError:
            claimed = not claiming.cancelled() and not claiming.exception()
            claim = claiming.result() if claimed else None
            if claim is not None:
                await self._given_back(ctx, claim, 0.0)
            raise
        if claim is None:
            return None
        parsers = self._parsers.of(claim.user_id)
        return Attempt(claim, self._saves, self._http(), parsers, self._large)

    async def _run_body(
        self, ctx: dict[str, Any], attempt: Attempt, body: Body
    ) -> BaseException | None:
        """Run the body of the task. Ask it to end at the deadline, or if the job is cancelled.
        Return its exception, or None if it succeeded."""
        start = asyncio.get_running_loop().time()
        task = attempt.task = asyncio.create_task(_guarded(body, attempt))
        try:
            await asyncio.wait({task}, timeout=self.deadline)
            if not task.done():
                attempt.end(EndReason.DEADLINE)
        except asyncio.CancelledError:
            attempt.end(self._reason_of_cancel(start))
        if not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task}, timeout=self.grace)
        if not task.done():
            self._abandon(task, attempt)
            return asyncio.CancelledError()
        return asyncio.CancelledError() if task.cancelled() else task.exception()

    def _reason_of_cancel(self, start: float) -> EndReason:
        """Why arq cancelled the job: the worker stops, the deadline has passed, or somebody aborted
        the job in Redis. `start` is the attempt's start on the event loop's clock, in seconds."""
        if self.stopping:
            return EndReason.STOPPING
        late = asyncio.get_running_loop().time() - start >= self.deadline
        return EndReason.DEADLINE if late else EndReason.ABORTED

    def _abandon(self, task: asyncio.Task[None], attempt: Attempt) -> None:
        """Stop waiting for a body that ignores its cancellation. Its fencing token is not valid any
        more, so it can save nothing."""
        log.error("The body of run %s does not end when cancelled", attempt.claim.run_id)
        self._never_ending.add(task)
        task.add_done_callback(self._never_ending.discard)
        task.add_done_callback(lambda body: body.cancelled() or body.exception())

    async def _settled(
        self, ctx: dict[str, Any], attempt: Attempt, error: BaseException | None
    ) -> float | None:
        """Record the attempt's end. Return the seconds until the next attempt, or None if there is
        none."""
        claim = attempt.claim
        if error is None:
            stood = await self._ends.ask(claim)
            self._written(claim, Outcome.SUCCEEDED, stood)
            return None
        match attempt.why, error:
            case (EndReason.LOST, _) | (_, LeaseLost()):
                self._written(claim, Outcome.LOST, False)
                return None
            case EndReason.CANCELLED, _:
                stood = await self._retried(run_state.cancelled, claim)
                self._written(claim, Outcome.CANCELLED, stood)
                return None
            case EndReason.STOPPING, _:
                return await self._given_back(ctx, claim, 0.0)
            case EndReason.DEADLINE, _ if attempt.saves:
                return await self._given_back(ctx, claim, 0.0)
        return await self._failed_or_retried(
            ctx, attempt, _classified(attempt, error, self.deadline)
        )

    async def _failed_or_retried(
        self, ctx: dict[str, Any], attempt: Attempt, error: BaseException
    ) -> float | None:
        claim, trouble = attempt.claim, trouble_of(error)
        if isinstance(error, Transient):
            base = settings.ARQ_BACKOFF[claim.provider]
            wait = backoff.wait(base, claim.job_try, error.after)
            if error.after is not None and attempt.saves:  # a wait after progress is no failure
                return await self._given_back(ctx, claim, wait, trouble)
            if claim.job_try < settings.ARQ_MAX_TRIES:
                metrics.waits(claim.function, wait)
                return await self._handed_back(claim, Outcome.RETRIED, wait, trouble)
        stood = await self._retried(run_state.failed, claim.run_id, claim.fence, trouble)
        if stood:
            log.warning("run %s failed for good: %s", claim.run_id, trouble.error)
        self._written(claim, Outcome.FAILED, stood)
        return None

    async def _given_back(
        self, ctx: dict[str, Any], claim: Claim, wait: float, trouble: Trouble | None = None
    ) -> float | None:
        """Requeue the run, so that this attempt does not count in PostgreSQL or in arq. Return the
        seconds until the next attempt, or None if the run was taken over."""
        back = await self._handed_back(claim, Outcome.GIVEN_BACK, wait, trouble)
        await queue.uncounted(ctx)
        return back

    async def _handed_back(
        self, claim: Claim, outcome: Outcome, wait: float, trouble: Trouble | None
    ) -> float | None:
        stood = await self._retried(run_state.handed_back, claim, outcome, wait, trouble)
        self._written(claim, outcome, stood)
        return wait if stood else None

    def _written(self, claim: Claim, outcome: Outcome, stood: bool) -> None:
        """Count the attempt's end in the metrics. `stood` says that the attempt was still the
        newest one, so its end is in the database."""
        metrics.ended(claim.function, outcome if stood else Outcome.LOST, claim.job_try)
        if not stood:
            log.warning("Run %s was taken over: attempt %d ends", claim.run_id, claim.fence)

    async def _claimed(self, asks: list[ClaimRequest]) -> list[Claim | None]:
        return await self._retried(run_state.claimed, asks, self.worker)

    async def _succeeded(self, claims: list[Claim]) -> list[bool]:
        return await self._retried(run_state.succeeded, claims)

    async def _retried[R](self, work: Callable[..., R], *args: Any) -> R:
        return await self._state.retried(DATABASE_TIMEOUT, work, *args)


async def _guarded(body: Body, attempt: Attempt) -> None:
    """Run the body and convert SystemExit, which would end the worker and leave the job locked."""
    try:
        await body(attempt)
    except SystemExit as error:
        raise Permanent(f"The task called sys.exit({error.code!r}).") from error


def _classified(attempt: Attempt, error: BaseException, deadline: float) -> BaseException:
    """Classify the error: a Transient is tried again, any other exception is final. No other code
    decides this."""
    if attempt.why is EndReason.DEADLINE:
        return Transient(f"Nothing was saved within {deadline:g} seconds.")
    if attempt.why is EndReason.ABORTED:
        return Permanent("The job was aborted in Redis while it ran.")
    if isinstance(error, UNREACHABLE):
        return Transient(f"The database could not be reached ({type(error).__name__}).")
    if isinstance(error, asyncio.CancelledError):
        return Permanent("The task cancelled itself.")
    if isinstance(error, SyncError) and not isinstance(error, Transient | Permanent):
        return Transient(str(error))
    return error
