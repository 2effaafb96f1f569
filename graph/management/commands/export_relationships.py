"""`manage.py export_relationships`: a tenant's relationships as a file, with source keys."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import pyarrow as pa
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from tqdm import tqdm

from graph import tenant_lookup
from graph.database.statistics import analyze_grown
from graph.errors import GraphError
from graph.export import arrow_pages
from graph.export.arrow_pages import Export
from graph.export.table_files import WRITERS


class Command(BaseCommand):
    help = (
        "Export a tenant's rows of view_enriched_relationships with all nine layers, and the file "
        "and key of both events, so that they can be compared with the books. In CSV, text that a "
        "spreadsheet might run as a formula gets a leading apostrophe."
    )
    requires_system_checks: Any = []  # the checks would import the whole site
    what = "relationships"
    export: Callable[[UUID], AbstractContextManager[Export]] = staticmethod(
        arrow_pages.relationships
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", required=True, help="tenant: a UUID or an e-mail address")
        parser.add_argument("--format", choices=sorted(WRITERS), default="csv", help="(csv)")
        parser.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
        parser.add_argument("--raw", action="store_true", help="no apostrophes, for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = self._export(tenant_lookup.find(options["user"]), options)
        except GraphError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{options['output']}: {error.strerror or error}") from None
        self.stderr.write(f"{count:,} {self.what} to {options['output'] or 'standard output'}")

    def _export(self, user_id: UUID, options: dict[str, Any]) -> int:
        """Export all rows and return their number.

        On an error the output file is left unchanged.
        """
        analyze_grown(connections["owner"], user_id)
        with type(self).export(user_id) as export, self._opened(options["output"]) as file:
            write = WRITERS[options["format"]]
            write(file, export.schema, shown(export, self.what), raw=options["raw"])
        return export.total

    @contextmanager
    def _opened(self, output: Path | None) -> Iterator[IO[bytes]]:
        """Yield a temporary file, which is renamed to `output` when it is complete."""
        if output is None:
            yield getattr(self.stdout, "buffer", sys.stdout.buffer)
            return
        part = output.with_name(f".{output.name}.{os.getpid()}.part")
        try:
            with part.open("wb") as file:
                yield file
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)


def shown(export: Export, what: str) -> Iterator[pa.Table]:
    """Yield the pages, with a progress bar on a terminal."""
    hidden = not sys.stderr.isatty()
    with tqdm(total=export.total, desc=what, unit="row", unit_scale=True, disable=hidden) as bar:
        for page in export.pages:
            yield page
            bar.update(page.num_rows)
