"""Measures what the last month of Calderdale's books costs to enrich, and what the books cost to
import.

The books without their last month are imported and enriched. Then the last month is imported and
enriched (`incremental`). All of the tenant's payments are then searched again (`again`). That must
change nothing: `changed` counts rows. A second tenant gets the whole books at once (`imported`).
Its rows are copied out, removed, and copied into the same tables again (`copied`), with all
triggers and indexes. Last it is enriched for the first time (`full`).

Seconds are processor time of this process and of its sessions in the database.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from uuid import UUID

from django.db import connections
from psycopg.sql import SQL, Composed, Identifier, Literal

from benchmarks import dataset
from benchmarks.enrich_cost import DATABASE, StepClock
from benchmarks.scoring import real_books
from benchmarks.scoring import scored_tenants as tenants
from graph.ingest.import_file import format_of, import_file

TABLES = ("normalized_entities", "raw_events", "entity_matches", "relationship_instances")
MONTH = "file_month"
COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = %s AND is_generated = 'NEVER'
    ORDER BY ordinal_position
"""


def main() -> None:
    options = _options()
    files = real_books.files(options.folder)
    if not files:
        sys.exit("There are no books to measure: name a folder with --folder.")
    with tempfile.TemporaryDirectory() as folder, dataset.database(DATABASE):
        results = run(files, Path(folder))
    for name, value in results.items():
        print(f"{name:22} {value:10.2f}")
    if options.json:
        print(json.dumps(results))


def run(files: list[Path], folder: Path) -> dict[str, float]:
    """Return the seconds, their ratios, and the number of rows that `again` changed, by name."""
    before, month = (_split(files, folder / part, part == "month") for part in ("before", "month"))
    tenant = tenants.made([(path, format_of(path)) for path in before], strictly=False)
    _enriched(tenant)
    _imported(tenant, month)
    incremental, _ = _enriched(tenant)
    again, changed = _enriched(tenant, everything=True)
    whole = tenants.made([], strictly=False)
    seconds = _seconds(lambda: _imported(whole, files))
    copied = _copied(whole, folder)
    full, _ = _enriched(whole)
    return {
        "incremental": incremental,
        "again": again,
        "full": full,
        "changed": changed,
        "imported": seconds,
        "copied": copied,
        "incremental_over_full": round(incremental / full, 3),
        "import_over_copy": round(seconds / copied, 3),
    }


def _split(files: list[Path], folder: Path, in_last: bool) -> list[Path]:
    """Write the rows of the last month, or those before it, to files of the same names."""
    folder.mkdir()
    for path in files:
        with gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
        last = max(row[MONTH] for row in rows)
        with gzip.open(folder / path.name, "wt", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, reader.fieldnames or ())
            writer.writeheader()
            writer.writerows(row for row in rows if (row[MONTH] == last) == in_last)
    return [folder / path.name for path in files]


def _imported(user_id: UUID, files: list[Path]) -> None:
    with tempfile.TemporaryDirectory() as rejects:
        for path in files:
            import_file(user_id, path, format_of(path), Path(rejects))


def _enriched(user_id: UUID, *, everything: bool = False) -> tuple[float, int]:
    """Enrich the tenant. Return the seconds, and how many rows were added, changed and removed."""
    clock = StepClock()
    run_enrichment = import_module("graph.enrich.run_enrichment")
    results = run_enrichment.enrich(user_id, progress=clock.begin, everything=everything)
    clock.begin("")
    for name, seconds in clock.seconds.items():
        print(f"{name:20} {seconds:8.2f}", file=sys.stderr)
    changes = sum(done.rows_added + done.rows_changed + done.rows_removed for done in results)
    return round(sum(clock.seconds.values()), 3), changes


def _seconds(work: Callable[[], None]) -> float:
    clock = StepClock()
    clock.begin("work")
    work()
    clock.begin("")
    return clock.seconds["work"]


def _copied(user_id: UUID, folder: Path) -> float:
    """Return the seconds that COPY needs for the tenant's imported rows."""
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            rows = SQL("COPY (SELECT {columns} FROM {table} WHERE user_id = {user}) TO STDOUT")
            with cursor.copy(_of_table(rows, table, user_id)) as copy:
                (folder / table).write_bytes(b"".join(map(bytes, copy)))
        for table in reversed(TABLES):
            rows = SQL("DELETE FROM {table} WHERE user_id = {user}")
            cursor.execute(_of_table(rows, table, user_id))
            cursor.execute(SQL("VACUUM {}").format(Identifier(table)))  # as if they had never been
    return _seconds(lambda: _copy(user_id, folder))


def _copy(user_id: UUID, folder: Path) -> None:
    rows = SQL("COPY {table} ({columns}) FROM STDIN")
    with connections["owner"].cursor() as cursor:
        for table in TABLES:
            with cursor.copy(_of_table(rows, table, user_id)) as copy:
                copy.write((folder / table).read_bytes())


def _of_table(query: SQL, table: str, user_id: UUID) -> Composed:
    with connections["owner"].cursor() as cursor:
        cursor.execute(COLUMNS, [table])
        columns = SQL(", ").join(Identifier(name) for (name,) in cursor.fetchall())
    return query.format(table=Identifier(table), columns=columns, user=Literal(user_id))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.increment_cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--folder", type=Path, help="with files like Calderdale's")
    parser.add_argument("--json", action="store_true", help="one JSON object last on stdout")
    return parser.parse_args()


if __name__ == "__main__":
    main()
