"""Names of sources for people: a file's name, or the name of an account that a person gave.

A source whose key a mapping or a person chose (`oxford.ledger`) is called by that key. Others have
a key that programs made: `generic.b1c6f0aa` for a table that was guessed, `gmail.` and a
connection's id for mail.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.models.choices import EventKind

MADE = re.compile(r"\b[a-z_]+(?:\.[a-z_]+)?\.[0-9a-f]{8}(?:-[0-9a-f]{4}){0,3}[\w.-]*", re.ASCII)
ROW = re.compile(r"\brow [0-9a-f]{32}\b", re.ASCII)  # a key made of the row's content
PLATFORMS = {"gdrive": "Google Drive", "zoho_mail": "Zoho Mail"}
Names = Mapping[str, str]


def names(user_id: UUID) -> dict[str, str]:
    """Return the name of each source whose key a program made, by key. No two names are equal."""
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("questions/source_names"), {"user_id": user_id})
        columns = [column.name for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return _apart({row["source"]: _name(row) for row in rows})


def _name(row: Mapping[str, Any]) -> str:
    if row["kind"] != EventKind.POSTING:
        platform = str(row["platform"])
        return PLATFORMS.get(platform, platform.replace("_", " ").capitalize())
    stated = row["source"].count(".") > 1  # generic.<layout>.<account>
    named = row["account"] if stated else row["file"]
    return str(named or row["file"] or row["platform"])


def _apart(names_of: dict[str, str]) -> dict[str, str]:
    """Return the names, by key, with a number added where several sources have one name."""
    counts: dict[str, int] = {}
    apart = {}
    for source, name in names_of.items():
        counts[name] = counts.get(name, 0) + 1
        apart[source] = name if counts[name] == 1 else f"{name} ({counts[name]})"
    return apart


def among(user_id: UUID, sources: Iterable[str]) -> dict[str, str]:
    """Return the name of each of these sources, by key. Most are called by their key.

    The database is read only if a program made one of the keys.
    """
    keys = list(sources)
    made = names(user_id) if any(MADE.fullmatch(key) for key in keys) else {}
    return {key: made.get(key, key) for key in keys}


def key(user_id: UUID, called: str) -> str:
    """Return the key of the source that has the name `called`, or the name itself if there is
    none."""
    keys = {name: key for key, name in names(user_id).items()}
    return keys.get(called, called)


def readable(text: str, names_of: Names) -> str:
    """Return the text with names in place of sources' keys that programs made.

    A row's key says nothing to people and becomes "a row".
    """
    if not MADE.search(text) and not ROW.search(text):
        return text
    named = MADE.sub(lambda match: _named(match[0], names_of), text)
    return ROW.sub("a row", named)


def _named(key: str, names_of: Names) -> str:
    """Return the key's name. A full stop at the end of the key is taken as the end of a
    sentence."""
    stem = key.rstrip(".-")
    return names_of.get(stem, stem) + key[len(stem) :]
