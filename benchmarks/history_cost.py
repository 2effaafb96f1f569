"""Measures what history costs: questions as of a version beside current ones, and recorded writes.

`python -m benchmarks.history_cost --edges 50000 --json`. Everything happens on servers of its own,
which are deleted at the end. Each pair is measured by turns, after as many that do not
count; the values are medians.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connections

from benchmarks import dataset, freshness_cost, isolated_servers
from graph.database import past
from graph.history import row_triggers
from graph.questions import cash_flow, insights, open_items, relationships, spend
from graph.questions.expected import due
from graph.reading import as_of
from graph.view import refresh, version

TENANT = freshness_cost.TENANT
TODAY = date(2026, 1, 31)
ROUNDS = 5
QUESTIONS: dict[str, Callable[[], Any]] = {
    "relationships": partial(relationships.relationships, TENANT, {}),
    "cash_flow": partial(cash_flow.cash_flow, TENANT, today=TODAY),
    "spend": partial(spend.spend, TENANT, today=TODAY),
    "open_items": partial(open_items.open_items, TENANT, today=TODAY),
    "due": partial(due.due_until, TENANT, date(2026, 3, 1), today=TODAY),
    "insights": partial(insights.insights, TENANT, "fraud", today=TODAY),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, default=50_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not isolated_servers.inside():
        sys.exit(isolated_servers.again("benchmarks.history_cost", {"FINLEY_LOG_LEVEL": "ERROR"}))
    isolated_servers.stoppable()
    with dataset.database():
        figures = measured(options.edges)
    print(json.dumps(figures, indent=None if options.json else 2))


def measured(edges: int) -> dict[str, Any]:
    dataset.fill(TENANT, edges, max(edges // 10, 2), 1)
    row_triggers.put_in_place("owner")
    refresh.refresh()
    figures: dict[str, Any] = {"edges": edges, "writes": _writes()}
    before = version.version(TENANT)
    for share in (0.01, 0.3):
        freshness_cost._change(share)
        refresh.refresh()
        figures[f"as_of_{share:.0%}_changed"] = {
            name: _compared(question, before) for name, question in QUESTIONS.items()
        }
    return figures


def _compared(question: Callable[[], Any], before: str) -> dict[str, float]:
    """The seconds of the question now and as of the version, and their ratio."""
    turns = partial(freshness_cost._by_turns, question, partial(_as_of, before, question))
    turns()  # these do not count: the first turns also read the catalogue
    now, then = turns()
    return {"now": round(now, 4), "as_of": round(then, 4), "ratio": round(then / now, 2)}


def _as_of(before: str, question: Callable[[], Any]) -> None:
    with past.reading(as_of.moment(TENANT, ZoneInfo("UTC"), before).past):
        question()


def _writes() -> dict[str, float]:
    """The ratios of recorded writes to those that are not recorded."""
    return {
        "bulk_insert": _recorded_and_not(freshness_cost._bulk),
        "bulk_update": _recorded_and_not(partial(freshness_cost._change, 0.3)),
        "single_update": _recorded_and_not(freshness_cost._single),
    }


def _recorded_and_not(write: Callable[[], None]) -> float:
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(ROUNDS):
        for recorded in (True, False):
            with _recording(recorded):
                times[recorded].append(freshness_cost._timed(write))
    return round(statistics.median(times[True]) / statistics.median(times[False]), 3)


@contextmanager
def _recording(on: bool) -> Iterator[None]:
    names = [
        (table, row_triggers.trigger_name(table, how)) for table, how in row_triggers.triggers()
    ]
    statements = [] if on else ["DISABLE", "ENABLE ALWAYS"]
    for how in statements:
        with connections["owner"].cursor() as cursor:
            for table, name in names:
                cursor.execute(f"ALTER TABLE {table} {how} TRIGGER {name}")
        if how == "DISABLE":
            yield
    if on:
        yield


if __name__ == "__main__":
    main()
