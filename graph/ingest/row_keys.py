"""Makes the keys of rows out of their cells."""

import re
from collections.abc import Iterable
from hashlib import blake2b

from graph.ingest.ledger_rows import LedgerRow

LIKE_ORDINAL = re.compile(r" #[0-9]+\Z")
KEY_LIMIT = 200  # characters; longer keys are hashed, because index entries have a size limit


def joined(data: dict[str, str], columns: tuple[str, ...]) -> str:
    """Return the values of these columns as one text: equal for equal values only."""
    values = [data.get(column, "") for column in columns]
    if len(values) == 1:
        return values[0]
    return "|".join(v.replace("\\", "\\\\").replace("|", "\\|") for v in values)


def short(key: str) -> str:
    """Return the key, or its hash if it is longer than KEY_LIMIT."""
    return key if len(key) <= KEY_LIMIT else hashed(key)


def digest(cells: Iterable[tuple[str, str]]) -> str:
    """Return a hash of the cells' names and values, in this order."""
    return hashed("\x1e".join(f"{name}\x1f{value}" for name, value in cells))


def hashed(text: str) -> str:
    """Return a hash of the text: 32 hexadecimal digits (BLAKE2b, RFC 7693)."""
    return blake2b(text.encode(), digest_size=16).hexdigest()


def external_id(row: LedgerRow) -> str:
    """Return the row's key, with its ordinal if other rows have the same key."""
    if row.ordinal == 1 and not LIKE_ORDINAL.search(row.key):
        return row.key
    return f"{row.key} #{row.ordinal}"
