"""`manage.py adopt`: the replaced system's tables into finley."""

import json
import re
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from graph import tenant_lookup
from graph.adopting.outcome import Adopted, Table
from graph.adopting.run import FLOW, adopt
from graph.errors import GraphError

CURRENCY = re.compile("[A-Z]{3}")


class Command(BaseCommand):
    help = (
        "Bring the tables of the replaced system over: events, entities, matches, relationships\n"
        "and the nine layers, one row of a layer for each relationship. See docs/adopting.md.\n\n"
        "All of it comes or, where something is amiss, nothing; a second run adds nothing. Begin\n"
        "with --dry-run: it says what would come, what would be skipped, and why."
    )

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--schema", help="where the old tables are (with --from: public)")
        parser.add_argument(
            "--from",
            dest="url",
            default="",
            metavar="URL",
            help="their database, postgresql://…, if it is not finley's own; PGPASSWORD is heeded",
        )
        parser.add_argument("--user", nargs="+", default=[], help="only these tenants")
        parser.add_argument(
            "--flow",
            nargs="+",
            default=list(FLOW),
            metavar="TYPE",
            help="types of relationships that move money (payment); the others are links",
        )
        parser.add_argument("--currency", default="", help="of amounts that state none, as GBP")
        parser.add_argument(
            "--create-users", action="store_true", help="make a user for each tenant without one"
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["schema"] and not options["url"]:
            raise CommandError("Say where the old tables are: --schema NAME, or --from URL.")
        if options["currency"] and not CURRENCY.fullmatch(options["currency"]):
            raise CommandError("--currency takes an ISO code: three capital letters, as GBP.")
        try:
            done = adopt(
                options["schema"] or "public",
                options["url"],
                only=[tenant_lookup.find(each) for each in options["user"]],
                currency=options["currency"],
                flow=options["flow"],
                create_users=options["create_users"],
                dry_run=options["dry_run"],
            )
        except GraphError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(as_json(done) if options["json"] else "\n".join(in_words(done)))


def as_json(done: Adopted) -> str:
    told = asdict(done)
    del told["written"]
    told["seconds"] = round(done.seconds, 3)
    told["tables"] = {each.pop("name"): each for each in told["tables"]}
    told["relationship_types"] = [
        {"type": kind, "edge_class": edge, "rows": rows}
        for kind, edge, rows in done.relationship_types
    ]
    return json.dumps(told)


def in_words(done: Adopted) -> Iterator[str]:
    for table in done.tables:
        yield from _table(table, done.dry_run)
    for kind, edge, rows in done.relationship_types:
        yield f"{rows:,} relationships of type {kind} are {edge}"
    yield (
        f"The old tables, joined, give {done.rows_joined:,} rows for {done.relationships:,} "
        "relationships; here each has one."
    )
    if done.repointed:
        yield f"{done.repointed:,} relationships that were there got a pattern."
    if done.pointers_lost:
        yield f"{done.pointers_lost:,} pointers of relationships at no pattern are left empty."
    yield from _users(done)
    yield f"{_tenants(done.tenants)}, {done.seconds:.1f} s."
    yield (
        "Nothing was written: run it without --dry-run."
        if done.dry_run
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


def _users(done: Adopted) -> Iterator[str]:
    if done.users_made:
        yield f"{done.users_made:,} users made: give them addresses in the admin."
    if done.tenants_without_user:
        some = ", ".join(done.tenants_without_user[:3])
        more = len(done.tenants_without_user) - 3
        yield (
            f"No user is {some}{f' and {more:,} more' if more > 0 else ''}: "
            "--create-users makes them."
        )


def _tenants(count: int) -> str:
    return f"{count:,} tenant{'' if count == 1 else 's'}"
