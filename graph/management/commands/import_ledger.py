"""`manage.py import_ledger`: ledger files into a tenant's graph."""

import json
import resource
import sys
import time
from argparse import RawDescriptionHelpFormatter
from contextlib import suppress
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.errors import GraphError, TenantUnknown
from graph.ingest.file_parts import format_of, parts_of
from graph.ingest.guessing.side_by_side import SHOWN, row_in_words
from graph.ingest.import_file import (
    Imported,
    file_name,
    import_file,
    must_be_sure,
    summed,
    with_known,
)
from graph.ingest.mappings import from_toml, ready_formats
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.parse_cells import currency_code
from graph.ingest.progress import ProgressBar
from graph.ingest.readers.parts import Hints, Part
from graph.ingest.signals import file_imported
from graph.ingest.store import take_back
from graph.ingest.store.store_rows import Stored
from graph.ingest.store.take_back import Effect, Import
from graph.management import ledger_options
from graph.management.commands.enrich import enriched
from graph.management.ledger_options import choices_of

KILOBYTES_PER_MEGABYTE = 1024


class Command(BaseCommand):
    help = (
        "Import ledger files into a tenant's graph: every row becomes a transaction of two\n"
        "postings, with entities, matches and a payment between them. Files are recognised\n"
        "by their content: CSV, CAMT, MT940, OFX, QIF, Excel and OpenDocument workbooks,\n"
        "JSON lines, Parquet, UBL and CII invoices (also within a PDF), DATEV, beancount and\n"
        "hledger journals; plain, .gz or .zst.\n\n"
        "Importing again adds nothing; a changed row is an update. A file is imported whole or\n"
        "not at all; rows that cannot be read go to a rejects file with line, field and reason.\n"
        "A CSV's columns are recognised from its header, or guessed: see --dry-run and\n"
        "docs/formats.md."
    )
    requires_system_checks: Any = []  # they would load the whole site

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument(
            "--user", required=True, help="whose books: a UUID or an e-mail address"
        )
        parser.add_argument("--create-user", action="store_true", help="create the user if unknown")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--format", choices=sorted(ready_formats.ready()), help="a ready format")
        how.add_argument("--mapping", type=Path, metavar="FILE.toml", help="a format of your own")
        whose = parser.add_mutually_exclusive_group()
        whose.add_argument("--account", default="", metavar="NAME", help="whose account a file is")
        whose.add_argument(
            "--same-account",
            action="store_true",
            help="the file holds a part of an account's rows that other files of its layout hold",
        )
        ledger_options.add(parser)
        parser.add_argument(
            "--own",
            action="append",
            default=[],
            metavar="NAME",
            help="a name, VAT id or IBAN of your own company, which may stand in invoices",
        )
        _add_doing(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        start = time.perf_counter()
        if options["take_back"]:
            self._take_back(options)
            return
        mapping = self._chosen(options)
        if options["dry_run"]:
            failures = self._show(options["files"], mapping, options)
        else:
            user_id = self._tenant(options["user"], options["create_user"])
            imports, failures = self._import_all(user_id, mapping, options)
            self._report(imports, time.perf_counter() - start, as_json=options["json"])
            if not options["no_enrich"] and any(
                has_changed(imported.counts) for imported in imports
            ):
                enriched(user_id)
            for imported in imports:
                file_imported.send(type(self), user_id=user_id, file=imported.file)
        if failures:
            raise CommandError("\n".join(failures))

    def _take_back(self, options: dict[str, Any]) -> None:
        """Take back what was imported under each file's name, or show what that would remove."""
        user_id = self._tenant(options["user"], create=False)
        removed: list[dict[str, Any]] = []
        for path in options["files"]:
            of = Import(file=file_name(path))
            if options["dry_run"]:
                effect = take_back.effect(user_id, of)
            else:
                effect = take_back.take_back(user_id, of, "import_ledger")
            removed.append({"file": of.file, **take_back.as_dict(effect)})
            if not options["json"]:
                self.stdout.write(taken_in_words(of.file, effect, is_done=not options["dry_run"]))
        if options["json"]:
            self.stdout.write(json.dumps({"files": removed}, default=str))
        is_due = any(row["rows"] for row in removed) and not options["dry_run"]
        if is_due and not options["no_enrich"]:
            enriched(user_id)

    def _chosen(self, options: dict[str, Any]) -> Mapping | None:
        if options["format"]:
            return ready_formats.ready()[options["format"]]
        if options["mapping"]:
            try:
                return from_toml.load(options["mapping"])
            except GraphError as error:
                raise CommandError(str(error)) from None
        return None

    def _tenant(self, user: str, create: bool) -> UUID:
        try:
            return tenant_lookup.find(user, create=create)
        except GraphError as error:
            raise CommandError(str(error)) from None

    def _show(
        self, files: list[Path], mapping: Mapping | None, options: dict[str, Any]
    ) -> list[str]:
        """Print how each file would be read. Return a sentence for each file that could not be
        imported like that."""
        failures: list[str] = []
        descriptions: list[dict[str, Any]] = []
        hints = _hints(options)
        with suppress(TenantUnknown):  # a user who is yet to be made has saved no mappings
            hints = with_known(tenant_lookup.find(options["user"], create=False), hints)
        for path in files:
            try:
                by = mapping or format_of(path, hints)
                parts = parts_of(path, by, hints=hints)
                descriptions += [_as_dict(path, part) for part in parts]
                if not options["json"]:
                    for part in parts:
                        self._show_part(path, part)
                must_be_sure(path, parts)
            except GraphError as error:
                failures.append(str(error))
        if options["json"]:
            self.stdout.write(json.dumps({"files": descriptions, "failures": failures}))
        return failures

    def _show_part(self, path: Path, part: Part) -> None:
        label = f" [{part.label}]" if part.label else ""
        self.stdout.write(f"{path.name}{label}: {part.name} ({part.title})")
        for line in part.evidence:
            self.stdout.write(f"  {line}")
        for doubt in part.doubts:
            self.stdout.write(f"  not sure: {doubt.text}")

    def _import_all(
        self, user_id: UUID, mapping: Mapping | None, options: dict[str, Any]
    ) -> tuple[list[Imported], list[str]]:
        """Return the results, and a sentence for each file that could not be imported."""
        imports, failures = [], []
        hints = _hints(options)
        for path in options["files"]:
            try:
                by = mapping or format_of(path, with_known(user_id, hints))
                with ProgressBar(path) as bar:
                    imports.append(
                        import_file(
                            user_id,
                            path,
                            by,
                            options["rejects"],
                            bar.update_to,
                            hints=hints,
                        )
                    )
            except GraphError as error:
                failures.append(str(error))
        return imports, failures

    def _report(self, imports: list[Imported], seconds: float, *, as_json: bool) -> None:
        total = summed([imported.counts for imported in imports])
        measured = {"seconds": round(seconds, 3), "peak_mb": peak_mb()}
        if as_json:
            files = [
                {
                    "file": imported.file,
                    "format": imported.format,
                    **asdict(imported.counts),
                    "warnings": imported.warnings,
                    "doubts": [doubt.as_dict() for doubt in imported.doubts],
                }
                for imported in imports
            ]
            self.stdout.write(json.dumps({**asdict(total), **measured, "files": files}))
            return
        for imported in imports:
            self.stdout.write(f"{imported.file} ({imported.format}): {in_words(imported.counts)}")
            for warning in imported.warnings:
                self.stdout.write(f"  warning: {warning}")
            for doubt in imported.doubts:
                self.stdout.write(f"  not sure: {doubt.text}")
            if imported.rejects:
                self.stdout.write(f"  rejected rows, with reasons: {imported.rejects}")
        self.stdout.write(f"{in_words(total)}; {seconds:.1f} s, peak {measured['peak_mb']:.0f} MB")


def _add_doing(parser: CommandParser) -> None:
    """Add to the parser the options that say what is done with the files and what is printed."""
    parser.add_argument(
        "--dry-run", action="store_true", help="show each file's format, and import nothing"
    )
    parser.add_argument(
        "--take-back",
        action="store_true",
        help="take back what programs imported from files of these names instead of importing; "
        "with --dry-run, show what would go",
    )
    parser.add_argument(
        "--rejects",
        type=Path,
        default=settings.STATE_DIR / "rejects",
        metavar="FOLDER",
        help="where rejects files go (default: %(default)s)",
    )
    parser.add_argument("--no-enrich", action="store_true", help="leave the layers to a worker")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _as_dict(path: Path, part: Part) -> dict[str, Any]:
    return {
        "file": path.name,
        "part": part.label,
        "format": part.name,
        "title": part.title,
        "source": part.source,
        "records": part.mapping.recorded if part.mapping else None,
        "evidence": list(part.evidence),
        "doubts": [doubt.as_dict() for doubt in part.doubts],
        "rows": [row_in_words(row) for row in islice(part.read(), SHOWN)],
    }


def taken_in_words(file: str, effect: Effect, *, is_done: bool) -> str:
    """Return a text that says what taking a file's import back has removed (`is_done`), or would
    remove."""
    if not effect.rows and not effect.rows_kept:
        return f"{file}: no row of your books comes from a file of this name"
    sums = ", ".join(f"{row['currency']} {row['amount']:,.2f}" for row in effect.sums)
    rows = f"{effect.rows:,} rows{f' ({sums})' if sums else ''}"
    return (
        f"{file}: {rows} {'are gone' if is_done else 'would go'}; {effect.rows_kept:,} stay, which "
        f"another import holds, too; {effect.still_counted:,} payments count on through other "
        f"books; {effect.cases_decided:,} decided and {effect.cases_open:,} open cases rest on "
        f"them; {effect.links_decided:,} decisions on links {'are' if is_done else 'would be'} lost"
    )


def has_changed(counts: Stored) -> bool:
    return bool(counts.rows_stored or counts.rows_updated)


def _forms(name: str) -> tuple[str, str]:
    """Return the name as an identifier in capitals without spaces, and in lower case."""
    return name.replace(" ", "").upper(), " ".join(name.split()).casefold()


def _hints(options: dict[str, Any]) -> Hints:
    currency = options["currency"]
    try:
        return Hints(
            options["date_order"],
            currency_code(currency) if currency else None,
            frozenset(form for name in options["own"] for form in _forms(name)),
            options["account"],
            options["same_account"],
            choices_of(options),
        )
    except ValueError as error:
        raise CommandError(f"--currency: {error}") from None


def peak_mb() -> float:
    """Return this process's peak resident memory (Linux counts it in kilobytes, macOS in bytes)."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage counts what a parent had before it started this program, too
        line = next(x for x in status.read_text().splitlines() if x.startswith("VmHWM"))
        return round(int(line.split()[1]) / 1024, 1)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scale = KILOBYTES_PER_MEGABYTE * (KILOBYTES_PER_MEGABYTE if sys.platform == "darwin" else 1)
    return round(peak / scale, 1)


def in_words(counts: Stored) -> str:
    return (
        f"{counts.rows_in:,} rows in = {counts.rows_stored:,} stored + "
        f"{counts.rows_updated:,} updated + {counts.rows_unchanged:,} unchanged + "
        f"{counts.rows_rejected:,} rejected"
    )
