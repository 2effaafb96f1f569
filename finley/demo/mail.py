"""Invents mails for the demo books, and says which ledger entry each belongs to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from finley.demo.books import generate
from finley.demo.frequency import dice
from finley.demo.truth import Truth

TO = "accounts@example.org"
_Row = dict[str, str]


@dataclass(frozen=True)
class Mail:
    """A mail. `given` has its subject, text, from, to, at (ISO 8601). `entry` is the key in
    ledger.csv of the entry that it belongs to, or None."""

    given: dict[str, str]
    entry: str | None


def mails(seed: int = 7, end: date | None = None) -> list[Mail]:
    """About a dozen mails, in the order of their timestamps. They are the same for the same seed.

    They are invoices that name the number and the amount of a ledger entry, a reminder, a credit
    note, and receipts without a number. Some belong to nothing: newsletters, and another company's
    offer with the exact amount of an entry. One is from the processor of card payments, whose name
    the bank's statement cuts and no other file has.
    """
    rng = dice(seed, "mail")
    sheets = generate(seed, end=end)
    rows = sheets.rows["ledger.csv"]
    numbered, plain, credits_ = _numbered(rows), _plain(rows), _credits(rows)
    invoices = rng.sample(numbered, 6)
    messages = [_mail(rng, row, _invoice) for row in invoices]
    messages.append(_mail(rng, invoices[0], _reminder, later=34))
    messages += [_mail(rng, row, _receipt) for row in rng.sample(plain, min(2, len(plain)))]
    messages += [_mail(rng, row, _credit) for row in rng.sample(credits_, min(1, len(credits_)))]
    messages += [_newsletter(rng, invoices[1]), _sale(rng, invoices[2]), _decoy(rng, invoices[3])]
    charges = _charges(sheets.rows["bank.csv"], sheets.truth.end)
    messages += [_statement(rng, name, charges) for name in _processors(sheets.truth)]
    return sorted(messages, key=lambda mail: (mail.given["at"], mail.given["subject"]))


def _processors(truth: Truth) -> list[str]:
    """The names of the parties that collect the shop's card takings and pay them out."""
    parties = {series.party for series in truth.series if series.stream == "till"}
    return [alias.name for alias in truth.aliases if alias.party in parties]


def _charges(rows: list[_Row], end: date) -> list[_Row]:
    """The processor's charges on the bank's statement, of the last 90 days."""
    since = (end - timedelta(days=90)).isoformat()
    return [
        row for row in rows if row["description"] == "PROCESSING FEE" and row["booked_on"] > since
    ]


def _numbered(rows: list[_Row]) -> list[_Row]:
    """Purchase invoices with a number that no other entry has."""
    borne = Counter(_plainly(row["invoice_number"]) for row in rows)
    return [
        row for row in rows
        if row["entry_type"] == "PI" and _pence(row) > 0
        and row["invoice_number"] and borne[_plainly(row["invoice_number"])] == 1
    ]  # fmt: skip


def _plain(rows: list[_Row]) -> list[_Row]:
    """Card purchases without a number, with an amount that no other entry has."""
    amounts = Counter((row["currency"], row["amount"]) for row in rows)
    return [
        row for row in rows
        if row["entry_type"] == "CP" and not row["invoice_number"] and _pence(row) > 0
        and amounts[row["currency"], row["amount"]] == 1
    ]  # fmt: skip


def _credits(rows: list[_Row]) -> list[_Row]:
    borne = Counter(_plainly(row["invoice_number"]) for row in rows)
    return [
        row for row in rows
        if row["entry_type"] == "PC" and row["invoice_number"]
        and borne[_plainly(row["invoice_number"])] == 1
    ]  # fmt: skip


def _plainly(number: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", number.upper())


def _pence(row: _Row) -> int:
    return round(float(row["amount"]) * 100)


def _mail(rng: Random, row: _Row, write: Callable[[_Row], tuple[str, str]], later: int = 0) -> Mail:
    day = date.fromisoformat(row["posted_on"]) + timedelta(days=later - rng.randint(0, 3))
    return _from(rng, row["party"], day, write(row), row["entry_id"])


def _from(
    rng: Random, name: str, day: date, words: tuple[str, str], entry: str | None = None
) -> Mail:
    at = datetime.combine(day, time(8 + rng.randrange(9), rng.randrange(60)))
    domain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    message = {
        "subject": words[0],
        "text": words[1],
        "from": f'"{name}" <accounts@{domain}.example>',
        "to": TO,
        "at": f"{at.isoformat()}+00:00",
    }
    return Mail(message, entry)


def _money(row: _Row) -> str:
    return f"{row['currency']} {abs(_pence(row)) / 100:,.2f}"


def _invoice(row: _Row) -> tuple[str, str]:
    net = round(abs(_pence(row)) / 1.2)
    return f"Invoice {row['invoice_number']} from {row['party']}", (
        f"Dear Sir or Madam,\n\nplease find our invoice below.\n\n"
        f"Invoice no. {row['invoice_number']}\n"
        f"Net {row['currency']} {net / 100:,.2f}\n"
        f"VAT 20% {row['currency']} {(abs(_pence(row)) - net) / 100:,.2f}\n"
        f"Invoice total: {_money(row)}\n"
        f"Due date: {row['due_date'] or row['posted_on']}\n\nKind regards\n{row['party']}\n"
    )


def _reminder(row: _Row) -> tuple[str, str]:
    return f"Reminder: invoice {row['invoice_number']}", (
        f"Our records show invoice {row['invoice_number']} as unpaid.\n"
        f"Balance due: {_money(row)}\n"
        f"If you have paid in the meantime, please take no notice of this mail.\n{row['party']}\n"
    )


def _receipt(row: _Row) -> tuple[str, str]:
    return "Thank you for your purchase", (
        f"Thank you for shopping with us.\n\n{row['description']}\nTotal paid: {_money(row)}\n"
        f"Paid by card.\n\n{row['party']}\n"
    )


def _credit(row: _Row) -> tuple[str, str]:
    return f"Credit note {row['invoice_number']}", (
        f"Please find our credit note {row['invoice_number']}.\nTotal credit: {_money(row)}\n"
        f"It will be set off against your next payment.\n{row['party']}\n"
    )


def _newsletter(rng: Random, row: _Row) -> Mail:
    day = date.fromisoformat(row["posted_on"])
    text = "What is new this month: opening hours, a new depot, and our stand at the fair.\n"
    return _from(rng, row["party"], day, ("News from our depot", text))


def _sale(rng: Random, row: _Row) -> Mail:
    day = date.fromisoformat(row["posted_on"])
    text = "Spring offers: up to 20% off until the end of the month. Call 020 7946 0123.\n"
    return _from(rng, "Fernley Office Weekly", day, ("Up to 20% off", text))


def _statement(rng: Random, name: str, charges: list[_Row]) -> Mail:
    last = date.fromisoformat(charges[-1]["booked_on"])
    total = sum(abs(_pence(row)) for row in charges) / 100
    text = f"Our charges for your payouts of the last quarter.\nTotal: GBP {total:,.2f}\n"
    return _from(rng, name, last - timedelta(days=rng.randint(0, 3)), ("Your statement", text))


def _decoy(rng: Random, row: _Row) -> Mail:
    day = date.fromisoformat(row["posted_on"])
    text = f"Our offer as discussed, valid for thirty days.\nTotal: {_money(row)}\n"
    return _from(rng, "Quillmoor Marquees Ltd", day, ("Your quote", text))
