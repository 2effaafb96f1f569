"""Reads tokens and their users through database functions that answer for one token only.

The application's role can read neither table (graph/sql/database/token_of_digest.sql).
"""

from typing import Any

from django.db import connections
from django.utils import timezone

from graph.database.role import is_owner
from graph.database.tenancy import functions_expected

OF_TOKEN = ("token_key", "name", "scopes", "created", "expiry", "user_id")
Values = dict[str, Any]


def find(digest: str) -> tuple[Values, Values] | None:
    """Read the columns of the token with this digest and of its user, as (user, token). None if
    there is no such token or it has expired.

    Expired tokens of that user are deleted. Raises FunctionMissing.
    """
    with functions_expected(), connections[_alias()].cursor() as cursor:
        cursor.execute("SELECT * FROM token_of_digest(%s)", [digest])
        names = [column.name for column in cursor.description]
        row = cursor.fetchone()
        if row is None:
            return None
        values = dict(zip(names, row, strict=True))
        if values["expiry"] is not None and values["expiry"] <= timezone.now():
            cursor.execute("SELECT expired_tokens_forgotten(%s)", [digest])
            return None
    token = {"digest": digest, **{name: values[name] for name in OF_TOKEN}}
    user = {name: value for name, value in values.items() if name not in OF_TOKEN}
    return {"id": values["user_id"], **user}, token


def _alias() -> str:
    return "owner" if is_owner() else "default"
