"""`manage.py make_mapping`: write how a file would be read as a mapping that a person can
correct."""

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.errors import GraphError
from graph.ingest.guessing.as_toml import as_toml
from graph.ingest.guessing.guess import guess
from graph.ingest.guessing.side_by_side import first_rows
from graph.ingest.mappings import from_toml, saved_mappings
from graph.ingest.mappings.mapping import Mapping
from graph.management import ledger_options


class Command(BaseCommand):
    help = (
        "Write the mapping (TOML) by which import_ledger would read a file, with comments that\n"
        "say what each part was made from and what is open. The options decide that.\n\n"
        "With --save import_ledger reads the tenant's next file with the same columns by it; with\n"
        "--mapping what is saved is a file that you have corrected."
    )
    requires_system_checks: Any = []  # they would load the whole site

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--output", type=Path, metavar="FILE.toml", help="the file to write (default: print it)"
        )
        parser.add_argument("--save", action="store_true", help="save it for the tenant's files")
        parser.add_argument("--user", default="", help="whose files: a UUID or an e-mail address")
        parser.add_argument("--mapping", type=Path, metavar="FILE.toml", help="instead of a guess")
        ledger_options.add(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["save"] and not options["user"]:
            raise CommandError("--save needs --user: a mapping is saved for one tenant")
        try:
            self._made(options["file"], options)
        except GraphError as error:
            raise CommandError(str(error)) from None

    def _made(self, path: Path, options: dict[str, Any]) -> None:
        by = self._mapping(path, options)
        if options["output"]:
            self._write(options["output"], as_toml(by))
        elif not options["save"]:
            self.stdout.write(as_toml(by), ending="")
        if options["save"]:
            user_id = tenant_lookup.find(options["user"])
            if not saved_mappings.save(user_id, path, by):
                raise CommandError(saved_mappings.NOT_SAVED)
            self.stdout.write(f"saved: files with the columns of {path.name} are read by it")
        for row in first_rows(path, by):
            self.stderr.write(f"  {row}")

    def _mapping(self, path: Path, options: dict[str, Any]) -> Mapping:
        if options["mapping"]:
            return from_toml.load(options["mapping"])
        return guess(path, choices=ledger_options.choices_of(options))

    def _write(self, path: Path, text: str) -> None:
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror or error}") from error
        self.stdout.write(f"written: {path}")
