"""Days, amounts and numbers as every page writes them."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from graph.ingest.documents.document_amounts import CODES

PLAIN = {  # parts of reasons, as programs write them and as pages say them
    "both postings stand in one row of": "payer and payee are in one row of",
}
MISSING = "\N{EN DASH}"
ISO_DAY = re.compile(r"(?<![\w/-])(\d{4}-\d{2}-\d{2})(?:T[\d:.+]+Z?)?(?![\w/-])", re.ASCII)
AMOUNT_FIRST = re.compile(rf"(?<![\w.,-])(-?\d[\d,]*\.\d{{2,4}}) ({CODES})\b", re.ASCII)
CURRENCY_FIRST = re.compile(rf"\b({CODES}) (-?\d[\d,]*(?:\.\d{{1,4}})?)(?![\w.,]*\d)", re.ASCII)


def money(amount: Any, currency: str | None = "") -> str:
    """Write an amount such as `GBP 1,260.16`. A minus is before the currency. A dash if there is no
    amount."""
    if amount is None or amount == "":
        return MISSING
    value = Decimal(amount)
    text = f"{currency or ''} {abs(value):,.2f}".strip()
    return f"\N{MINUS SIGN}{text}" if value < 0 else text


def day(value: date | datetime | str | None) -> str:
    """Write a day such as `3 Jul 2025`. A text such as 2025-07-03 is a day, too."""
    if not value:
        return MISSING
    if isinstance(value, str):
        value = date.fromisoformat(value[:10])
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """Write a time such as `3 Jul 2025, 14:05 UTC`."""
    at = value.astimezone(UTC)
    return f"{day(at)}, {at:%H:%M} UTC"


def weekday(value: date) -> str:
    """The short name of the day's weekday, such as `Mon`."""
    return f"{value:%a}"


def month(value: date | str) -> str:
    """Write a month such as `Jul 2025`, from 2025-07 or from a day of that month."""
    if isinstance(value, str):
        value = date.fromisoformat(f"{value}-01")
    return f"{value:%b %Y}"


def number(value: Any) -> str:
    """Write a number with commas between thousands, such as `1,260`. A dash if there is none."""
    return MISSING if value is None or value == "" else f"{value:,}"


def prose(text: str | None) -> str:
    """The sentence with its days and amounts as the pages write them, in an accountant's words.

    `last on 2025-07-03 over 1260.16 GBP` becomes `last on 3 Jul 2025 over GBP 1,260.16`. Numbers
    of documents stay as they are.
    """
    if not text:
        return ""
    days = ISO_DAY.sub(lambda match: _day_or_as_written(match[1], match[0]), str(text))
    amounts = AMOUNT_FIRST.sub(lambda match: _amount(match[1], match[2], match[0]), days)
    spoken = CURRENCY_FIRST.sub(lambda match: _amount(match[2], match[1], match[0]), amounts)
    for written, plain in PLAIN.items():
        spoken = spoken.replace(written, plain)
    return spoken


def _day_or_as_written(text: str, written: str) -> str:
    try:
        return day(text)
    except ValueError:
        return written


def _amount(text: str, currency: str, written: str) -> str:
    try:
        return money(text.replace(",", ""), currency)
    except InvalidOperation:
        return written
