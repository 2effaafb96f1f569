"""Measures what a tenant's books cost: bytes on disk for each relationship, by table and index, and
processor time for each imported row and each relationship that is enriched.

Books of the second generator, or the files that are given, are imported into a database of their
own, enriched, and the view is refreshed. Processor time is this process's and that of its sessions
in the database, so other work on the machine does not change it.
"""

import argparse
import json
import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connections

from benchmarks import dataset
from benchmarks.enrich_cost import DATABASE, StepClock, scale_of
from benchmarks.otherbooks import charity as books
from benchmarks.scoring import scored_tenants as tenants
from graph.enrich import run_enrichment
from graph.ingest.file_parts import Format, format_of
from graph.ingest.import_file import import_file
from graph.models.view_sql import VIEW

SIZES = Path(__file__).with_name("books_sizes.sql")
VACUUM = "VACUUM (ANALYZE)"  # as autovacuum leaves tables; new versions of rows count until then
MIB = 1024  # KiB
# A parallel worker is a process of its own, which ends before its processor time can be read.
NOT_PARALLEL = {"PGOPTIONS": "-c max_parallel_workers_per_gather=0"}


@dataclass(frozen=True, slots=True)
class Size:
    """The rows and bytes of a table, or of the materialized view."""

    name: str
    is_view: bool
    rows: int
    data: int
    indexes: int


def main() -> None:
    options = _options()
    os.environ.update(NOT_PARALLEL)
    with dataset.database(DATABASE), _imports(options) as steps:
        clock = StepClock()
        user_id = tenants.made([])
        steps += [
            ("enrich", run_enrichment.enrich),
            ("refresh", _refreshed),
            ("refresh_concurrently", _refreshed_concurrently),
        ]
        for name, step in steps:
            clock.begin(name)
            step(user_id)
        clock.begin("")
        sizes = _sizes()
    _print(sizes, clock.seconds, as_json=options.json)


@contextmanager
def _imports(options: argparse.Namespace) -> Iterator[list[tuple[str, Callable[[UUID], Any]]]]:
    """Yield the step that imports the files, with its name."""
    with tempfile.TemporaryDirectory() as folder:
        files: list[tuple[Path, Format]] = [(path, format_of(path)) for path in options.files]
        if not files:
            made = books.write(Path(folder), 1, scale=scale_of(options.payments, 1))
            files = [(path, books.mapping_of(path.name)) for path in made.files]

        def imported(user_id: UUID) -> None:
            for path, mapping in files:
                import_file(user_id, path, mapping, Path(folder))

        yield [("import", imported)]


def _refreshed(_: UUID) -> None:
    """Compute the view in the session whose processor time is measured; `refresh` opens another."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"REFRESH MATERIALIZED VIEW {VIEW}")


def _refreshed_concurrently(_: UUID) -> None:
    """Compute the view beside the old one and compare them, as the periodic task does. Nothing has
    changed in between."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {VIEW}")


def _sizes() -> list[Size]:
    tables = [model._meta.db_table for model in apps.get_app_config("graph").get_models()]
    with connections["owner"].cursor() as cursor:
        cursor.execute(VACUUM)
        cursor.execute(SIZES.read_text(), [tables])
        sizes = [Size(*row) for row in cursor.fetchall()]
    return [size for size in sizes if size.rows]


def _print(sizes: list[Size], seconds: dict[str, float], *, as_json: bool) -> None:
    count = {size.name: size.rows for size in sizes}
    relationships, events = count["relationship_instances"], count["raw_events"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    figures = {
        "relationships": relationships,
        "events": events,
        "import_ms_per_event": 1000 * seconds["import"] / events,
        "enrich_ms_per_relationship": 1000 * seconds["enrich"] / relationships,
        "refresh_ms_per_relationship": 1000 * seconds["refresh"] / relationships,
        "concurrent_refresh_ms_per_relationship": 1000
        * seconds["refresh_concurrently"]
        / relationships,
        "most_memory_mib": memory,
    }
    if as_json:
        print(json.dumps(figures))
        return
    print("| table | rows | bytes per relationship: data | indexes |\n|---|---:|---:|---:|")
    for size in sizes:
        _print_row(f"`{size.name}`", size.rows, size.data, size.indexes, relationships)
    for name, is_view in (("all tables", False), ("the view", True)):
        some = [size for size in sizes if size.is_view is is_view]
        rows, data = sum(size.rows for size in some), sum(size.data for size in some)
        _print_row(name, rows, data, sum(size.indexes for size in some), relationships)
    print(*(f"{name}: {value:,.3f}" for name, value in figures.items()), sep="\n")


def _print_row(name: str, rows: int, data: int, indexes: int, relationships: int) -> None:
    each = f"{data / relationships:,.0f} | {indexes / relationships:,.0f}"
    print(f"| {name} | {rows:,} | {each} |")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.many_tenants.capacity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files", nargs="*", type=Path, help="ledger files instead of generated books"
    )
    parser.add_argument("--payments", type=int, default=20_000, help="of generated books (20,000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object without sizes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
