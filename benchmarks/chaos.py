"""Runs syncs while workers, servers and the network break, then audits what the syncs stored.

`migrate` and `adopt` are killed while they work, and then run to their ends. Then workers are
killed with SIGKILL at random, and some of those that are started instead have a clock that steps by
an hour. Redis is flushed three times and stopped once, PostgreSQL is restarted three times, its
sessions are ended twice, its connections are used up twice, the network between workers and servers
is cut twice, and the disk is full twice, all in a fresh state folder. Each job is a first sync of
one connection through the real runner. The audit compares the tables with the sandbox and reads
what triggers recorded.

`lost` counts accepted jobs without all of their items that are not in job_failures either.
`doubled` counts items and events that were written twice, and jobs with two failures or two
successes. `recovered_within_s` is the longest time in seconds from a disturbance until each run
that it interrupted went on, without the time in which a later disturbance kept the servers away;
`longest_wait_s` includes that time. `throughput_after_over_before` is the number of jobs per second
without disturbance, after all disturbances divided by before.
"""

import argparse
import json
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import httpx
from django.conf import settings
from django.db import InterfaceError, OperationalError, connections
from redis import Redis
from redis.exceptions import RedisError
from tqdm import tqdm

from benchmarks import isolated_servers
from benchmarks.disturbance import (
    faults,
    killed_commands,
    recorded_jobs,
    recoveries,
    sandbox_world,
)
from benchmarks.disturbance.partition import Partition
from graph.errors import KeyInUse
from graph.http.idempotency import IdempotentRequest
from syncjobs import runs
from syncjobs.models import SyncConnection, SyncRun
from syncjobs.models.choices import ACTIVE, Trigger

AUDIT = Path(__file__).with_name("audit.sql")
WORKERS = 2
TIMEOUT = 300.0  # seconds without an ended run after the disturbance before the run is given up
FLUSHES = DATABASE_RESTARTS = 3
KILLED_BACKENDS = EXHAUSTIONS = PARTITIONS = 2
DISKS_FULL = 2
EXHAUSTED = PARTITIONED = FULL = 12.0  # seconds
MIGRATIONS_KILLED = ADOPTIONS_KILLED = 3
DISK_MB = 3072  # of the servers' disk, where this user may mount one
CLOCK_STEPS = ("3600", "-3600")  # seconds
WRONG_CLOCKS = 0.25  # share of the started workers whose clock steps
WRONG_CLOCK = Path(__file__).parent / "disturbance" / "wrong_clock"
CUT_SHORT = "SELECT count(*) FROM job_attempts WHERE outcome = 'lost'"
STEADY = 20  # one in this many jobs is measured before the disturbance, and as many after it
REDIS_AWAY = 60.0
ENVIRONMENT = {"ARQ_BACKOFF": "0.5", "ZOHO_PACE": "0.001", "FINLEY_LOG_LEVEL": "WARNING"}
AWAY = (OperationalError, InterfaceError)


def main() -> None:
    options = _options()
    if not isolated_servers.inside():
        sys.exit(isolated_servers.again("benchmarks.chaos", ENVIRONMENT, DISK_MB))
    isolated_servers.stoppable()
    logging.getLogger().setLevel("ERROR")  # the workers' own log is in the state folder
    _say(
        f"{options.jobs:,} syncs, {options.minutes:g} minutes of disturbance, seed {options.seed}."
    )
    figures = Chaos(options.jobs, options.minutes * 60, options.seed).run()
    _tell(figures)
    if options.json:
        print(json.dumps(figures))
    if figures["lost"] or figures["doubled"]:
        sys.exit(f"Something was lost or done twice: seed {options.seed}.")


@dataclass
class Chaos:
    """One run of the benchmark, from an empty database to the audit."""

    jobs: int
    seconds: float
    seed: int
    accepted: dict[str, str] = field(default_factory=dict)  # connection → run
    kills: dict[int, float] = field(default_factory=dict)  # process → time of its end
    others: list[tuple[str, float]] = field(default_factory=list)  # what, its end
    clock_steps: int = 0
    flushes: int = 0
    restarts: int = 0
    parts: list[Partition] = field(default_factory=list)

    def run(self) -> dict[str, Any]:
        self.random = random.Random(self.seed)
        self.migrations_killed = killed_commands.migrate_killed(MIGRATIONS_KILLED, self.random)
        self.adoption = killed_commands.adopt_killed(ADOPTIONS_KILLED, self.random)
        with connections["owner"].cursor() as cursor:
            cursor.execute(AUDIT.read_text())
        self.environment = self.through_proxies()
        world = sandbox_world.world(self.jobs, self.random)
        self.providers = {key: connection["provider"] for key, connection in world.items()}
        with isolated_servers.sandbox(world) as self.sandbox_state:
            os.environ |= {"NANGO_HOST": self.sandbox_state["url"], "NANGO_SECRET_KEY": "sandbox"}
            self.connect()
            self.workers = [isolated_servers.worker(**self.environment) for _ in range(WORKERS)]
            keys = list(self.ids)
            steady = max(len(keys) // STEADY, 1)
            warm, before, after = keys[:steady], keys[steady : 2 * steady], keys[-steady:]
            disturbed = keys[2 * steady : -steady]
            try:
                self.rate(warm)  # lets the workers start
                rate = self.rate(before)
                self.disturb(disturbed)
                unsettled = self.settle()
                self.ratio = round(self.rate(after) / rate, 2)
            finally:
                for worker in self.workers:
                    worker.kill()
                    worker.wait()
            return self.audited(unsettled)

    def connect(self) -> None:
        rows = [
            SyncConnection(user_id=_tenant(number), provider=provider, nango_connection_id=key)
            for number, (key, provider) in enumerate(self.providers.items())
        ]
        SyncConnection.objects.using("owner").bulk_create(rows)
        connection_rows = SyncConnection.objects.using("owner").values_list(
            "nango_connection_id", "pk", "user_id"
        )
        self.ids = {key: (pk, user_id) for key, pk, user_id in connection_rows}

    def through_proxies(self) -> dict[str, str]:
        """The environment variables with which workers reach both servers through proxies, whose
        network can be cut."""
        info = connections["owner"].connection.info
        redis = unquote(urlsplit(_redis_url()).path)
        self.parts = [Partition(Path(info.host) / f".s.PGSQL.{info.port}"), Partition(Path(redis))]
        postgres, valkey = (part.port for part in self.parts)
        url = f"postgresql://{{}}@127.0.0.1:{postgres}/{info.dbname}"
        return {
            "DATABASE_URL": url.format("finley_app"),
            "DATABASE_OWNER_URL": url.format("finley_owner"),
            "REDIS_URL": f"redis://127.0.0.1:{valkey}/0",
        }

    def rate(self, keys: list[str]) -> float:
        """Sync these connections without a disturbance. Return the syncs per second."""
        start = time.monotonic()
        for key in keys:
            self.accept(key)
        self.settle()
        return len(keys) / (time.monotonic() - start)

    def disturb(self, keys: list[str]) -> None:
        """Send requests at a constant rate, while each kind of disturbance runs in a thread of its
        own."""
        start = time.monotonic()
        over = threading.Event()
        causes: list[Callable[[threading.Event], None]] = [self.kill, self.break_servers]
        threads = [threading.Thread(target=cause, args=(over,)) for cause in causes]
        for thread in threads:
            thread.start()
        try:
            for number, key in enumerate(tqdm(keys, unit="job", disable=_quiet())):
                due = start + self.seconds * number / len(keys)
                time.sleep(max(0.0, due - time.monotonic()))
                self.accept(key)
            time.sleep(max(0.0, start + self.seconds - time.monotonic()))
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def accept(self, key: str) -> None:
        """Request the sync of the connection until it is accepted. The key is the idempotency key,
        so repeated requests start one run."""
        connection_id, user_id = self.ids[key]
        while True:
            try:
                self.accepted[key] = _once(user_id, connection_id, key)
            except (*AWAY, KeyInUse):
                connections.close_all()
                time.sleep(0.2)
                continue
            return

    def kill(self, over: threading.Event) -> None:
        """Kill a random worker with SIGKILL. A supervisor starts another one."""
        chance = random.Random(self.seed + 1)
        while not over.wait(chance.uniform(4, 14)):
            at = chance.randrange(WORKERS)
            self.workers[at].send_signal(signal.SIGKILL)
            self.kills[self.workers[at].pid] = time.time()
            self.workers[at].wait()
            self.workers[at] = isolated_servers.worker(**self.environment, **self.clock(chance))
        for at, process in enumerate(self.workers):  # the last ones have a right clock
            process.kill()
            self.kills[process.pid] = time.time()
            process.wait()
            self.workers[at] = isolated_servers.worker(**self.environment)

    def clock(self, chance: random.Random) -> dict[str, str]:
        """The environment of a worker whose clock is right, or steps after some seconds."""
        if chance.random() >= WRONG_CLOCKS:
            return {}
        self.clock_steps += 1
        return {
            "PYTHONPATH": str(WRONG_CLOCK),
            "CLOCK_STEP": chance.choice(CLOCK_STEPS),
            "CLOCK_STEPS_AFTER": f"{chance.uniform(0, 10):.1f}",
        }

    def break_servers(self, over: threading.Event) -> None:
        """Break the servers at equal intervals, in an order that depends on the seed."""
        chance = random.Random(self.seed + 2)
        acts: list[Callable[[], object]] = [self.stop_redis]
        acts += [self.flush] * FLUSHES + [self.restart_database] * DATABASE_RESTARTS
        acts += [partial(self.fault, "backends", faults.kill_backends)] * KILLED_BACKENDS
        acts += [partial(self.fault, "exhaustion", faults.exhaust, EXHAUSTED)] * EXHAUSTIONS
        divide = partial(self.fault, "partition", faults.divide, self.parts, PARTITIONED)
        acts += [divide] * PARTITIONS
        if isolated_servers.own_disk():
            acts += [partial(self.fault, "disk_full", faults.fill_disk, FULL)] * DISKS_FULL
        else:
            _say("The disk is not filled: this user may not mount one of its own.")
        chance.shuffle(acts)
        for act in acts:
            if over.wait(max(self.seconds - REDIS_AWAY, 1) / (len(acts) + 1)):
                pass  # the time is over, but each disturbance must happen
            act()

    def flush(self) -> None:
        with suppress(RedisError):
            Redis.from_url(str(_redis_url())).flushall()
            self.flushes += 1
            self.others.append(("flush", time.time()))

    def restart_database(self) -> None:
        how = "--crash" if self.restarts % 2 else "--fast"
        _embedded("restart-postgres", how)
        self.restarts += 1
        self.others.append(("database", time.time()))

    def stop_redis(self) -> None:
        _embedded("stop-redis", "--seconds", str(REDIS_AWAY))
        time.sleep(REDIS_AWAY)
        self.others.append(("redis", time.time()))

    def fault(self, name: str, act: Callable[..., object], *arguments: Any) -> None:
        act(*arguments)
        self.others.append((name, time.time()))

    def settle(self) -> int:
        """Wait until no run is active. Return 0, or the number of active runs if it has not changed
        for TIMEOUT seconds."""
        remaining, since = -1, time.monotonic()
        while time.monotonic() < since + TIMEOUT:
            try:
                now = SyncRun.objects.using("owner").filter(status__in=ACTIVE).count()
            except AWAY:
                connections.close_all()
                continue
            if not now:
                return 0
            if now != remaining:
                remaining, since = now, time.monotonic()
            time.sleep(0.5)
        return remaining

    def audited(self, unsettled: int) -> dict[str, Any]:
        complete, recorded = self.complete(), recorded_jobs.recorded()
        longest = recoveries.longest_first(self.kills, self.others)
        _say(recoveries.explained(longest, self.kills, self.others))
        lost = [
            key
            for key, run in self.accepted.items()
            if key not in complete and recorded.get(run, 0) == 0
        ]
        return {
            "accepted": len(self.accepted),
            "succeeded": len(complete - {k for k, run in self.accepted.items() if run in recorded}),
            "failed_recorded": sum(run in recorded for run in self.accepted.values()),
            "lost": len(lost) + self.adoption["adopted_lost"],
            "doubled": recorded_jobs.doubled()
            + sum(count > 1 for count in recorded.values())
            + self.adoption["adopted_doubled"],
            "recovered_within_s": round(max((one.seconds for one in longest), default=0.0), 1),
            "longest_wait_s": round(max((one.waited for one in longest), default=0.0), 1),
            "throughput_after_over_before": self.ratio,
            "migrations_killed": self.migrations_killed,
            **self.adoption,
            "clock_steps": self.clock_steps,
            "kills": len(self.kills),
            "flushes": self.flushes,
            "database_restarts": self.restarts,
            **Counter(what for what, _ in self.others),
            "unsettled": unsettled,
            "runs_cut_short": recorded_jobs.count(CUT_SHORT),
            "items": recorded_jobs.count("SELECT count(*) FROM external_items"),
            "effects": recorded_jobs.count("SELECT count(*) FROM audit_effects"),
            "seed": self.seed,
        }

    def complete(self) -> set[str]:
        """The keys of the connections whose stored items are exactly those of the sandbox."""
        items: dict[str, set[str]] = {}
        query = (
            "SELECT nango_connection_id, external_id FROM external_items AS item "
            "JOIN sync_connections AS c ON c.id = item.connection_id WHERE deleted_at IS NULL"
        )
        for key, external_id in recorded_jobs.rows(query):
            items.setdefault(key, set()).add(external_id)
        with httpx.Client(
            base_url=self.sandbox_state["url"], trust_env=False, timeout=60
        ) as client:
            return {
                key
                for key in tqdm(self.accepted, unit="audit", disable=_quiet())
                if items.get(key) == set(client.get(f"/sandbox/connections/{key}").json()["items"])
            }


def _once(user_id: UUID, connection_id: UUID, key: str) -> str:
    """Accept a sync of the connection, unless an earlier request with this key did. Return the
    run's id. After a commit whose answer was lost, only this tells whether there is a run."""
    with IdempotentRequest(user_id, key, "").first() as first:
        if first.known is not None:
            return first.known.answer
        run = str(runs.accept(user_id, connection_id, trigger=Trigger.REQUEST).pk)
        first.keep(202, run, "")
        return run


def _embedded(*arguments: str) -> None:
    command = [sys.executable, "-m", "finley.embedded", *arguments]
    subprocess.run(command, cwd=isolated_servers.PROJECT, check=True, capture_output=True)


def _redis_url() -> str:
    return str(settings.REDIS_URL)


def _tenant(number: int) -> str:
    return f"00000000-0000-4000-8000-{number % 500:012d}"


def _tell(figures: dict[str, Any]) -> None:
    _say(
        f"{figures['accepted']:,} accepted: {figures['succeeded']:,} succeeded, "
        f"{figures['failed_recorded']:,} in job_failures, {figures['lost']} lost, "
        f"{figures['doubled']} doubled; {figures['kills']} workers killed, "
        f"{figures['runs_cut_short']} runs cut short, the longest recovery "
        f"{figures['recovered_within_s']} s, throughput after over before "
        f"{figures['throughput_after_over_before']}."
    )


def _quiet() -> bool:
    return not sys.stderr.isatty()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--minutes", type=float, default=8, help="of disturbance (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="(random)")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
