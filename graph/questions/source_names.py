"""What people call their sources: the file's name, or the account's name that they gave.

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
    """The name of each source whose key is made by a program. No two have the same name."""
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
    """Number the sources that have one name."""
    counts: dict[str, int] = {}
    apart = {}
    for source, name in names_of.items():
        counts[name] = counts.get(name, 0) + 1
        apart[source] = name if counts[name] == 1 else f"{name} ({counts[name]})"
    return apart


def among(user_id: UUID, sources: Iterable[str]) -> dict[str, str]:
    """The name of each of these sources. Nothing is asked where each is called by its key."""
    keys = list(sources)
    made = names(user_id) if any(MADE.fullmatch(key) for key in keys) else {}
    return {key: made.get(key, key) for key in keys}


def key(user_id: UUID, called: str) -> str:
    """The key of the source that has this name; the text itself if there is none."""
    keys = {name: key for key, name in names(user_id).items()}
    return keys.get(called, called)


def readable(text: str, names_of: Names) -> str:
    """The text with names of sources in place of made keys, and without keys of rows that say
    nothing to people."""
    if not MADE.search(text) and not ROW.search(text):
        return text
    named = MADE.sub(lambda match: _named(match[0], names_of), text)
    return ROW.sub("a row", named)


def _named(key: str, names_of: Names) -> str:
    """The key's name. A full stop that ends a sentence is not the key's."""
    stem = key.rstrip(".-")
    return names_of.get(stem, stem) + key[len(stem) :]
