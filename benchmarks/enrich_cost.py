"""Measures what each step of `enrich` costs for ever larger books, and how the cost grows with the
number of payments.

Books of the second generator are imported and enriched, each in a tenant of its own. A size is a
number of payments, which the books have within a few per cent; the table's head states the exact
number. Seconds are processor time: this process's and that of its sessions in the database, if the
database runs on this machine. So other work on the machine does not change them. The exponent is
the slope of log seconds over log payments, by least squares.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from uuid import UUID

import numpy as np
from django.db import connections

from benchmarks import dataset
from benchmarks.otherbooks import charity as books
from benchmarks.scoring import scored_tenants as tenants

DATABASE = "finley_enrich_cost"
AGREED = 3_600  # payments of the books at scale 0, which are made under agreements
IRREGULAR = 2_045  # payments in addition for each unit of scale, on average
CLOSE, TRIES = 0.05, 6  # share by which the number of payments may differ from the size
LEAST = 0.2  # seconds; steps that are always faster have no exponent
SESSIONS = "SELECT pid::text FROM pg_stat_activity WHERE datname = %s"
COUNT = "SELECT count(*) FROM relationship_instances WHERE user_id = %s AND edge_class = 'flow'"


def main() -> None:
    options = _options()
    with dataset.database(DATABASE):
        costs = [_cost(size, options.seed) for size in options.sizes]
    steps = list(costs[0][1])
    print("| step | " + " | ".join(f"{count:,}" for count, _ in costs) + " | exponent |")
    print("|---|" + "---:|" * (len(costs) + 1))
    for step in [*steps, "all"]:
        seconds = [sum(cost.values()) if step == "all" else cost[step] for _, cost in costs]
        power = exponent([count for count, _ in costs], seconds)
        print(f"| `{step}` | " + " | ".join(f"{s:.2f}" for s in seconds) + f" | {power} |")
    if options.json:
        print(json.dumps(dict(costs)))


def exponent(sizes: list[int], seconds: list[float]) -> str:
    """The exponent with which the seconds grow with the size, as text; "" for a step that takes no
    time."""
    if len(sizes) < 2 or max(seconds) < LEAST:
        return ""
    slope = np.polyfit(np.log(sizes), np.log(np.maximum(seconds, 0.001)), 1)[0]
    return f"{slope:.2f}"


def scale_of(size: int, seed: int) -> float:
    """The scale at which the second generator's books have about `size` payments.

    It is found by trying, because how often a party is paid is drawn anew at each scale.
    """
    scale = max(size - AGREED, 0) / IRREGULAR
    for _ in range(TRIES):
        payments = sum(map(len, books.generate(seed, scale=scale).rows.values()))
        if abs(payments / size - 1) <= CLOSE:
            break
        scale *= size / payments
    return scale


def _cost(size: int, seed: int) -> tuple[int, dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        made = books.write(Path(folder), seed, scale=scale_of(size, seed))
        user_id = tenants.made([(path, books.mapping_of(path.name)) for path in made.files])
    clock = StepClock()
    import_module("graph.enrich.run_enrichment").enrich(user_id, progress=clock.begin)
    clock.begin("")
    count = _count(user_id)
    print(f"{count:,} payments: {sum(clock.seconds.values()):.1f} s", file=sys.stderr)
    return count, clock.seconds


@dataclass
class StepClock:
    """Measures processor seconds by step. `begin` starts a step and ends the step before it."""

    seconds: dict[str, float] = field(default_factory=dict)
    _step: str = ""
    _since: float = 0.0
    _sessions: dict[str, int] = field(default_factory=dict)

    def begin(self, step: str) -> None:
        self._sessions |= _ticks_of_sessions(DATABASE)  # those that have ended keep their last
        now = time.process_time() + sum(self._sessions.values()) / os.sysconf("SC_CLK_TCK")
        if self._step:
            self.seconds[self._step] = round(now - self._since, 3)
        self._step, self._since = step, now


def _ticks_of_sessions(name: str) -> dict[str, int]:
    """The processor time of the server's sessions of this database, in clock ticks by process id;
    empty if it cannot be read."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(SESSIONS, [name])
        processes = [Path("/proc", process) for (process,) in cursor.fetchall()]
    ticks = {}
    for process in processes:
        with suppress(OSError):  # it has ended in the meantime, or is on another machine
            if (process / "cmdline").read_bytes().startswith(b"postgres:"):
                fields = (process / "stat").read_text().rpartition(")")[2].split()
                ticks[process.name] = int(fields[11]) + int(fields[12])  # utime, stime
    return ticks


def _count(user_id: UUID) -> int:
    with connections["owner"].cursor() as cursor:
        cursor.execute(COUNT, [user_id])
        return int(cursor.fetchone()[0])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.enrich_cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    sizes = [10_000, 30_000, 100_000, 300_000]
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=sizes, help="payments (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="(1)")
    parser.add_argument("--json", action="store_true", help="one JSON object last on stdout")
    return parser.parse_args()


if __name__ == "__main__":
    main()
