"""`manage.py sync`: ask for a sync from the terminal, and wait for it if told to."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.errors import GraphError
from syncjobs import connections, history, runs
from syncjobs.errors import RequestError
from syncjobs.models import SyncRun
from syncjobs.models.choices import ACTIVE, Provider, RunStatus, Trigger

OFTEN = 0.5  # seconds between two looks at the run


class Command(BaseCommand):
    help = (
        "Ask for a sync of a tenant's connection; a worker does it. With --wait its progress is "
        "shown, and a sync that does not succeed is an exit code other than 0."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="whose: a UUID or an e-mail address")
        parser.add_argument(
            "--connection",
            required=True,
            metavar="ID|PROVIDER",
            help="the connection's id; or its provider, where there is one such connection",
        )
        parser.add_argument("--full", action="store_true", help="list everything anew")
        parser.add_argument("--wait", action="store_true", help="until it has ended")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            run = self._accepted(options)
            if options["wait"]:
                run = waited(run, self._say)
        except (GraphError, RequestError) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError("Nobody waits any more; the sync goes on.") from None
        self.stdout.write(json.dumps(told(run)) if options["json"] else in_words(run))
        if run.status in {RunStatus.FAILED, RunStatus.CANCELLED}:
            raise CommandError(run.error or "It was cancelled.")

    def _accepted(self, options: dict[str, Any]) -> SyncRun:
        user_id = tenant_lookup.find(options["user"])
        connection_id = chosen(user_id, options["connection"])
        payload = {"full": True} if options["full"] else {}
        return runs.accept(user_id, connection_id, trigger=Trigger.REQUEST, payload=payload)

    def _say(self, line: str) -> None:
        """Beside the answer: --json stays one object."""
        self.stderr.write(line)


def chosen(user_id: UUID, named: str) -> UUID:
    """The tenant's connection of that id or provider. Raises CommandError."""
    if named not in Provider.values:
        try:
            return UUID(named)
        except ValueError:
            providers = ", ".join(Provider.values)
            raise CommandError(f"{named!r} is neither an id nor one of {providers}.") from None
    found = connections.listed(user_id, provider=named)
    if len(found) == 1:
        return UUID(str(found[0].pk))
    if not found:
        raise CommandError(f"This user has no {named} connection: see manage.py connect.")
    ids = "\n".join(f"  {each.pk}  {each.nango_connection_id}" for each in found)
    raise CommandError(f"This user has {len(found)} {named} connections; say which:\n{ids}")


def waited(run: SyncRun, say: Callable[[str], None]) -> SyncRun:
    """The run when it has ended; each change of its standing is said."""
    said = ""
    while run.status in ACTIVE:
        if (now := in_words(run)) != said:
            say(now)
            said = now
        time.sleep(OFTEN)
        run = history.get(run.user_id, run.pk)
    return run


def told(run: SyncRun) -> dict[str, Any]:
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
    """How the run stands, on one line."""
    progress = ", ".join(f"{name} {value}" for name, value in run.progress.items())
    again = f"next try {run.next_try_at:%H:%M:%S} UTC" if run.next_try_at else ""
    parts = (f"{run.function} {run.pk}: {run.status}", f"try {run.tries}", progress, again)
    return ", ".join(part for part in parts if part)
