"""`manage.py demo`: shows finley's main job from an empty folder to answers, then serves it."""

import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from finley.demo import answers, steps, syncs
from finley.server import uvicorn
from graph.errors import GraphError
from graph.ingest.progress import ProgressBar
from graph.management.commands.build_graph import built
from graph.management.commands.enrich import enriched
from graph.questions import whole_graph
from syncjobs.sandbox.server import Sandbox

PORT = 8000


class Command(BaseCommand):
    help = (
        "Migrate, make a tenant with a token and an admin login, import books, sync mail and files "
        "from a sandbox, compute the layers, refresh the view, build the graph, print what is in "
        "it, then serve the API, its docs and the admin."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, help="your books: a folder or a ledger file")
        parser.add_argument("--seed", type=int, default=7, help="of the demo's own books")
        parser.add_argument(
            "--until", type=date.fromisoformat, help="last day of the demo's own books (yesterday)"
        )
        parser.add_argument("--no-serve", action="store_true", help="end instead of serving")
        parser.add_argument("--port", type=int, default=PORT, help="to serve on (%(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        start = time.perf_counter()
        with syncs.sandbox(options["seed"]) as box:
            try:
                until = options["until"] or steps.yesterday()
                access = self._prepare(options["data"], options["seed"], until)
                if options["data"] is None:  # nothing is added to a user's own books
                    self._syncs(box, access.user_id, options["seed"], until)
                self._timed("Layers computed", lambda: enriched(access.user_id))
                self._timed("View refreshed", steps.refresh)
                if edge := syncs.a_receipt(access.user_id):
                    self._say(f"  A mail as an edge\n    {edge}")
                self._answers(access.user_id)
                self._accountant(access.user_id)
            except GraphError as error:
                raise CommandError(str(error)) from None
            self._say(f"\nAll of it took {time.perf_counter() - start:.1f} s.")
            port = options["port"] if options["no_serve"] else steps.free_port(options["port"])
            self._tell_access(access, port)
            if not options["no_serve"]:
                self._serve(port)

    def _prepare(self, data: Path | None, seed: int, until: date) -> steps.Access:
        """Do everything that is needed for a view that contains the books."""
        self._timed("Database migrated", steps.migrate)
        access = steps.let_in(steps.tenant_of(data))
        files = steps.ledgers(data, settings.STATE_DIR, seed, until)
        if data is None:
            steps.forget_other_days(access.user_id, settings.STATE_DIR, seed, until)
        imports = self._timed(
            f"{len(files)} ledger files imported",
            lambda: steps.import_all(
                access.user_id, files, settings.STATE_DIR / "rejects", ProgressBar
            ),
        )
        for imported in imports:
            counts = imported.counts
            self._say(
                f"    {imported.file} ({imported.format}): {counts.rows_in:,} rows, "
                f"{counts.rows_stored:,} stored, {counts.rows_updated:,} updated, "
                f"{counts.rows_unchanged:,} unchanged, {counts.rows_rejected:,} rejected"
            )
        return access

    def _syncs(self, box: Sandbox, user_id: UUID, seed: int, until: date) -> None:
        """Sync mail and files from a sandbox, in addition to the books."""
        connections = syncs.connect(box, user_id, seed, until)
        outcomes = self._timed("4 connections synced", lambda: syncs.sync(connections))
        for synced in outcomes:
            outcome = (
                f"failed for good: {synced.failure.error}" if synced.failure else synced.in_words
            )
            self._say(f"    {synced.title:12} {outcome}")

    def _answers(self, user_id: UUID) -> None:
        stats = self._timed("Graph built", lambda: built(str(user_id)))
        self._say(
            f"    {stats['nodes']:,} entities, {stats['edges']:,} relationships, "
            f"{stats['components']:,} components, in {stats['queries']} queries"
        )
        self._layers(stats["layers"])
        groups = self._timed("Communities found", lambda: whole_graph.communities(user_id))
        sizes = ", ".join(str(group["size"]) for group in groups["results"])
        modularity = groups["modularity"]
        quality = "" if modularity is None else f", modularity {modularity:.2f}"
        self._say(f"    {groups['count']:,} communities{quality}; the largest: {sizes or 'none'}")
        self._vendors(user_id)

    def _layers(self, layers: dict[str, int]) -> None:
        self._say("  Relationships that each layer annotates")
        for name, count in layers.items():
            self._say(f"    {name:15} {f'{count:,}' if count else 'none'}")

    def _accountant(self, user_id: UUID) -> None:
        """Print what was paid twice, why a payment was made, what is due and what is overdue."""
        for question, lines in (
            ("What came in and went out?", answers.cash(user_id)),
            ("What was paid twice?", answers.paid_twice(user_id)),
            ("Why did this payment come?", [answers.why(user_id) or "Nothing is off."]),
            ("What is due next?", answers.due(user_id, "pending")),
            ("What is overdue?", answers.due(user_id, "overdue")),
        ):
            self._say("\n    ".join((f"  {question}", *lines)))

    def _vendors(self, user_id: UUID) -> None:
        answer = self._timed(
            "Most important vendors (PageRank)",
            lambda: whole_graph.importance(user_id, kind="vendor"),
        )
        for vendor in answer["results"]:
            self._say(f"    {vendor['rank']:2}. {vendor['name']:40} {vendor['score']:.4f}")
        if path := steps.a_path(user_id, answer["results"]):
            self._say("  A path")
            self._say(f"    {in_words(path['hops'])}")

    def _timed[Found](self, what: str, work: Callable[[], Found]) -> Found:
        start = time.perf_counter()
        result = work()
        self._say(f"  {what} ({time.perf_counter() - start:.2f} s)")
        return result

    def _tell_access(self, access: steps.Access, port: int) -> None:
        at = f"http://127.0.0.1:{port}"
        self._say(
            f"\n  pages   {at}/  {access.email}  {access.tenant_password}\n"
            f"  tenant  {access.email} ({access.user_id})\n"
            f"  token   {access.token}\n"
            f"  admin   {at}/admin/  {access.admin}  {access.password}\n"
            f"  docs    {at}/api/docs/\n"
            f"  failed  {at}/admin/syncjobs/jobfailure/  the dead letter: look at it, replay it\n"
            f"  try     curl -H 'Authorization: Bearer {access.token}' {at}/api/v1/graph/stats/\n"
            "Token and passwords are shown this once; the next demo makes new ones."
        )

    def _serve(self, port: int) -> None:
        self._say("Serving until Ctrl-C. A worker runs along.")
        with syncs.Working():
            uvicorn.serve(port=port)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def in_words(hops: list[dict[str, Any]]) -> str:
    """A path as text: A —payment→ B ←payment— C. The arrows show the direction of the money."""
    words = [hops[0]["source"]["name"]]
    for hop in hops:
        kind = hop["relationship_type"]
        words += [f"—{kind}→" if hop["forward"] else f"←{kind}—", hop["target"]["name"]]
    return " ".join(words)
