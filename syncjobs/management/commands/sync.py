"""`manage.py sync`: request a sync, and optionally wait for its end."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.errors import GraphError
from syncjobs import connections, list_runs, runs
from syncjobs.errors import RequestError
from syncjobs.models import SyncRun
from syncjobs.models.choices import ACTIVE, Provider, RunStatus, Trigger

OFTEN = 0.5  # seconds between two checks of the run


class Command(BaseCommand):
    help = (
        "Request a sync of a tenant's connection; a worker runs it. With --wait the progress is "
        "shown, and the exit code is not 0 unless the sync succeeds."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="tenant: a UUID or an e-mail address")
        parser.add_argument(
            "--connection",
            required=True,
            metavar="ID|PROVIDER",
            help="the connection's id, or its provider if the tenant has only one of it",
        )
        parser.add_argument("--full", action="store_true", help="list everything again")
        parser.add_argument("--wait", action="store_true", help="wait until the sync has ended")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = self._accepted(options)
            if options["wait"]:
                run = waited(run, self._print_progress)
        except (GraphError, RequestError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError("Not waiting any more. The sync continues.") from None
        self.stdout.write(json.dumps(as_dict(run)) if options["json"] else in_words(run))
        if run.status in {RunStatus.FAILED, RunStatus.CANCELLED}:
            raise CommandError(run.error or "The sync was cancelled.")

    def _accepted(self, options: dict[str, Any]) -> SyncRun:
        user_id = tenant_lookup.find(options["user"])
        connection_id = chosen(user_id, options["connection"])
        payload = {"full": True} if options["full"] else {}
        return runs.accept(user_id, connection_id, trigger=Trigger.REQUEST, payload=payload)

    def _print_progress(self, line: str) -> None:
        """Print to standard error, so that --json stays one object."""
        self.stderr.write(line)


def chosen(user_id: UUID, connection: str) -> UUID:
    """The tenant's connection with that id, or of that provider. Raises CommandError."""
    if connection not in Provider.values:
        try:
            return UUID(connection)
        except ValueError:
            providers = ", ".join(Provider.values)
            raise CommandError(f"{connection!r} is neither an id nor one of {providers}.") from None
    rows = connections.listed(user_id, provider=connection)
    if len(rows) == 1:
        return UUID(str(rows[0].pk))
    if not rows:
        raise CommandError(f"This user has no {connection} connection. See manage.py connect.")
    ids = "\n".join(f"  {row.pk}  {row.nango_connection_id}" for row in rows)
    raise CommandError(
        f"This user has {len(rows)} {connection} connections. Name one by its id:\n{ids}"
    )


def waited(run: SyncRun, show: Callable[[str], None]) -> SyncRun:
    """Wait until the run has ended, and show each change of its state."""
    last = ""
    while run.status in ACTIVE:
        if (now := in_words(run)) != last:
            show(now)
            last = now
        time.sleep(OFTEN)
        run = list_runs.get(run.user_id, run.pk)
    return run


def as_dict(run: SyncRun) -> dict[str, Any]:
    return {
        "run": str(run.pk),
        "connection": str(run.connection_id),
        "provider": run.provider,
        "status": run.status,
        "tries": run.tries,
        "progress": run.progress,
        "error": run.error,
    }


def in_words(run: SyncRun) -> str:
    """The run's state in one line."""
    progress = ", ".join(f"{name} {value}" for name, value in run.progress.items())
    again = f"next attempt {run.next_try_at:%H:%M:%S} UTC" if run.next_try_at else ""
    parts = (f"{run.function} {run.pk}: {run.status}", f"attempt {run.tries}", progress, again)
    return ", ".join(part for part in parts if part)
