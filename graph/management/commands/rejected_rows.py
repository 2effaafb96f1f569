"""`manage.py rejected_rows`: list rejected rows, and store those that were corrected."""

import json
from argparse import RawDescriptionHelpFormatter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.errors import GraphError
from graph.ingest.file_parts import format_of
from graph.ingest.import_file import with_known
from graph.ingest.mappings import from_toml
from graph.ingest.readers.parts import Hints
from graph.ingest.resubmit import rejected, resubmit
from graph.management import ledger_options
from graph.management.commands.enrich import enriched
from graph.management.commands.import_ledger import has_changed, in_words


class Command(BaseCommand):
    help = (
        "List the rows that imports have rejected, with line, column and reason. To correct them,\n"
        "edit the text column of the rejects file, then store them with:\n\n"
        "  manage.py rejected_rows --resubmit FILE.rejects.csv --ledger FILE --user WHO\n\n"
        "They become rows of the ledger file under their old lines; those that still cannot be\n"
        "read stay in the rejects file. Delete a row there to drop it."
    )
    requires_system_checks: Any = []  # they would load the whole site

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rejects",
            type=Path,
            default=settings.STATE_DIR / "rejects",
            metavar="FOLDER",
            help="folder of the rejects files (default: %(default)s)",
        )
        parser.add_argument("--resubmit", type=Path, metavar="FILE.rejects.csv")
        parser.add_argument(
            "--ledger", type=Path, metavar="FILE", help="the ledger file that they come from"
        )
        parser.add_argument("--user", default="", help="whose books: a UUID or an e-mail address")
        parser.add_argument("--mapping", type=Path, metavar="FILE.toml", help="as at the import")
        parser.add_argument("--account", default="", metavar="NAME", help="as at the import")
        parser.add_argument("--no-enrich", action="store_true", help="leave the layers to a worker")
        parser.add_argument("--json", action="store_true", help="print one JSON object")
        ledger_options.add(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["resubmit"]:
                self._resubmit(options)
            else:
                self._list(options["rejects"], as_json=options["json"])
        except GraphError as error:
            raise CommandError(str(error)) from None

    def _list(self, folder: Path, *, as_json: bool) -> None:
        files = {path.name: rejected(path) for path in sorted(folder.rglob("*.rejects.csv"))}
        if as_json:
            content = {name: [asdict(row) for row in rows] for name, rows in files.items()}
            self.stdout.write(json.dumps({"files": content}))
            return
        for name, rows in files.items():
            self.stdout.write(f"{name}: {len(rows):,} rejected")
            for row in rows:
                self.stdout.write(f"  line {row.line} {row.field or '-'}: {row.reason}")
                self.stdout.write(f"    {row.text}")
        if not files:
            self.stdout.write(f"no rejected rows in {folder}")

    def _resubmit(self, options: dict[str, Any]) -> None:
        if not options["ledger"] or not options["user"]:
            raise CommandError("--resubmit needs --ledger and --user")
        user_id, ledger = tenant_lookup.find(options["user"]), options["ledger"]
        choices = ledger_options.choices_of(options)
        mapping = from_toml.load(options["mapping"]) if options["mapping"] else None
        hints = with_known(user_id, Hints(account=options["account"], choices=choices))
        by = mapping or format_of(ledger, hints)
        imported = resubmit(user_id, options["resubmit"], ledger, by, hints)
        if options["json"]:
            self.stdout.write(json.dumps({"file": imported.file, **asdict(imported.counts)}))
        else:
            self.stdout.write(f"{imported.file} ({imported.format}): {in_words(imported.counts)}")
        if not options["no_enrich"] and has_changed(imported.counts):
            enriched(user_id)
