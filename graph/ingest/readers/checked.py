"""Checks a reader's row by the same rules as a row of a CSV."""

import re
from datetime import date, datetime
from decimal import Decimal

from graph.ingest.ledger_rows import TEXT_LIMIT, LedgerRow, Party, Precision, Records, Reject
from graph.ingest.parse_cells import currency_code, money

KEY_LIMIT = 200  # characters of a document number; a longer text is not a number
_SPACES = re.compile(r"\s+")
# Control characters other than tab and line ends, and lone surrogates (bytes that were not
# decoded).
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class RefusedError(Exception):
    """A row that cannot be read, with the field and the reason."""

    def __init__(self, field: str | None, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason

    def reject(self, line: int, text: str) -> Reject:
        return Reject(line, self.field, self.reason, shown(text))


def shown(text: str) -> str:
    r"""Return the text for messages: at most 500 characters, a NUL as \x00, an undecodable byte as
    \xe9."""
    escaped = UNFIT.sub(lambda bad: f"\\x{ord(bad[0]) & 0xFF:02x}", text[:TEXT_LIMIT])
    return escaped.strip()[:TEXT_LIMIT]


def checked(
    *,
    line: int,
    key: str,
    publication: str,
    ordinal: int,
    transaction_ref: str,
    occurred_at: datetime,
    amount: Decimal,
    currency: str,
    payer: Party,
    payee: Party,
    description: str,
    data: dict[str, str],
    document_ref: str = "",
    due_on: date | None = None,
    precision: Precision = "day",
    records: Records = "payment",
) -> LedgerRow:
    """Return the row, checked like a CSV's. Raises RefusedError for a value that cannot be
    stored."""
    _must_all_be_fit(data, (payer, payee))
    return LedgerRow(
        line=line,
        key=key,
        publication=_fit(publication),
        ordinal=ordinal,
        transaction_ref=transaction_ref,
        occurred_at=occurred_at,
        precision=precision,
        amount=_amount(amount),
        currency=_currency(currency),
        payer=_named(payer),
        payee=_named(payee),
        document_ref=document_ref if 0 < len(document_ref) <= KEY_LIMIT else None,
        due_on=due_on,
        description=description or None,
        data=data,
        records=records,
    )


def _must_all_be_fit(data: dict[str, str], parties: tuple[Party, ...]) -> None:
    for name, text in data.items():
        _must_be_fit(name, text)
    for party in parties:
        _must_be_fit("party", party.name + "".join(value for _, value in party.keys))


def _must_be_fit(name: str, text: str) -> None:
    bad = UNFIT.search(text)
    if bad is None:
        return
    code = ord(bad[0])
    if 0xDC80 <= code <= 0xDCFF:
        raise RefusedError(name, f"mixed encodings: byte 0x{code - 0xDC00:02X} does not decode")
    what = "a NUL" if code == 0 else f"control character U+{code:04X}"
    raise RefusedError(name, f"{what} in the text")


def _fit(text: str) -> str:
    return UNFIT.sub("\ufffd", text)


def _amount(amount: Decimal) -> Decimal:
    """Return the amount unchanged. Raises RefusedError for more than 15 digits or 4 decimals."""
    if not amount.is_finite():
        raise RefusedError("amount", f"{amount} is not an amount")
    try:
        return money(f"{amount:f}")
    except ValueError as error:
        raise RefusedError("amount", str(error)) from error


def _currency(text: str) -> str:
    try:
        return currency_code(text)
    except ValueError as error:
        raise RefusedError("currency", str(error) if text else "no currency") from error


def _named(party: Party) -> Party:
    return Party(party.kind, _SPACES.sub(" ", party.name).strip(), party.keys)


def amount_of(text: str, decimal: str = ".") -> Decimal:
    """Return the amount in a cell, without grouping marks. Raises RefusedError."""
    try:
        return money(text.strip(), decimal, "")
    except ValueError as error:
        raise RefusedError("amount", str(error)) from error


def day_of(text: str, field: str = "date") -> date:
    """Return the day in '2025-01-13' or in a timestamp that begins like that. Raises
    RefusedError."""
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError as error:
        raise RefusedError(field, f"{text[:40]!r} is not a date (YYYY-MM-DD)") from error
