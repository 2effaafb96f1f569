"""How long after kill -9 of the only worker its run goes on, all settings at their defaults.

A sync stands still in the middle of its pages; its worker is killed; another one is started a
second later, as a supervisor would. arq alone would wait for its in-progress key: the job's timeout
of 3600 seconds and ten more.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.core.management import call_command

from benchmarks import apart
from syncjobs import runs
from syncjobs.models import ExternalItem, JobAttempt, SyncConnection, SyncRun
from syncjobs.models.choices import Trigger

STALLS = [{"do": "stall", "on": "messages/", "at": 60, "seconds": 600}]
PATIENCE = 120.0


def main() -> None:
    options = _options()
    if not apart.inside():
        sys.exit(apart.again("benchmarks.recovery", {}))
    apart.stoppable()
    found = measure()
    print(
        f"The run went on {found['seconds_to_go_on']} s after its worker was killed, with "
        f"{found['items_kept']} items saved before, and then {found['status']}.",
        file=sys.stderr,
    )
    if options.json:
        print(json.dumps(found))


def measure() -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    world = {"slow": {"provider": "gmail", "size": 120, "script": STALLS}}
    with apart.sandbox(world) as told:
        os.environ |= {"NANGO_HOST": told["url"], "NANGO_SECRET_KEY": "sandbox"}
        run = _accepted()
        worker = apart.worker()
        _until(lambda: ExternalItem.objects.using("owner").exists())
        worker.kill()
        killed, kept = time.time(), ExternalItem.objects.using("owner").count()
        worker.wait()
        time.sleep(1)
        worker = apart.worker()
        try:
            second = _until(lambda: JobAttempt.objects.using("owner").filter(fence=2).first())
            ended = _until(lambda: SyncRun.objects.using("owner").exclude(finished_at=None).first())
        finally:
            worker.kill()
            worker.wait()
    return {
        "seconds_to_go_on": round(second.started_at.timestamp() - killed, 1),
        "items_kept": kept,
        "items": ExternalItem.objects.using("owner").count(),
        "status": ended.status,
        "run": str(run),
    }


def _accepted() -> object:
    connection = SyncConnection(
        id=uuid4(), user_id=uuid4(), provider="gmail", nango_connection_id="slow"
    )
    connection.save(using="owner", force_insert=True)
    return runs.accept(connection.user_id, connection.pk, trigger=Trigger.REQUEST).pk


def _until(true: Callable[[], Any]) -> Any:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        if found := true():
            return found
        time.sleep(0.05)
    sys.exit(f"It did not happen within {PATIENCE:g} s.")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    return parser.parse_args()


if __name__ == "__main__":
    main()
