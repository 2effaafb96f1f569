"""The demo's syncs: a sandbox instead of Nango, four connections, and a worker in this process."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Self
from uuid import UUID

from django.conf import settings

from finley.demo.mail import mails
from graph.database.role import as_owner
from graph.models import RelationshipInstance
from syncjobs import runs, worker
from syncjobs.errors import AlreadyActive
from syncjobs.models import JobFailure, SyncConnection, SyncRun
from syncjobs.models.choices import ConnectionState, Trigger
from syncjobs.nango import TITLES
from syncjobs.sandbox.server import Sandbox

COUNTS = ("items", "deleted", "ledgers", "rows", "events", "unreadable")
PROVIDERS = ("gmail", "dropbox", "gdrive", "zoho_mail")
FAILS = "dropbox"
FILES = 3
# The person has revoked the access. Before a replay it is granted again.
REVOKED = [{"do": "401"}]


@dataclass(frozen=True, slots=True)
class Synced:
    """The result of one connection's sync."""

    title: str
    run: SyncRun
    failure: JobFailure | None

    @property
    def in_words(self) -> str:
        progress = self.run.progress
        counts = (f"{progress[name]:,} {name}" for name in COUNTS if progress.get(name))
        return f"{self.run.status}: {', '.join(counts) or 'nothing new'}"


@contextmanager
def sandbox(seed: int) -> Iterator[Sandbox]:
    """Run Nango and the providers on a local port inside the block."""
    logging.getLogger("syncjobs").setLevel(logging.ERROR)  # the demo prints failures itself
    with Sandbox(seed) as box:
        settings.NANGO |= {"host": box.url, "secret": box.secret}
        settings.ZOHO_PACE = 0.001
        yield box


def connect(
    box: Sandbox, user_id: UUID, seed: int, end: date | None = None
) -> list[SyncConnection]:
    """Return the tenant's four connections. They are created if missing, and the sandbox's accounts
    are filled."""
    for provider in PROVIDERS:
        key = nango_id(provider)
        script = REVOKED if provider == FAILS else []
        size = 0 if provider == "gmail" else FILES
        box.control(key, provider=provider, size=size, script=script, end_user=str(user_id))
    letters = [{**mail.given, "attachments": []} for mail in mails(seed, end)]
    box.control(nango_id("gmail"), put=letters)
    return [_connection(user_id, provider) for provider in PROVIDERS]


def nango_id(provider: str) -> str:
    """The connection's id at Nango. Only the demo's tenant syncs, and the sandbox seeds its
    accounts by these ids."""
    return f"demo-{provider}"


def _connection(user_id: UUID, provider: str) -> SyncConnection:
    with as_owner():
        connection, _ = SyncConnection.objects.exclude(state=ConnectionState.REMOVED).get_or_create(
            provider=provider,
            nango_connection_id=nango_id(provider),
            defaults={"user_id": user_id},
        )
        return connection


def sync(connections: list[SyncConnection]) -> list[Synced]:
    """Accept a sync of each connection, and work until all have ended."""
    accepted = [(connection, _accepted(connection)) for connection in connections]
    asyncio.run(_until_done())
    return [
        Synced(
            TITLES[connection.provider],
            SyncRun.objects.using("owner").get(pk=run_id),
            JobFailure.objects.using("owner").filter(run_id=run_id).first(),
        )
        for connection, run_id in accepted
    ]


def _accepted(connection: SyncConnection) -> UUID:
    try:
        user_id = connection.user_id
        return runs.accept(user_id, connection.pk, trigger=Trigger.REQUEST).pk
    except AlreadyActive as active:  # of a demo that was interrupted
        return active.run_id


async def _until_done() -> None:
    process = worker.make(burst=True, housekeeping=False, poll_delay=0.02, handle_signals=False)
    try:
        await process.main()
    finally:
        await process.close()


class Working:
    """Runs a worker in a thread of this process inside a `with` block. It ends with the process."""

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._working.cancel)
        self._thread.join(10)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            self._loop = runner.get_loop()
            self._working = self._loop.create_task(_until_cancelled())
            with suppress(asyncio.CancelledError):
                runner.run(_ended(self._working))


async def _until_cancelled() -> None:
    process = worker.make(handle_signals=False)
    try:
        await process.main()
    finally:
        await process.close()


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait({task})


def a_receipt(user_id: UUID) -> str | None:
    """A sentence about a mail that is an edge of the graph, from its link's reason; None without
    one."""
    links = RelationshipInstance.objects.using("owner").filter(
        user_id=user_id, relationship_type="receipt", deleted_at=None
    )
    best = links.order_by("-confidence_score", "reason").first()
    return best.reason if best else None
