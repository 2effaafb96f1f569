"""Queries that are stored as functions in the database, so that PostgreSQL keeps their plans.

Planning such a query costs as much as running it for a tenant of some thousand rows.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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


OPEN_ITEMS = KeptQuery(
    name="open_items_of",
    files=("questions/open_items",),
    parameters={"user_id": "uuid", "today": "date", "parties": "uuid[]", "loose": "boolean"},
    columns="id text, item text, direction text, currency text, day date, due_on date, "
    "party_id text, party text, document_ref text, source text, amount numeric, settled numeric, "
    "open numeric, days_overdue integer",
    settings="SET enable_nestloop = off",  # the planner underestimates the rows
)
CASH_FLOW = KeptQuery(
    name="cash_flow_of",
    files=("questions/cash_flow_counted", "questions/cash_flow"),
    parameters={
        "user_id": "uuid",
        "parties": "uuid[]",
        "since": "timestamptz",
        "until": "timestamptz",
        "by": "text",
    },
    columns="month text, currency text, party_id text, party text, money_in numeric, "
    "money_out numeric, payments_in bigint, payments_out bigint, transferred numeric, "
    "off_statement_in numeric, off_statement_out numeric, off_statement_payments bigint",
)
CASH_FLOW_EXPECTED = KeptQuery(
    name="cash_flow_expected_of",
    files=("questions/expected_counted", "questions/cash_flow_expected"),
    parameters={"user_id": "uuid", "parties": "uuid[]", "today": "date"},
    columns="id uuid, currency text, amount_low numeric, amount_high numeric, expected_from date, "
    "expected_to date, status text, stale_from date, comes_in boolean, evidence text",
)
KEPT: Iterable[KeptQuery] = (OPEN_ITEMS, CASH_FLOW, CASH_FLOW_EXPECTED)
