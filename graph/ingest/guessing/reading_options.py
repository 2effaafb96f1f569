"""What a person decides about how a file is read: options of the command import_ledger."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choices:
    """A person's decisions about how a file is read. A field is empty if nothing is decided.

    direction   what a positive amount is: "in" (we receive it) or "out" (we pay it)
    date_order  "day" or "month": which comes first
    currency    a code of three letters, for rows that state none
    records     what a row records, one of graph.ingest.mappings.mapping.RECORDS
    decimal     "." or ","
    payee, amount, date, document   the titles of columns
    """

    direction: str = ""
    date_order: str = ""
    currency: str = ""
    records: str = ""
    decimal: str = ""
    payee: str = ""
    amount: str = ""
    date: str = ""
    document: str = ""


NONE = Choices()
