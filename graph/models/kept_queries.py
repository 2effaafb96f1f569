"""Queries that are stored as functions in the database, so that PostgreSQL keeps their plans.

Planning such a query costs as much as running it for a tenant of some thousand rows.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import LiteralString

from graph import sql

PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class KeptQuery:
    """A query that a function of the database runs.

    `files` are the SQL files that make up the query. `parameters` has its parameters' types by
    name, `columns` its columns with their types.
    """

    name: str
    files: tuple[str, ...]
    parameters: Mapping[str, str]
    columns: str
    settings: str = ""

    @property
    def text(self) -> str:
        return "".join(map(sql.read, self.files))

    @property
    def call(self) -> str:
        """Return a SELECT that calls the function, with the same parameters as `text`."""
        return f"SELECT * FROM {self.name}({', '.join(f'%({name})s' for name in self.parameters)})"  # noqa: S608

    @property
    def positional_call(self) -> LiteralString:
        """`call` with %s in place of named parameters, in the order of `parameters`."""
        arguments = ", ".join("%s" for _ in self.parameters)
        return f"SELECT * FROM {self.name}({arguments})"  # noqa: S608

    @property
    def function(self) -> str:
        """Return the SQL statement that creates the function."""
        return sql.read("reading/kept_query").format(
            name=self.name,
            arguments=", ".join(f"of_{name} {type_}" for name, type_ in self.parameters.items()),
            columns=self.columns,
            settings=self.settings,
            query=with_arguments(self.text),
        )


def with_arguments(query: str) -> str:
    """Return the query with the function's arguments (`of_x`) in place of its parameters
    (`%(x)s`)."""
    return PARAMETER.sub(r"of_\1", query)


FLOWS = "questions/flows"
OWED = (FLOWS, "questions/owed")
COUNTED = (FLOWS, "questions/cash_flow_counted")
COUNTING = (*COUNTED, "questions/expected_counted")
OPEN_ITEMS = KeptQuery(
    name="open_items_of",
    files=(*OWED, "questions/open_items"),
    parameters={"user_id": "uuid", "today": "date", "parties": "uuid[]"},
    columns="id text, item text, direction text, currency text, day date, due_on date, "
    "party_id text, party text, document_ref text, source text, amount numeric, settled numeric, "
    "open numeric, days_overdue integer",
    settings="SET enable_nestloop = off",  # the planner underestimates the rows
)
CASH_FLOW = KeptQuery(
    name="cash_flow_parts",
    files=(
        *COUNTING,
        "questions/cash_flow_expected",
        "questions/owed",
        "questions/cash_flow",
    ),
    parameters={
        "user_id": "uuid",
        "parties": "uuid[]",
        "since": "timestamptz",
        "until": "timestamptz",
        "by": "text",
        "today": "date",
    },
    columns="months text, obligations text, expected text",
    settings="SET enable_nestloop = off",
)
BOOKS = KeptQuery(
    name="books_of",
    files=("questions/books",),
    parameters={"user_id": "uuid", "today": "date"},
    columns="source text, until date",
)
KEPT: Iterable[KeptQuery] = (OPEN_ITEMS, CASH_FLOW, BOOKS)
