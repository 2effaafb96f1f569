"""QIF, the line format of Quicken and many banks: one field per line, begun by a letter; "^" ends a
record.

QIF states no currency and no account number. The program that wrote the file chose the order of day
and month. A person must state what the file does not show (`Hints`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from graph.ingest.decode import LedgerFileError
from graph.ingest.doubts import Doubt
from graph.ingest.guessing.profile import decimal_mark
from graph.ingest.ledger_rows import Reject
from graph.ingest.parse_cells import money
from graph.ingest.readers import content
from graph.ingest.readers.checked import RefusedError
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows
from graph.ingest.readers.statements import statement
from graph.ingest.readers.statements.statement import Account, Entry

_START = re.compile(r"\s*!(?:Type|Account|Option|Clear)", re.IGNORECASE)
_DATE = re.compile(r"\s*(\d{1,4})\s*[/.\-]\s*(\d{1,2})\s*([/.\-'])\s*(\d{1,4})\s*$", re.ASCII)
_DATED_NAME = re.compile(r"[\s_.\-(]*(?:\d[\d\s_.\-]*|\(\d+\))\)?")
_MONEY = frozenset(("bank", "cash", "ccard", "oth a", "oth l"))
_LISTS = frozenset(("cat", "class", "memorized", "security", "prices", "budget", "tag"))


def fits(start: bytes) -> bool:
    return (
        _START.match(start.removeprefix(b"\xef\xbb\xbf").decode("latin-1").replace("\0", ""))
        is not None
    )


@dataclass(slots=True)
class _Record:
    """The fields of one record by letter, and its line number. Splits are in the order of the
    file."""

    line: int
    kind: str
    account: str
    fields: dict[str, str] = field(default_factory=dict)
    raw: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Reading:
    account: str
    month_first: bool
    decimal: str
    currency: str


def parts(path: Path, hints: Hints) -> list[Part]:
    """Return one part, whose doubts are the questions that `hints` leave open. Raises
    LedgerFileError."""
    records = list(_records(path))
    dates = [record.fields.get("D", "") for record in records if record.kind in _MONEY]
    order, order_doubt = _order(dates, hints)
    amounts = [record.fields.get("T", record.fields.get("U", "")) for record in records]
    mark, _ = decimal_mark(amounts, ".")
    account = _file_account(path)
    doubts = []
    if order_doubt:
        doubts.append(Doubt("date", order_doubt, "--date-order", ("day", "month"), blocking=True))
    if hints.currency is None:
        text = "QIF states no currency: name it with --currency"
        doubts.append(Doubt("currency", text, "--currency", ("CODE",), 0.0, blocking=True))
    reading = _Reading(account, order, mark, hints.currency or "XXX")
    kinds = {record.kind for record in records}
    part = Part(
        name="qif",
        title="QIF statement",
        source=f"{statement.SOURCE}.qif",
        platform="card" if kinds & _MONEY == {"ccard"} else "bank",
        read=lambda: iter(()),
        evidence=(
            "every record: the account pays (a negative amount), or is paid",
            f"dates: {'month' if order else 'day'} first",
            f"the account, where the file names none: {account!r}, by the file's name",
        ),
        doubts=tuple(doubts),
    )
    part.read = lambda: _read(records, reading)
    return [part]


FORMAT = FileFormat("qif", "QIF statement", fits, parts)


def _file_account(path: Path) -> str:
    """Return the account's name in the file's name: 'bank_2024-01.qif' gives 'bank'.

    The file of the next month gives the same name.
    """
    stem = path.name.split(".")[0]
    return " ".join(_DATED_NAME.sub(" ", stem).replace("_", " ").split()) or stem


def _records(path: Path) -> Iterator[_Record]:
    kind, account, current = "", "", None
    for line, raw in content.lines(path):
        text = raw.strip().removeprefix("\ufeff")
        if text.startswith("!"):
            kind = text[1:].partition(":")[2].strip().casefold() or text[1:].strip().casefold()
            continue
        if text.startswith("^"):
            if current is not None and kind == "account":
                account = current.fields.get("N", account)
            elif current is not None and kind not in _LISTS:
                yield current
            current = None
        elif text:
            current = current or _Record(line, kind, account)
            current.raw.append(text)
            _take(current.fields, text[0].upper(), text[1:].strip())
    if current is not None and kind != "account" and kind not in _LISTS:
        raise LedgerFileError(
            f"{path.name} is cut off: the record on line {current.line} has no end (^)"
        )


def _take(fields: dict[str, str], letter: str, value: str) -> None:
    """Store a field's value. The letters of splits (S, E, $) occur several times in a record."""
    if letter in "SE$" and letter in fields:
        fields[letter] += "\n" + value
    else:
        fields.setdefault(letter, value)


def _order(dates: list[str], hints: Hints) -> tuple[bool, str]:
    """Return whether the month comes first, and a sentence if nothing in the file shows it."""
    parsed = [match for text in dates if (match := _DATE.match(text)) and len(match[1]) < 4]
    day_first = sum(int(match[1]) > 12 for match in parsed)
    month_first = sum(int(match[2]) > 12 for match in parsed)
    if hints.date_order is not None:
        return hints.date_order == "month", ""
    if day_first == month_first and parsed:
        first = parsed[0][0].strip()
        return True, f"dates such as {first} may be day or month first: say which with --date-order"
    return month_first > day_first, ""


def _read(records: list[_Record], reading: _Reading) -> Rows:
    raw = {record.line: "\n".join(record.raw) for record in records}
    yield from statement.rows(_entries(records, reading), "qif", raw)


def _entries(records: list[_Record], reading: _Reading) -> Iterator[Entry | Reject]:
    for record in records:
        try:
            yield _entry(record, reading)
        except RefusedError as refused:
            yield refused.reject(record.line, "\n".join(record.raw))


def _entry(record: _Record, reading: _Reading) -> Entry:
    if record.kind not in _MONEY:
        raise RefusedError(None, f"a record of {record.kind or 'no type'!r} is no payment")
    fields = record.fields
    category = fields.get("L", "")
    transfer = re.fullmatch(r"\[(.+)\](?:/.*)?", category)
    party = transfer[1] if transfer else fields.get("P", "")
    splits = zip(fields.get("S", "").split("\n"), fields.get("$", "").split("\n"), strict=False)
    return Entry(
        number=record.line,
        account=Account(record.account or reading.account, has_number=False),
        booked_on=_day(fields.get("D", ""), reading.month_first),
        amount=_amount(fields.get("T", fields.get("U", "")), reading.decimal),
        currency=reading.currency,
        party=party,
        party_kind="account" if transfer else "vendor",
        description=fields.get("M") or fields.get("P", ""),
        records="transfer" if transfer else "payment",
        facts={
            "category": category,
            "check_number": fields.get("N", ""),
            "cleared": fields.get("C", ""),
            "splits": "; ".join(f"{name} {amount}".strip() for name, amount in splits if name),
        },
    )


def _amount(text: str, mark: str) -> Decimal:
    if not text:
        raise RefusedError("T", "no amount")
    try:
        return money(text, mark, "," if mark == "." else ".")
    except ValueError as error:
        raise RefusedError("T", str(error)) from error


def _day(text: str, month_first: bool) -> date:
    """Return the day in 1/13/25, 1/13'25, 13.01.2025 or 2025-01-13. Years below 70 belong to
    this century."""
    match = _DATE.match(text)
    if match is None:
        raise RefusedError("D", f"{text[:40]!r} is not a date")
    first, second, mark, last = match.groups()
    if len(first) > 2:
        year, month, day = int(first), int(second), int(last)
    else:
        month, day = (int(first), int(second)) if month_first else (int(second), int(first))
        year = _year(last, mark)
    try:
        return date(year, month, day)
    except ValueError as error:
        order = "month" if month_first else "day"
        raise RefusedError("D", f"{text[:40]!r} is not a date, {order} first") from error


def _year(text: str, mark: str) -> int:
    year = int(text)
    if len(text) > 2:
        return year
    return year + (2000 if mark == "'" or year < 70 else 1900)
