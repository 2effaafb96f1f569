"""DATEV's EXTF format, "Buchungsstapel" (category 21): bookings between two accounts.

Line 1 states version, fiscal year, period, length of account numbers and currency. Line 2 names the
columns. A document's day (Belegdatum) is DDMM within the period. Numbers of personal accounts have
one digit more than the others. They begin with 1 to 6 for debtors, and with 7 to 9 for creditors.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path

from graph.ingest.decode import LedgerFileError
from graph.ingest.ledger_rows import LedgerRow, Party, Records
from graph.ingest.parse_cells import money
from graph.ingest.readers import content
from graph.ingest.readers.checked import RefusedError, checked, shown
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows
from graph.ingest.readers.statements.statement import at_midnight

SOURCE = "datev.bookings"
BOOKINGS = "21"
# First digits of money accounts by chart of accounts: cash and banks.
_MONEY = {"03": ("10", "11", "12", "13"), "04": ("16", "17", "18")}
_NEEDED = ("Umsatz (ohne Soll/Haben-Kz)", "Soll/Haben-Kennzeichen", "Konto", "Belegdatum")
_CONTRA = ("Gegenkonto (ohne BU-Schlüssel)", "Gegenkonto")


def fits(start: bytes) -> bool:
    text = start.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"")
    return text.startswith((b'"EXTF";', b"EXTF;", b'"DTVF";', b"DTVF;"))


@dataclass(frozen=True, slots=True)
class _Head:
    """The fields of the file's first line, such as the fiscal year, the period and the currency."""

    consultant: str
    client: str
    year_begins: date
    digits: int
    first: date
    last: date
    currency: str
    chart: str


@dataclass(frozen=True, slots=True)
class _Booking:
    line: int
    text: str
    data: dict[str, str]


def parts(path: Path, _hints: Hints) -> list[Part]:
    """Return one part with all bookings. Raises LedgerFileError."""
    lines = content.lines(path)
    head = _head(path, next(lines, (1, ""))[1])
    names = next(csv.reader([next(lines, (2, ""))[1]], delimiter=";"), [])
    missing = [name for name in _NEEDED if name not in names]
    contra = next((name for name in _CONTRA if name in names), None)
    if missing or contra is None:
        raise LedgerFileError(
            f"{path.name} is a DATEV file whose line 2 lacks {', '.join(missing) or _CONTRA[0]}"
        )
    part = Part(
        name="datev",
        title=f"DATEV bookings of client {head.client}, {head.first} to {head.last}",
        source=f"{SOURCE}.{head.consultant}.{head.client}",
        platform="ledger",
        read=lambda: _read(lines, names, contra, head),
        evidence=(
            f"accounts of {head.digits} digits, personal accounts of {head.digits + 1}",
            "a debtor in debit owes us; a creditor in credit is owed; money accounts pay",
        ),
    )
    return [part]


FORMAT = FileFormat("datev", "DATEV EXTF bookings (Buchungsstapel)", fits, parts)


def _head(path: Path, line: str) -> _Head:
    cells = next(csv.reader([line.removeprefix("\ufeff")], delimiter=";"), [])
    cells += [""] * (31 - len(cells))
    if cells[2] != BOOKINGS:
        raise LedgerFileError(
            f"{path.name} is DATEV's {cells[3] or 'category ' + cells[2]!r}: only bookings "
            "(Buchungsstapel, category 21) are read"
        )
    try:
        return _Head(
            consultant=cells[10] or "0",
            client=cells[11] or "0",
            year_begins=_day(cells[12]),
            digits=int(cells[13] or "4"),
            first=_day(cells[14] or cells[12]),
            last=_day(cells[15]) if cells[15] else _day(cells[12]).replace(month=12, day=31),
            currency=cells[21] or "EUR",
            chart=cells[26],
        )
    except ValueError as error:
        raise LedgerFileError(f"{path.name}, line 1: {error}") from error


def _day(text: str) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError as error:
        raise ValueError(f"{text[:20]!r} is not a date (YYYYMMDD)") from error


def _read(lines: Iterator[tuple[int, str]], names: list[str], contra: str, head: _Head) -> Rows:
    """Yield the bookings as rows. A personal account is named by the text that most of its bookings
    have."""
    read, bookings = [], []
    for line, text in lines:
        if text.strip(' ;"'):
            read.append((line, text))
    for line, text in read:
        cells = _cells(text)
        data = {} if cells is None else dict(zip(names, map(str.strip, cells), strict=False))
        bookings.append(_Booking(line, text, data))
    reading = _Reading(head, contra, _called(bookings, contra, head))
    for booking in bookings:
        try:
            yield reading.row(booking)
        except RefusedError as refused:
            yield refused.reject(booking.line, shown(booking.text))


def _cells(text: str) -> list[str] | None:
    try:
        return next(csv.reader([text], delimiter=";", strict=True), None)
    except csv.Error:
        return None


def _called(bookings: list[_Booking], contra: str, head: _Head) -> dict[str, str]:
    """Return the name of each personal account: the text that more than half of its bookings
    have."""
    texts: dict[str, Counter[str]] = {}
    for booking in bookings:
        for account in (booking.data.get("Konto", ""), booking.data.get(contra, "")):
            if _is_personal(account, head):
                text = booking.data.get("Buchungstext", "")
                texts.setdefault(account, Counter())[text] += 1
    names = {}
    for account, counts in texts.items():
        text, count = counts.most_common(1)[0]
        if text and count * 2 > counts.total():
            names[account] = text
    return names


def _is_personal(account: str, head: _Head) -> bool:
    return account.isdigit() and len(account) == head.digits + 1 and account[0] != "0"


class _Reading:
    def __init__(self, head: _Head, contra: str, called: dict[str, str]) -> None:
        self._head = head
        self._contra = contra
        self._called = called
        self._seen: Counter[str] = Counter()

    def row(self, booking: _Booking) -> LedgerRow:
        data = booking.data
        if not data:
            raise RefusedError(None, "not a record: a quote is opened and not closed")
        side = data.get("Soll/Haben-Kennzeichen", "").upper()
        if side not in {"S", "H"}:
            raise RefusedError("Soll/Haben-Kennzeichen", f"{side[:20]!r} is neither S nor H")
        own, other = data.get("Konto", ""), data.get(self._contra, "")
        debit, credit = (own, other) if side == "S" else (other, own)
        for name, account in (("Konto", own), (self._contra, other)):
            if not account.isdigit():
                raise RefusedError(name, f"{account[:20]!r} is not an account's number")
        payer, payee, amount, records = self._sides(debit, credit, self._amount(data))
        key = blake2b(
            "\x1f".join(data.values()).encode(errors="replace"), digest_size=16
        ).hexdigest()
        self._seen[key] += 1
        return checked(
            line=booking.line,
            key=key,
            publication="",
            ordinal=self._seen[key],
            transaction_ref=key,
            occurred_at=at_midnight(self._booked_on(data)),
            amount=amount,
            currency=data.get("WKZ Umsatz") or self._head.currency,
            payer=payer,
            payee=payee,
            document_ref=data.get("Belegfeld 1", ""),
            description=data.get("Buchungstext", ""),
            data={_name(name): value for name, value in data.items() if value},
            records=records,
        )

    def _sides(
        self, debit: str, credit: str, amount: Decimal
    ) -> tuple[Party, Party, Decimal, Records]:
        """Return payer, payee, amount and what the row records, by the kinds of the two
        accounts."""
        kinds = self._kind(debit), self._kind(credit)
        to, of = self._party(debit), self._party(credit)
        records: Records = "transfer"
        if "money" in kinds and set(kinds) != {"money"}:
            records = "payment"
        elif "customer" in kinds or "vendor" in kinds:
            records = "obligation"
        if records != "obligation":
            return of, to, amount, records  # money goes to the account in debit
        if kinds[0] == "customer" or (kinds[1] == "vendor" and kinds[0] != "vendor"):
            return to, of, amount, records  # a sale, or a bill
        return of, to, -amount, records  # a sale or a bill that is taken back

    def _kind(self, account: str) -> str:
        if _is_personal(account, self._head):
            return "customer" if account[0] <= "6" else "vendor"
        full = account.zfill(self._head.digits)
        return "money" if full.startswith(_MONEY.get(self._head.chart, ())) else "account"

    def _party(self, account: str) -> Party:
        kind = self._kind(account)
        if kind not in {"customer", "vendor"}:
            return Party("account", account, (("account_number", account),))
        key = "customer_id" if kind == "customer" else "supplier_id"
        usual = "Debtor" if kind == "customer" else "Creditor"
        return Party(kind, self._called.get(account) or f"{usual} {account}", ((key, account),))

    def _amount(self, data: dict[str, str]) -> Decimal:
        """Return the amount, negative for a general reversal (Generalumkehr)."""
        try:
            amount = money(data.get(_NEEDED[0], ""), ",", ".")
        except ValueError as error:
            raise RefusedError(_NEEDED[0], str(error)) from error
        return -amount if data.get("Generalumkehr (GU)") in {"1", "G"} else amount

    def _booked_on(self, data: dict[str, str]) -> date:
        """Return the day of the text DDMM, or DMM without the leading zero, in the year in which
        the day is within the period."""
        text = data.get("Belegdatum", "").zfill(4)
        years = sorted({self._head.first.year, self._head.last.year, self._head.year_begins.year})
        days = []
        for year in years:
            try:
                days.append(date(year, int(text[2:4]), int(text[:2])))
            except ValueError:
                continue
        if len(text) != 4 or not days:
            raise RefusedError("Belegdatum", f"{text[:20]!r} is not a date (DDMM)")
        within = [day for day in days if self._head.first <= day <= self._head.last]
        return within[0] if within else days[-1]


def _name(title: str) -> str:
    return "_".join("".join(c if c.isalnum() else " " for c in title.casefold()).split())
