"""Names of sources for people: a file's name, or the name of an account that a person gave.

A source whose key a mapping or a person chose (`oxford.ledger`) is called by that key. Others have
a key that programs made: `generic.b1c6f0aa` for a table that was guessed, `gmail.` and a
connection's id for mail.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any
from uuid import UUID

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.ingest.mappings.column_names import slug
from graph.ingest.mappings.file_account import LONGEST
from graph.models.choices import EventKind

MADE = re.compile(r"\b[a-z_]+(?:\.[a-z_]+)?\.[0-9a-f]{8}(?:-[0-9a-f]{4}){0,3}[\w.-]*", re.ASCII)
# In every text that MADE matches, and sooner found. A decimal such as 0.66666667 is none.
PART = re.compile(r"\.(?<=[a-z_]\.)[0-9a-f]{8}", re.ASCII)
ACCOUNT = re.compile(r"\.[0-9a-f]{8}\.(.+)$", re.ASCII)  # of generic.<layout>.<account>
REASON = re.compile(r'("reason" ?: ?)("(?:[^"\\]|\\.)*")')  # in JSON
ROW = re.compile(r"\brow [0-9a-f]{32}\b", re.ASCII)  # a key made of the row's content
PLATFORMS = {"gdrive": "Google Drive", "zoho_mail": "Zoho Mail"}
READ = 50  # first rows of a source that are read, and last ones
Names = Mapping[str, str]

_read: ContextVar[dict[UUID, Names] | None] = ContextVar("finley_source_names", default=None)


@contextmanager
def read_once() -> Iterator[None]:
    """Read a tenant's names of sources from the database only once inside this context."""
    if _read.get() is not None:
        yield
        return
    token = _read.set({})
    try:
        yield
    finally:
        _read.reset(token)


def names(user_id: UUID) -> Names:
    """Return source's key → name, for each source whose key a program made. No two names are
    equal."""
    kept = _read.get()
    if kept is None:
        return _names(user_id)
    if user_id not in kept:
        kept[user_id] = _names(user_id)
    return kept[user_id]


def _names(user_id: UUID) -> Names:
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("questions/source_names"), {"user_id": user_id, "most": READ})
        columns = [column.name for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    return _apart({row["source"]: _name(row) for row in rows})


def _name(row: Mapping[str, Any]) -> str:
    if row["kind"] != EventKind.POSTING:
        platform = str(row["platform"])
        return PLATFORMS.get(platform, platform.replace("_", " ").capitalize())
    stated = ACCOUNT.search(row["source"])
    account = _account(stated[1], row["accounts"]) if stated else None
    return str(account or row["file"] or row["platform"])


def _account(stated: str, accounts: Sequence[str]) -> str | None:
    """Return the account's name that the source's key was made of: the name in `accounts` whose
    slug is `stated`, else the first one, which most rows have.

    Returns None if rows name no account.
    """
    called = (name for name in accounts if slug(name)[:LONGEST] == stated)
    return next(called, next(iter(accounts), None))


def _apart(names_of: Names) -> dict[str, str]:
    """Return source's key → name. If several sources have one name, all but the first get a
    number after it."""
    taken = set(names_of.values())
    apart: dict[str, str] = {}
    for source, name in names_of.items():
        unlike = _numbered(name, taken) if name in apart.values() else name
        taken.add(unlike)
        apart[source] = unlike
    return apart


def _numbered(name: str, taken: Set[str]) -> str:
    """Return the name with the first number, from 2, with which it is not in `taken`."""
    numbered = (f"{name} ({number})" for number in count(2))
    return next(text for text in numbered if text not in taken)


def among(user_id: UUID, sources: Iterable[str]) -> dict[str, str]:
    """Return source's key → name, for each of these sources. Most sources are called by their key.

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
    if not _has_key(text) and not ROW.search(text):
        return text
    named = MADE.sub(lambda match: _named(match[0], names_of), text)
    return ROW.sub("a row", named)


def with_reasons(user_id: UUID, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows, each with names of sources in its `reason`."""
    return [{**row, "reason": in_words(user_id, row["reason"])} for row in rows]


def in_json(user_id: UUID, written: str) -> str:
    """Return the JSON text with names of sources in the strings that are called reason."""
    if not _has_key(written):
        return written
    return REASON.sub(lambda match: _worded(user_id, match), written)


def _has_key(text: str) -> bool:
    """Return whether the text has a source's key that a program made."""
    return PART.search(text) is not None and MADE.search(text) is not None


def _worded(user_id: UUID, match: re.Match[str]) -> str:
    reason = in_words(user_id, json.loads(match[2]))
    return match[1] + json.dumps(reason, ensure_ascii=False)


def in_words(user_id: UUID, text: str) -> str:
    """Return the text with the tenant's names of sources in place of keys that programs made, as
    `readable` does.

    The names are read only if the text has such a key.
    """
    if not _has_key(text) and not ROW.search(text):
        return text
    return readable(text, names(user_id))


def _named(key: str, names_of: Names) -> str:
    """Return the key's name. A full stop at the end of the key is taken as the end of a
    sentence."""
    stem = key.rstrip(".-")
    return names_of.get(stem, stem) + key[len(stem) :]
