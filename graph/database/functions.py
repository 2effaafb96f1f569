"""The database's functions: created after every migrate, and found missing otherwise."""

import re
from functools import cache

from django.db import transaction
from django.db.backends.utils import CursorWrapper
from django.db.utils import ProgrammingError
from psycopg.errors import InvalidFunctionDefinition
from psycopg.sql import SQL, Identifier, Literal

from graph import sql
from graph.models import answer_json_sql
from graph.models.kept_queries import KEPT

# Functions that run as their owner check the transaction's tenant, or the one token, themselves.
# Others run as their caller, and are functions because their plans are kept.
FILES = (
    "questions/search_entities",
    "reading/relationships_nth",
    "view/changes_state",
    "view/unchanged_since",
    "view/unchanged_and_zone",
    "database/token_of_digest",
    "database/expired_tokens_forgotten",
)
HEAD = re.compile(r"CREATE OR REPLACE FUNCTION (\w+)\s*\(([^)]*)\)")


@cache
def statements() -> dict[str, str]:
    """Return function's signature → SQL statement that creates the function."""
    texts = (
        *map(sql.read, FILES),
        *answer_json_sql.functions(),
        *(query.function for query in KEPT),
    )
    return {_signature(text): text for text in texts}


def put_in_place(cursor: CursorWrapper) -> None:
    """Create the functions, or replace their texts.

    A function is dropped only if PostgreSQL refuses to replace it, because other columns are
    returned or a parameter has another name. Those with another number of parameters stay: a
    release that still runs calls them.
    """
    for signature, statement in statements().items():
        try:
            _execute(cursor, statement)
        except ProgrammingError as error:
            if not isinstance(error.__cause__, InvalidFunctionDefinition):
                raise
            _execute(cursor, f"DROP FUNCTION {signature}; {statement}")
        _drop_ambiguous(cursor, signature)


def missing(cursor: CursorWrapper) -> list[str]:
    """Return the signatures of the functions that finley needs and the database does not have."""
    cursor.execute(sql.read("database/functions_missing"), [list(statements())])
    return [signature for (signature,) in cursor.fetchall()]


def grant(cursor: CursorWrapper, role: str) -> None:
    """Let the role call the functions."""
    for signature in statements():
        statement = SQL(f"GRANT EXECUTE ON FUNCTION {signature} TO {{}}")
        cursor.execute(statement.format(Identifier(role)))


def _execute(cursor: CursorWrapper, statement: str) -> None:
    with transaction.atomic(using=cursor.db.alias):
        cursor.execute(statement)


def _drop_ambiguous(cursor: CursorWrapper, signature: str) -> None:
    """Drop the functions of the same name with as many parameters of other types.

    PostgreSQL could take a call of this function for a call of one of them.
    """
    cursor.execute(SQL(sql.read("database/function_dropped")).format(signature=Literal(signature)))


def _signature(statement: str) -> str:
    """Return the function's name with the types of its parameters, as PostgreSQL identifies it."""
    match = HEAD.search(statement)
    if match is None:
        raise ValueError(f"No function is created by: {statement}")
    name, parameters = match.groups()
    words = [parameter.split(maxsplit=1) for parameter in parameters.split(",")]
    types = (type_.strip() for first, type_ in words if first != "OUT")
    return f"{name}({', '.join(types)})"
