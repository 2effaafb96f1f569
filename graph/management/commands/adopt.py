"""`manage.py adopt`: import the replaced system's tables."""

import json
import re
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.adopting.adoption_counts import Adopted, Table
from graph.adopting.run_adoption import FLOW, adopt
from graph.errors import GraphError

CURRENCY = re.compile("[A-Z]{3}")


class Command(BaseCommand):
    help = (
        "Import the tables of the replaced system: events, entities, matches, relationships and\n"
        "the nine layers, with one row of a layer per relationship. See docs/adopting.md.\n\n"
        "Either everything is imported or nothing. A second run adds nothing. Begin with\n"
        "--dry-run, which shows what would be imported and skipped, and why."
    )

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--schema", help="schema of the old tables (with --from: public)")
        parser.add_argument(
            "--from",
            dest="url",
            default="",
            metavar="URL",
            help="database of the old tables, postgresql://…, if not finley's; reads PGPASSWORD",
        )
        parser.add_argument("--user", nargs="+", default=[], help="only these tenants")
        parser.add_argument(
            "--flow",
            nargs="+",
            default=list(FLOW),
            metavar="TYPE",
            help="relationship types that move money (payment); other types are links",
        )
        parser.add_argument("--currency", default="", help="for amounts without one, such as GBP")
        parser.add_argument(
            "--create-users", action="store_true", help="create a user for each tenant without one"
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["schema"] and not options["url"]:
            raise CommandError("Name the source of the old tables: --schema NAME or --from URL.")
        if options["currency"] and not CURRENCY.fullmatch(options["currency"]):
            raise CommandError("--currency must be an ISO code of three capital letters, as GBP.")
        try:
            outcome = adopt(
                options["schema"] or "public",
                options["url"],
                only=[tenant_lookup.find(user) for user in options["user"]],
                currency=options["currency"],
                flow=options["flow"],
                create_users=options["create_users"],
                dry_run=options["dry_run"],
            )
        except GraphError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(as_json(outcome) if options["json"] else "\n".join(in_words(outcome)))


def as_json(outcome: Adopted) -> str:
    report = asdict(outcome)
    del report["written"]
    report["seconds"] = round(outcome.seconds, 3)
    report["tables"] = {table.pop("name"): table for table in report["tables"]}
    report["relationship_types"] = [
        {"type": kind, "edge_class": edge, "rows": rows}
        for kind, edge, rows in outcome.relationship_types
    ]
    return json.dumps(report)


def in_words(outcome: Adopted) -> Iterator[str]:
    for table in outcome.tables:
        yield from _table(table, outcome.dry_run)
    for kind, edge, rows in outcome.relationship_types:
        yield f"{rows:,} relationships of type {kind} are {edge}"
    yield (
        f"Joining the old tables gives {outcome.rows_joined:,} rows for {outcome.relationships:,} "
        "relationships. In finley each has one row."
    )
    if outcome.repointed:
        yield f"{outcome.repointed:,} existing relationships got a pattern."
    if outcome.pointers_lost:
        yield f"{outcome.pointers_lost:,} relationships referred to a missing pattern; now to none."
    yield from _users(outcome)
    yield f"{_tenants(outcome.tenants)}, {outcome.seconds:.1f} s."
    yield (
        "Nothing was written. Run it without --dry-run to write."
        if outcome.dry_run
        else "Next: manage.py refresh_enriched_view"
    )


def _table(table: Table, dry_run: bool) -> Iterator[str]:
    became = f" (as {table.written:,})" if table.written != table.brought else ""
    skipped = sum(table.skipped.values())
    yield (
        f"{table.name:30} {table.rows:,} rows = {table.brought:,} "
        f"{'to bring' if dry_run else 'brought'}{became} + {table.already_there:,} already there "
        f"+ {skipped:,} skipped"
    )
    for reason, rows in table.skipped.items():
        yield f"  {rows:,} skipped: {reason}"
    if table.kept:
        yield f"  kept as they are: {', '.join(table.kept)}"
    if table.left:
        yield f"  not read: {', '.join(table.left)}"


def _users(outcome: Adopted) -> Iterator[str]:
    if outcome.users_made:
        yield f"{outcome.users_made:,} users created. Set their e-mail addresses in the admin."
    if outcome.tenants_without_user:
        some = ", ".join(outcome.tenants_without_user[:3])
        more = len(outcome.tenants_without_user) - 3
        yield (
            f"No user is {some}{f' and {more:,} more' if more > 0 else ''}: "
            "--create-users creates them."
        )


def _tenants(count: int) -> str:
    return f"{count:,} tenant{'' if count == 1 else 's'}"
