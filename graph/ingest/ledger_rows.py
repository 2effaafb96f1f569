"""The results of reading a ledger: rows that are ready to store, and rows that could not be
read."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

Precision = Literal["second", "day", "month", "quarter"]
Records = Literal["payment", "obligation", "order", "transfer", "claim", "fee"]

TEXT_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Party:
    """The payer or the payee. `name` is never empty; `keys` are pairs (kind of key, value).

    If the file states only a key of a party, the key's value is the name.
    """

    kind: str
    name: str
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A payment as one row states it.

    line            physical line in the file on which the record starts; the header is line 1
    key             the key columns' values, several joined by "|" (a "|" or "\\" within one is
                    escaped by "\\"); without a natural key, or past 200 characters, a
                    BLAKE2b hash of 32 hex characters
    ordinal         1 for the first row with this key in this publication of this file, then 2 …
    occurred_at     aware, UTC; midnight where the file gives a date alone
    precision       how exact occurred_at is; for a month or a quarter it is its last day
    amount          positive: the payer pays the payee; at most 15 digits and 4 decimals
    currency        ISO 4217, three capitals
    records         what the row records (docs/formats.md)
    balance         the account's after this row, where the file states it
    confidence      how sure it is what the row records: 0 to 1
    reason          why it records that, if the row does not simply say so
    data            every column of the row under its canonical name, without outer spaces
    """

    line: int
    key: str
    publication: str
    ordinal: int
    transaction_ref: str
    occurred_at: datetime
    precision: Precision
    amount: Decimal
    currency: str
    payer: Party
    payee: Party
    document_ref: str | None
    due_on: date | None
    description: str | None
    data: dict[str, str]
    records: Records = "payment"
    balance: Decimal | None = None
    confidence: float = 1.0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that is no row, and why.

    `field` is the canonical name of the column to blame, None when it is the whole record.
    `text` is the raw record: at most 500 characters, NULs and undecodable bytes written as \\x00.
    """

    line: int
    field: str | None
    reason: str
    text: str
