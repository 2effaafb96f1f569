"""Sends one server the requests of many tenants at a stated rate, and measures how it responds.

It is an open loop: arrivals are drawn in advance (Poisson), and a request's time counts from its
arrival, so a server that falls behind is not spared. A database of its own has the books of 200
tenants. The questions are mixed as a front end asks them, limits and caches have their defaults,
and each tenant has asked each question once before the measurement.

First the stated rate is held for the stated time. Then the rate is raised step by step, or lowered
if the server did not keep up: `requests_per_second` is the highest rate that was answered with p95
≤ 300 ms and without an error. `connections` is the greatest number of the server's connections to
PostgreSQL. `server_cpu_ms` and `database_cpu_ms` are the processor time of one request at the
stated rate (null without /proc). `machine` is the processor time in seconds of ten million
additions in Python, before and after, because the rates of two machines cannot be compared. With
--pgbouncer the connections go through PgBouncer in transaction mode.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString, cast
from uuid import UUID

from django.db import connections
from psycopg.sql import SQL, Literal

from benchmarks import dataset, isolated_servers
from benchmarks.serving import database, served
from finley.models import ApiToken, User
from graph.database.role import as_owner
from graph.view import refresh

TENANTS, EDGES, ENTITIES = 200, 400, 60
TICKS = os.sysconf("SC_CLK_TCK")  # per second, in /proc
HELD = 0.3  # seconds: the 95th percentile of a rate that is held
STEP, STEP_SECONDS = 25, 15
AT_ONCE = 200
WARMING = 8  # concurrent requests before the measurement
MIX = {  # percentages of the questions
    "stats/": 10,
    "entities/?search={name}": 15,
    "entities/{entity}/": 10,
    "relationships/?limit=20&party={entity}": 15,
    "relationships/{relationship}/": 15,
    "relationships/{relationship}/explain/": 5,
    "insights/temporal/?limit=20": 10,
    "paths/?source={entity}&target={other}": 10,
    "importance/?top=10": 5,
    "cash-flow/": 5,
}


@dataclass(frozen=True, slots=True)
class Tenant:
    token: str
    entities: list[str]
    relationships: list[str]


@dataclass(slots=True)
class Measured:
    """The results of one stage at `rate` requests per second: the seconds of each answered request
    (`times`), and the number of refused or failed ones (`errors`)."""

    rate: float
    times: list[float]
    errors: int

    def quantile(self, part: float) -> float:
        if len(self.times) < 2:
            return float("inf")
        return statistics.quantiles(self.times, n=1000)[round(part * 1000) - 1]

    @property
    def held(self) -> bool:
        return not self.errors and self.quantile(0.95) <= HELD


def main() -> None:
    options = _options()
    if not isolated_servers.inside():
        sys.exit(isolated_servers.again("benchmarks.load", {}))
    isolated_servers.stoppable()
    with dataset.database():
        tenants = _books(options.seed)
        with _pooler() if options.pgbouncer else nullcontext() as pooled:
            figures = _measured(tenants, options, pooled)
    print(json.dumps(figures) if options.json else _report(figures))


def _measured(
    tenants: list[Tenant], options: argparse.Namespace, pooled: dict[str, str] | None
) -> dict[str, Any]:
    environment = {"FINLEY_LOG_LEVEL": "ERROR", **(pooled or database())}
    with served(environment, processes=options.processes) as server:
        port, seed = server.port, options.seed
        _warm(port, tenants, seed)
        speed = [_additions()]
        before = _cpu_seconds(server.pids), _cpu_seconds(_backends())
        steady = stage(port, tenants, options.rate, options.seconds, seed)
        after = _cpu_seconds(server.pids), _cpu_seconds(_backends())
        most = len(_backends())
        best = steady.rate if steady.held else 0.0
        for rate in _rates(steady) if options.ramp else ():
            seed += 1
            other = stage(port, tenants, rate, STEP_SECONDS, seed)
            most = max(most, len(_backends()))
            if other.held:
                best = rate
            if other.held != steady.held:  # the highest rate that is held lies between the two
                break
        speed.append(_additions())
    return {
        "requests_per_second": best,
        "rate": steady.rate,
        **{f"p{n}_ms": round(steady.quantile(n / 100) * 1000, 1) for n in (50, 95, 99)},
        "errors": steady.errors,
        "connections": most,
        "server_cpu_ms": _each(before[0], after[0], steady),
        "database_cpu_ms": _each(before[1], after[1], steady),
        "machine": speed,
        "processes": options.processes,
        "tenants": len(tenants),
        "pgbouncer": pooled is not None,
    }


def _each(before: float | None, after: float | None, stage: Measured) -> float | None:
    """The processor milliseconds per request of the stage, from the processor seconds `before` and
    `after` it. None if these are unknown."""
    if before is None or after is None:
        return None
    return round((after - before) / (len(stage.times) + stage.errors) * 1000, 2)


def _additions() -> float:
    start, total = time.process_time(), 0
    for n in range(10_000_000):
        total += n
    return round(time.process_time() - start, 2)


def _rates(steady: Measured) -> Iterator[float]:
    """Yield the rates to try next, in requests per second: ever higher ones if the steady rate was
    held, else ever lower ones above 0."""
    if steady.held:
        return itertools.count(steady.rate + STEP, STEP)
    below = itertools.count(steady.rate - STEP, -STEP)
    return itertools.takewhile(lambda rate: rate > 0, below)


def _warm(port: int, tenants: list[Tenant], seed: int) -> None:
    print(f"every question of {len(tenants)} tenants …", file=sys.stderr)
    chance = random.Random(seed)
    requests = [_asking(tenant, question, chance) for question in MIX for tenant in tenants]
    asyncio.run(_in_turn(port, requests))


async def _in_turn(port: int, requests: list[bytes]) -> None:
    remaining = iter(requests)

    async def ask() -> None:
        line = Line(port)
        for request in remaining:
            await line.ask(request)
        line.close()

    await asyncio.gather(*(ask() for _ in range(WARMING)))


def stage(port: int, tenants: list[Tenant], rate: float, seconds: float, seed: int) -> Measured:
    """Send the tenants' requests at this rate per second for this many seconds. Return the
    results."""
    print(f"{rate:g} a second for {seconds:g} s …", file=sys.stderr)
    answers = asyncio.run(_arriving(port, tenants, rate, seconds, random.Random(seed)))
    times = [seconds for seconds, well in answers if well]
    measured = Measured(rate, times, len(answers) - len(times))
    p95 = measured.quantile(0.95) * 1000
    print(f"  p95 {p95:.0f} ms, {measured.errors} errors of {len(answers)}", file=sys.stderr)
    return measured


async def _arriving(
    port: int, tenants: list[Tenant], rate: float, seconds: float, chance: random.Random
) -> list[tuple[float, bool]]:
    lines: asyncio.LifoQueue[Line] = asyncio.LifoQueue()
    for _ in range(AT_ONCE):
        lines.put_nowait(Line(port))
    start, at, tasks = time.perf_counter(), 0.0, []
    while (at := at + chance.expovariate(rate)) < seconds:
        arrival, request = start + at, _request(chance.choice(tenants), chance)
        await asyncio.sleep(max(0.0, arrival - time.perf_counter()))
        tasks.append(asyncio.create_task(_answered(lines, request, arrival)))
    answers = await asyncio.gather(*tasks)
    while not lines.empty():
        lines.get_nowait().close()
    return list(answers)


async def _answered(
    lines: "asyncio.LifoQueue[Line]", request: bytes, arrival: float
) -> tuple[float, bool]:
    line = await lines.get()
    try:
        well = await asyncio.wait_for(line.ask(request), 30) == 200
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        line.close()
        well = False
    lines.put_nowait(line)
    return time.perf_counter() - arrival, well


class Line:
    """A persistent connection. It speaks only as much HTTP/1.1 as needed, because the client's cost
    would count as the server's."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> int:
        """Send the request and return the HTTP status of the response. If the server has closed the
        persistent connection, it is opened again once."""
        was_open = self._reader is not None
        try:
            return await self._request(request)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if not was_open or getattr(error, "partial", b""):
                raise
        self.close()
        return await self._request(request)

    async def _request(self, request: bytes) -> int:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r")[0])
        body = await self._reader.readexactly(length)
        if (status := int(head[9:12])) != 200:
            print(f"  {request[4:90]!r} → {status} {body[:300]!r}", file=sys.stderr)
        return status

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


def _request(tenant: Tenant, chance: random.Random) -> bytes:
    (question,) = chance.choices(list(MIX), list(MIX.values()))
    return _asking(tenant, question, chance)


def _asking(tenant: Tenant, question: str, chance: random.Random) -> bytes:
    entity, other = chance.choices(tenant.entities, k=2)
    path = question.format(
        name=f"party%20{chance.randrange(ENTITIES)}",
        entity=entity,
        other=other,
        relationship=chance.choice(tenant.relationships),
    )
    return (
        f"GET /api/v1/graph/{path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {tenant.token}\r\n\r\n"
    ).encode()


def _books(seed: int) -> list[Tenant]:
    """Make the books of all tenants. Return each tenant with a token."""
    chance = random.Random(seed)
    books = SQL(cast(LiteralString, dataset.BOOKS.read_text()))
    users = [UUID(int=chance.getrandbits(128)) for _ in range(TENANTS)]
    with connections["owner"].cursor() as cursor:
        for number, user in enumerate(users):
            options = {"edges": EDGES, "entities": ENTITIES, "seed": seed * 1000 + number}
            parameters = {name: Literal(value) for name, value in options.items()}
            cursor.execute(books.format(user=Literal(user), **parameters))
    refresh.refresh(concurrently=False)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    with as_owner():
        users_ = [User(id=user, email=f"{user}@load.example") for user in users]
        User.objects.bulk_create(users_)
        tokens = [ApiToken.objects.create(user, name="load")[1] for user in users_]
    return [
        Tenant(token, _ids("normalized_entities", user), _ids("relationship_instances", user))
        for token, user in zip(tokens, users, strict=True)
    ]


def _ids(table: str, user: UUID) -> list[str]:
    with connections["owner"].cursor() as cursor:
        query = f"SELECT id::text FROM {table} WHERE user_id = %s ORDER BY id LIMIT 200"  # noqa: S608
        cursor.execute(query, [user])
        return [row_id for (row_id,) in cursor.fetchall()]


def _backends() -> list[int]:
    """The process ids of the current database sessions of the application's role. Pools do not
    shrink within a stage."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE usename = 'finley_app'")
        return [pid for (pid,) in cursor.fetchall()]


def _cpu_seconds(pids: list[int]) -> float | None:
    """The processor seconds that these processes have used; None if they cannot be read."""
    try:
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    except OSError:
        return None
    return (
        sum(int(user) + int(system) for *_, user, system in (stat[:13] for stat in stats)) / TICKS
    )


@contextmanager
def _pooler() -> Iterator[dict[str, str]]:
    """Run PgBouncer in front of the embedded server, for the application's role."""
    folder = Path(tempfile.mkdtemp(prefix="pgb", dir="/tmp"))
    server = connections["owner"].get_connection_params()["host"]
    settings = folder / "pgbouncer.ini"
    settings.write_text(PGBOUNCER.format(server=server, folder=folder))
    (folder / "users").write_text('"finley_app" ""\n')
    # PgBouncer refuses root. So root runs it under another name in its own namespace, with root's
    # sockets.
    renamed = ["unshare", "--user", "--map-user=65534"] if os.geteuid() == 0 else []
    process = subprocess.Popen([*renamed, "/usr/sbin/pgbouncer", "-q", str(settings)])
    try:
        time.sleep(1)
        yield database(through=str(folder), port=6432)
    finally:
        process.terminate()
        process.wait(10)


PGBOUNCER = """
[databases]
* = host={server} port=5432
[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = 6432
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 12
max_client_conn = 200
logfile =
pidfile =
"""


def _report(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name.replace('_', ' '):22}{value!s:>10}" for name, value in figures.items())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--rate", type=float, default=150, help="arrivals a second (150)")
    parser.add_argument("--seconds", type=float, default=60, help="that they go on (60)")
    parser.add_argument("--processes", type=int, default=1, help="of the server (1)")
    parser.add_argument("--pgbouncer", action="store_true", help="through PgBouncer")
    parser.add_argument("--no-ramp", dest="ramp", action="store_false", help="only that rate")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    return parser.parse_args()


if __name__ == "__main__":
    main()
