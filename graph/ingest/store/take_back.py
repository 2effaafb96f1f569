"""Takes an import back: the rows that only this import brought leave the books.

The postings go with all that rests on them (links, layers, rows of cases), and the log of changes
keeps each row as it was. So no sum and no detector sees them, and importing the file again stores
it again. A case keeps a person's decision by the keys of its rows; a decision on a link goes with
the link. Rows that another import holds, too, stay as they were read last.
"""

import logging
from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.db.backends.utils import CursorWrapper

from graph import sql
from graph.database.bulk import AS_USUAL, IN_BULK, alone
from graph.database.tenancy import tenant_transaction
from graph.errors import DecidedMeanwhile
from graph.ingest.store.request_enrichment import books_changed

log = logging.getLogger("finley.audit")
KEY_LENGTH = 12  # hexadecimal digits of an upload's id that its rows state
STEPS = (
    "take_back/logged",
    "take_back/regrouped",
    "take_back/unmatch_documents",
    "take_back/parties_left",
    "take_back/events",
    "take_back/parties",
)


@dataclass(frozen=True, slots=True)
class Import:
    """One import: an upload by its key, or all that programs imported from files of one name."""

    upload: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What taking an import back removes, and what depends on it.

    rows            the number of rows that are removed
    rows_kept       rows that stay, because another import brought them, too
    still_counted   payments among `rows` that other rows of the books record and that still count
    cases_decided   cases of possible double payments with such rows that people have decided
    cases_open      cases with such rows that nobody has decided
    links_decided   links with such rows that people took apart; these decisions are lost
    sums            `amount` and `rows` of `rows` by payer_kind, payee_kind, records and currency
    """

    rows: int
    rows_kept: int
    still_counted: int
    cases_decided: int
    cases_open: int
    links_decided: int
    sums: list[dict[str, Any]] = field(default_factory=list)


def as_dict(effect: Effect) -> dict[str, int]:
    """Return the numbers of the effect by name, without its sums."""
    return {name: value for name, value in asdict(effect).items() if name != "sums"}


def upload_key(upload_id: UUID) -> str:
    """Return the key by which rows state the upload that brought them."""
    return upload_id.hex[:KEY_LENGTH]


def effect(user_id: UUID, of: Import) -> Effect:
    """Return what taking the import back would remove. Nothing is changed."""
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        return _drop(cursor, _effect(cursor, user_id, of))


def require_rows(now: int, confirmed: int) -> None:
    """Raise DecidedMeanwhile if another number of rows would go now than a person confirmed."""
    if now != confirmed:
        raise DecidedMeanwhile(
            f"Your books have changed: {now:,} rows would go now, not {confirmed:,}. Nothing is "
            "taken back. Look at it again.",
            "rows",
        )


def take_back(user_id: UUID, of: Import, by: str, confirmed: int | None = None) -> Effect:
    """Take the import back in one transaction, and return what that has removed.

    `by` is the person who takes it back. An import without rows removes nothing. With `confirmed`,
    raises DecidedMeanwhile and removes nothing if another number of rows would go.
    """
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        alone(cursor, user_id)
        removed = _effect(cursor, user_id, of)
        if confirmed is not None:
            require_rows(removed.rows, confirmed)
        for step in STEPS:
            cursor.execute(sql.read(step), {"user_id": user_id, "by": by})
        if removed.rows:
            books_changed(cursor, user_id)
        cursor.execute(AS_USUAL)
        log.info("%s: %s taken back by %s: %s rows", user_id, of, by, removed.rows)
        return _drop(cursor, removed)


def _effect(cursor: CursorWrapper, user_id: UUID, of: Import) -> Effect:
    values: dict[str, Any] = {"user_id": user_id, "upload": of.upload, "file": of.file}
    cursor.execute(IN_BULK)
    cursor.execute(sql.read("take_back/held"), values)
    cursor.execute(sql.read("take_back/effect"), values)
    rows, kept, counted, decided, undecided, links = cursor.fetchone()
    cursor.execute(sql.read("take_back/sums"), values)
    names = [column.name for column in cursor.description]
    sums = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return Effect(rows, kept, counted, decided, undecided, links, sums)


def _drop(cursor: CursorWrapper, result: Effect) -> Effect:
    cursor.execute(sql.read("take_back/dropped"))
    return result
