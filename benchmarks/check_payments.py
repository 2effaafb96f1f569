"""Measures how long the check of a pay run takes on Calderdale's books, and whether an import
agrees with its verdicts.

1,000 candidates are made from the books (new payments, repeats, typing errors) and checked, with
the books in memory (warm) and read anew (cold). A plain hash join of the candidates with the same
payments in PostgreSQL is measured alternately. Then the run is imported and enriched, and each
row's verdict is compared with the check's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connections, transaction

from benchmarks import dataset, payruns
from benchmarks.scoring import real_books
from benchmarks.scoring import scored_tenants as tenants
from graph.enrich.check.candidate_payment import Candidate
from graph.ingest.import_file import format_of
from graph.questions import check
from graph.reading import memory_cache

DATABASE = "finley_check"
JOIN = Path(__file__).with_suffix(".sql")
TIMES, ADDED = 1.5, 0.2  # the targets: factor of the join's seconds, and seconds in addition


@dataclass(frozen=True, slots=True)
class _Cost:
    """The time that something took: `seconds` on the clock, and `cpu`, seconds of this process on a
    processor (without PostgreSQL's)."""

    seconds: float
    cpu: float


def main() -> None:
    options = _options()
    if not real_books.files():
        sys.exit(f"There are no books in {real_books.FOLDER}.")
    try:
        with dataset.database(DATABASE):
            figures = run(options)
    except KeyboardInterrupt:
        sys.exit("Interrupted; the database made for measuring is gone.")
    for name, value in figures.items():
        print(f"{name:24} {value}", file=sys.stderr)
    if options.json:
        print(json.dumps(figures))


def run(options: argparse.Namespace) -> dict[str, Any]:
    user_id = tenants.made([(path, format_of(path)) for path in real_books.files()])
    tenants.enrich(user_id)
    pay_run = payruns.of_books(check.books(user_id), options.candidates, options.seed)
    memory_cache.histories.forget()
    cold = _cost(lambda: check.check(user_id, pay_run))
    joins, warm = _interleaved(user_id, pay_run, options.rounds)
    answer = check.check(user_id, pay_run)
    join = statistics.median(cost.seconds for cost in joins)
    seconds, target = [cost.seconds for cost in warm], TIMES * join + ADDED
    return {
        "candidates": len(pay_run),
        "payments": answer["payments_compared"],
        "counts": answer["counts"],
        "join_seconds": round(join, 4),
        "check_seconds": round(statistics.median(seconds), 4),
        "check_seconds_least": round(min(seconds), 4),
        "check_cpu_seconds": round(statistics.median(cost.cpu for cost in warm), 4),
        "first_check_seconds": round(cold.seconds, 3),
        "first_check_cpu_seconds": round(cold.cpu, 3),
        "target_seconds": round(target, 4),
        "met": statistics.median(seconds) <= target,
        **_equal(user_id, pay_run, answer),
    }


def _interleaved(
    user_id: UUID, pay_run: Sequence[Candidate], rounds: int
) -> tuple[list[_Cost], list[_Cost]]:
    joins, warm = [], []
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE candidates (amount numeric(20, 4), currency text) "
            "ON COMMIT DROP"
        )
        cursor.executemany(
            "INSERT INTO candidates VALUES (%s, %s)",
            [(one.amount, one.currency) for one in pay_run],
        )
        cursor.execute("ANALYZE candidates")
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off")
        for _ in range(rounds):
            joins.append(_cost(lambda: _joined(cursor, user_id)))
            warm.append(_cost(lambda: check.check(user_id, pay_run)))
    return joins, warm


def _joined(cursor: Any, user_id: UUID) -> None:
    cursor.execute(JOIN.read_text(), {"user_id": user_id})
    cursor.fetchone()


def _equal(user_id: UUID, pay_run: Sequence[Candidate], answer: dict[str, Any]) -> dict[str, Any]:
    """Import the pay run and enrich it. Return how many verdicts of the check are equal to those
    after the import, and how many are equal in every finding."""
    mine = payruns.checked(user_id, pay_run)
    with tempfile.TemporaryDirectory() as folder:
        payruns.imported(user_id, check.books(user_id), pay_run, Path(folder))
    tenants.enrich(user_id)
    theirs = payruns.judged(user_id, answer["source"], pay_run)
    pairs = list(zip(mine, theirs, strict=True))
    return {
        "equal_verdicts": sum(one[1] == other[1] for one, other in pairs),
        "equal_in_every_finding": sum(one == other for one, other in pairs),
    }


def _cost(work: Callable[[], object]) -> _Cost:
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return _Cost(time.perf_counter() - start, time.process_time() - cpu)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.check_payments",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"It makes a database {DATABASE} on the configured server and drops it at the end.",
    )
    parser.add_argument("--candidates", type=int, default=1000, help="(1000)")
    parser.add_argument("--rounds", type=int, default=5, help="(5)")
    parser.add_argument("--seed", type=int, default=1, help="(1)")
    parser.add_argument("--json", action="store_true", help="one JSON object last on stdout")
    return parser.parse_args()


if __name__ == "__main__":
    main()
