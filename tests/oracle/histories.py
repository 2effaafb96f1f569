"""Runs histories of concurrent writers, refreshers and readers. A chooser of numbers decides each
step.

Sessions are real and their transactions overlap, but one thread takes all steps, so the same
choices give the same history. After every commit, and in the middle of a refresh, the graph that a
reader builds is compared with the ten fetches on the same committed rows.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import networkx as nx
from django.db import connections
from django.db.utils import DatabaseError

from graph.engine.networkx.to_networkx import to_networkx
from graph.export import arrow_pages
from graph.layers import LAYERS
from graph.questions import insights, whole_graph
from graph.reading import current_graph
from graph.reading.load_graph import ALL, load
from graph.view import refresh
from tests.oracle import ten_fetches
from tests.oracle.compared import same_graph
from tests.oracle.writers import TABLES, Choose, Writer, first_books

SESSIONS = 3
LOCK_TIMEOUT = "30ms"  # nobody else takes a step while one waits
THRESHOLDS = (0, 2, 2_000)


class Session:
    """A writer's connection, within a transaction (`open`) or not."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        self.connection = connections.create_connection("owner")
        self.open = self.saved = self.emptied = False
        self.touched: set[UUID] = set()
        self._run("SET lock_timeout = %s", [LOCK_TIMEOUT])

    def die(self) -> None:
        """End this session's backend from another session, and connect anew."""
        pid = self.connection.connection.info.backend_pid
        with connections["owner"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        self.forget()

    def forget(self) -> None:
        """Close the connection, and connect anew."""
        with suppress(DatabaseError):
            self.connection.close()
        self.begin_anew()

    def _run(self, statement: str, parameters: Any = None) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)

    def write(self, statement: str, parameters: list[Any]) -> bool:
        """Execute the statement. Return whether it succeeded; an error ends the transaction."""
        try:
            self._run(statement, parameters)
        except DatabaseError:
            if self.open:
                self.end("ROLLBACK")
            return False
        self.emptied |= self.open and statement.startswith("TRUNCATE")
        return True

    def begin(self) -> None:
        self._run("BEGIN")
        self.open, self.saved = True, False

    def save(self) -> None:
        self._run("SAVEPOINT here")
        self.saved = True

    def back(self) -> None:
        self._run("ROLLBACK TO here")

    def end(self, how: str) -> None:
        self._run(how)
        self.open = self.emptied = False

    def close(self) -> None:
        with suppress(DatabaseError):
            if self.open:
                self.end("ROLLBACK")
            self._run("RESET lock_timeout")
        self.connection.close()


@contextmanager
def sessions(count: int = SESSIONS) -> Iterator[list[Session]]:
    all_sessions = [Session() for _ in range(count)]
    try:
        yield all_sessions
    finally:
        for item in all_sessions:
            item.close()


@dataclass
class Mismatch(Exception):
    """A reader's result differs from what the tables contain."""

    user: UUID
    what: str


class History:
    """A history of two tenants and some writers: a sequence of random steps. `check` runs after
    each step that readers may notice."""

    def __init__(
        self,
        number: int,
        choose: Choose,
        writers: list[Session],
        disturb: Callable[["History"], None] | None = None,
    ) -> None:
        self.choose = choose
        self.disturb = disturb
        self.touched: set[UUID] = set()
        self.sessions = writers
        self.users = [UUID(int=(1 << 100) + 2 * number + n) for n in (0, 1)]
        self.comparisons = 0
        self.emptied_tables = False
        self._seen: dict[tuple[UUID, str], nx.MultiDiGraph[Any]] = {}
        self._refresh: ExitStack | None = None
        refresh.LOCK_TIMEOUT = LOCK_TIMEOUT
        self._write = [
            Writer(user, 2 * number + n, choose) for n, user in enumerate(self.users, start=1)
        ]

    def run(self, steps: int) -> None:
        """Run this many steps with their checks. Raises Mismatch."""
        self._begin()
        try:
            for _ in range(steps):
                if self.step():
                    self.check()
            self.settle()
            self.check()
        finally:
            self.abandon_refresh()

    def _begin(self) -> None:
        for writer in self._write:
            for statement in first_books(writer):
                self.sessions[0].write(*statement)
        refresh.refresh()

    def step(self) -> bool:
        """Take one step. Return whether readers may see a change."""
        if self.disturb is not None and self.choose(12) == 0:
            self.disturb(self)
            self.touched = set(self.users)
            return True
        session = self.sessions[self.choose(len(self.sessions))]
        deeds: tuple[Callable[[Session], bool], ...] = (
            *[self._writes] * 10,
            *[self._begins_or_ends] * 4,
            self._saves_or_goes_back,
            *[self._refreshes] * 2,
        )
        return deeds[self.choose(len(deeds))](session)

    def _writes(self, session: Session) -> bool:
        writer = self._write[self.choose(2)]
        statement, parameters = writer.statement()
        if not session.write(statement, parameters):
            return False
        session.touched |= {writer.user} if parameters else set(self.users)
        self.emptied_tables |= not parameters
        return not session.open and self._seen_by_others(session)

    def _seen_by_others(self, session: Session) -> bool:
        self.touched |= session.touched
        session.touched = set()
        return bool(self.touched)

    def _begins_or_ends(self, session: Session) -> bool:
        if not session.open:
            session.begin()
            return False
        how = ("COMMIT", "COMMIT", "ROLLBACK")[self.choose(3)]
        session.end(how)
        if how == "ROLLBACK":
            session.touched = set()
        return self._seen_by_others(session)

    def _saves_or_goes_back(self, session: Session) -> bool:
        if session.open and session.saved:
            session.back()
        elif session.open:
            session.save()
        return False

    def _refreshes(self, _: Session) -> bool:
        """Go on with refreshing the view: begin a refresh if none has begun, otherwise complete it
        or sometimes abandon it. Return whether readers may see a change."""
        if self._refresh is None:
            self._begin_refresh()
        elif self.choose(4) == 0:
            self.abandon_refresh()
        else:
            self._refresh.close()
            self._refresh = None
        self.touched = set(self.users)
        return True

    def _begin_refresh(self) -> None:
        stack = ExitStack()
        try:
            connection = stack.enter_context(refresh.only_refresher(wait=False))
            stack.enter_context(refresh.refreshing(connection, concurrently=True))
        except DatabaseError:  # a writer has emptied a table and not committed yet
            stack.close()
        else:
            self._refresh = stack

    def abandon_refresh(self) -> None:
        if self._refresh is not None:
            with suppress(Abandoned, DatabaseError):
                self._refresh.__exit__(Abandoned, Abandoned(), None)
            self._refresh = None

    def settle(self) -> None:
        """Commit all open transactions and complete the refresh."""
        for session in self.sessions:
            if session.open:
                session.end("COMMIT")
        if self._refresh is not None:
            self._refresh.close()
            self._refresh = None
        self.touched = set(self.users)

    def check(self) -> None:
        """Compare what readers see of the tenants whose rows changed since the last check. Raises
        Mismatch.

        Does nothing while a writer has emptied a table and not committed, because readers would
        wait.
        """
        if any(session.emptied for session in self.sessions):
            return
        current_graph.PATCHED_ANYWAY = THRESHOLDS[self.choose(len(THRESHOLDS))]
        for user in sorted(self.touched):
            self._compare(user)
        self.touched = set()

    def _compare(self, user: UUID) -> None:
        read, _ = load(user)
        graph, truth = to_networkx(read), ten_fetches.build(user, using="owner")
        if not same_graph(graph, truth):
            raise Mismatch(user, "the graph")
        before = self._seen.setdefault((user, read.version), graph)
        if not same_graph(before, graph):
            raise Mismatch(user, "a version that stands for two graphs")
        self._compare_some(user, truth)
        if self.choose(8) == 0:
            self._compare_rows(user)
        self.comparisons += 1

    def _compare_some(self, user: UUID, truth: "nx.MultiDiGraph[Any]") -> None:
        """Compare a few columns of one edge class, so that change records of others are left
        out."""
        columns = [name for name in ALL if self.choose(12) == 0]
        edge_class = (None, "flow", "link")[self.choose(3)]
        read, _ = load(user, columns, edge_class=edge_class)
        actual = {key: row for *_, key, row in to_networkx(read).edges(keys=True, data=True)}
        expected = {
            key: {name: row[name] for name in columns}
            for *_, key, row in truth.edges(keys=True, data=True)
            if edge_class in (None, row["edge_class"])
        }
        if actual != expected:
            raise Mismatch(user, f"columns {columns} of {edge_class}")

    def _compare_rows(self, user: UUID) -> None:
        """Compare the results that are read row by row: lookups, insights, exports."""
        truth = ten_fetches.rows(user, "owner")
        with arrow_pages.relationships(user, page_rows=2) as result:
            exported = [row for page in result.pages for row in page["relationship_id"].to_pylist()]
        if sorted(exported) != sorted(map(str, truth)) or result.total != len(truth):
            raise Mismatch(user, "what is exported")
        for layer in self._some(LAYERS):
            rows, _ = insights.insights(user, layer.name)
            actual = {row["id"]: row["insight"]["id"] for row in rows}
            expected = {
                key: row[layer.id_column] for key, row in truth.items() if row[layer.id_column]
            }
            if actual != expected:
                raise Mismatch(user, f"insights of {layer.name}")
        for key, row in self._some(truth.items()):
            actual = whole_graph.relationship(user, key)
            if any(actual[name] != row[name] for name in actual.keys() & row.keys()):
                raise Mismatch(user, f"relationship {key}")

    def _some[Each](self, of: Iterable[Each]) -> list[Each]:
        """About a third of the items `of`, chosen at random."""
        return [item for item in of if self.choose(3) == 0]


class Abandoned(Exception):
    """Raised to leave a refresh without completing it."""


def emptied() -> None:
    """Delete the rows of all tenants. The view is not refreshed."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE")
