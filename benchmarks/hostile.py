"""Syncs hostile mail and files, and measures whether workers survive, others wait, and memory is
bounded.

First other tenants sync alone. Then they sync beside a tenant whose connections contain the whole
corpus of tests/hostile_corpus.py as mail and as files, all in one worker. Targets: every sync of
the corpus reads up to its last item, no lease is lost, the worker's peak is at most 600 MB, and the
others take at most 1.5 times as long.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.core.management import call_command

from benchmarks import isolated_servers
from syncjobs import runs
from syncjobs.models import ExternalItem, JobAttempt, SyncConnection, SyncRun
from syncjobs.models.choices import ACTIVE, Trigger
from tests.hostile_corpus import Hostile, corpus

PEAK_MB, RATIO = 600, 1.5
OTHERS = 4  # other tenants, each with one connection
SIZE = 15  # mails of each
PARTS = 3  # connections per provider that share the corpus
MOST = 1800.0  # seconds


def main() -> None:
    options = _options()
    if not isolated_servers.inside():
        sys.exit(isolated_servers.again("benchmarks.hostile", {"FINLEY_LOG_LEVEL": "WARNING"}))
    isolated_servers.stoppable()
    result = measure(corpus(options.seed))
    print(
        f"{result['items']} hostile items: {result['syncs_ended']} syncs ended, "
        f"{result['leases_lost']} leases lost, worker peak {result['worker_peak_mb']} MB, others "
        f"{result['others_ratio']} times as long.",
        file=sys.stderr,
    )
    if options.json:
        print(json.dumps(result))
    if not result["met"]:
        sys.exit("A target is missed.")


def measure(items: list[Hostile]) -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    hostile = _hostile(items)
    calm = {f"calm-{n}": {"provider": "gmail", "size": SIZE} for n in range(3 * OTHERS)}
    with isolated_servers.sandbox({**hostile, **calm}) as box:
        os.environ |= {"NANGO_HOST": box["url"], "NANGO_SECRET_KEY": "sandbox"}
        worker = isolated_servers.worker()
        memory = Memory(worker.pid)
        try:
            _seconds(_accepted(list(calm)[2 * OTHERS :], calm))  # lets the parsers start
            before = _seconds(_accepted(list(calm)[:OTHERS], calm))
            bad = _accepted(list(hostile), hostile, uuid4())
            beside = _seconds(_accepted(list(calm)[OTHERS : 2 * OTHERS], calm))
            whole = max(_seconds(bad))
        finally:
            memory.stop()
            worker.terminate()
            worker.wait()
    return _result(items, memory, before, beside, whole)


def _hostile(items: list[Hostile]) -> dict[str, dict[str, Any]]:
    """Descriptions of the sandbox's connections that contain the whole corpus, by key: as mail at
    Gmail and as files at Dropbox, PARTS connections each."""
    files = [item for item in items if item.file and "/" not in item.file and "\0" not in item.file]
    mail = {
        f"mail-{n}": {"provider": "gmail", "size": 0, "put": [i.mail() for i in items[n::PARTS]]}
        for n in range(PARTS)
    }
    stored = {
        f"files-{n}": {
            "provider": "dropbox", "size": 0, "put": [i.stored() for i in files[n::PARTS]]
        }
        for n in range(PARTS)
    }  # fmt: skip
    return {**mail, **stored}


def _accepted(
    keys: list[str], world: dict[str, dict[str, Any]], tenant: UUID | None = None
) -> list[UUID]:
    """Accept a sync of each of these connections, and return the runs' ids. All belong to `tenant`,
    or to one new tenant each if it is None."""
    accepted = []
    for key in keys:
        connection = SyncConnection(
            id=uuid4(),
            user_id=tenant or uuid4(),
            provider=world[key]["provider"],
            nango_connection_id=key,
        )
        connection.save(using="owner", force_insert=True)
        run = runs.accept(connection.user_id, connection.pk, trigger=Trigger.REQUEST)
        accepted.append(run.pk)
    return accepted


def _seconds(ids: list[UUID]) -> list[float]:
    """Wait until all runs have ended. Return the seconds of each from its acceptance to its end."""
    limit = time.monotonic() + MOST
    mine = SyncRun.objects.using("owner").filter(pk__in=ids)
    while mine.filter(status__in=ACTIVE).exists():
        if time.monotonic() > limit:
            sys.exit(f"Runs did not end within {MOST:g} s: {list(mine.values())}")
        time.sleep(0.2)
    return [(run.finished_at - run.created_at).total_seconds() for run in mine if run.finished_at]


def _result(
    items: list[Hostile], memory: "Memory", before: list[float], beside: list[float], whole: float
) -> dict[str, Any]:
    failed = SyncRun.objects.using("owner").exclude(status="succeeded").count()
    lost = JobAttempt.objects.using("owner").filter(outcome="lost").count()
    stored = ExternalItem.objects.using("owner")
    ratio = round(statistics.median(beside) / statistics.median(before), 2)
    peak = memory.worker
    return {
        "items": len(items),
        "syncs_ended": failed,
        "leases_lost": lost,
        "worker_peak_mb": peak,
        "worker_and_parsers_peak_mb": memory.tree,
        "others_seconds_alone": round(statistics.median(before), 1),
        "others_seconds_beside": round(statistics.median(beside), 1),
        "others_ratio": ratio,
        "stored": stored.count(),
        "unreadable": stored.filter(used_as__in=["unreadable", "quarantined"]).count(),
        "seconds": round(whole, 1),
        "met": not failed and not lost and peak <= PEAK_MB and ratio <= RATIO,
    }


class Memory:
    """The peak resident memory of the worker, and of the worker with its parsers, in MB of 10**6
    bytes."""

    def __init__(self, pid: int) -> None:
        self.worker = self.tree = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            own = _resident(self._pid)
            self.worker = max(self.worker, own)
            self.tree = max(self.tree, own + sum(map(_resident, _children(self._pid))))


def _children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def _resident(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0  # it has ended
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1]) * 1024 // 10**6


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="(%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    return parser.parse_args()


if __name__ == "__main__":
    main()
