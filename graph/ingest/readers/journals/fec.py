"""France's "fichier des écritures comptables" (FEC): every line of every entry, by law.

Article A47 A-1 of the Livre des procédures fiscales: 18 columns, divided by tabs or "|", days as
YYYYMMDD, amounts with a comma, in euros. The lines of an entry sum to zero. Accounts are those of
the plan comptable général: 401 suppliers, 411 customers, 421 staff, 51 banks, 53 cash, 58 money on
its way between our own accounts, and 89 the opening and closing balance. The file's name begins
with the company's SIREN.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from itertools import groupby, islice
from pathlib import Path

from graph.ingest.ledger_rows import LedgerRow, Party, Records
from graph.ingest.mappings.column_names import squash
from graph.ingest.parse_cells import money
from graph.ingest.readers import content
from graph.ingest.readers.checked import RefusedError, checked, shown
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows

SOURCE = "fec"
MOST_LINES = 50_000  # of an entry, which is read as a whole
_NEEDED = ("journalcode", "ecriturenum", "ecrituredate", "comptenum", "debit", "credit")
_MONEY = ("51", "53")
_BETWEEN, _BALANCE = "58", "89"
_SIREN = re.compile(r"(?<!\d)(\d{9})FEC\d{8}", re.IGNORECASE)
_OPENING_CODE = re.compile(r"R?ANX?|A-?NOU\w*", re.IGNORECASE)
_OPENING = re.compile(r"\b[aà][- ]?nouveaux?\b", re.IGNORECASE)
_OWED, _CUSTOMERS, _STAFF = "40", "41", "42"
_PERSONAL = (_OWED, _CUSTOMERS, _STAFF)


def fits(start: bytes) -> bool:
    first = start.removeprefix(b"\xef\xbb\xbf").splitlines()[:1]
    titles = (
        {squash(title) for title in _cells(first[0].decode(errors="replace"))} if first else set()
    )
    return titles.issuperset(_NEEDED)


def _cells(line: str) -> list[str]:
    return [cell.strip(' "') for cell in line.split("\t" if "\t" in line else "|")]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of an entry; `amount` is its debit less its credit."""

    number: int
    data: dict[str, str]
    amount: Decimal

    @property
    def account(self) -> str:
        return self.data["comptenum"]

    @property
    def name(self) -> str:
        data = self.data
        return data.get("compauxlib") or data.get("compauxnum") or data.get("ecriturelib", "")


def parts(path: Path, _hints: Hints) -> list[Part]:
    """Return one part with all entries. Raises LedgerFileError."""
    lines = content.lines(path)
    names = [squash(title) for title in _cells(next(lines, (1, ""))[1].lstrip("\ufeff"))]
    part = Part(
        name="fec",
        title="fichier des écritures comptables",
        source=_source(path.name),
        platform="ledger",
        read=lambda: _read(lines, names),
        evidence=(
            "an entry that moves money (51, 53) is a payment with each of its other accounts",
            "an entry of a supplier (40) or a customer (41) is owed",
            "money on its way between own accounts (58) is a transfer",
            "opening and closing balances (à nouveau, 89) move no money and are rejected",
        ),
    )
    return [part]


def _source(file_name: str) -> str:
    """Return the source's key, which has the company's SIREN, because several companies of one
    tenant may number their entries alike."""
    siren = _SIREN.search(file_name)
    return f"{SOURCE}.{siren[1]}" if siren else SOURCE


FORMAT = FileFormat("fec", "FEC (fichier des écritures comptables)", fits, parts)


def _read(lines: Iterator[tuple[int, str]], names: list[str]) -> Rows:
    """Yield the rows of all entries. The lines of one entry must be next to one another."""
    seen: Counter[str] = Counter()
    rows = ((number, text) for number, text in lines if text.strip())
    for _, group in groupby(rows, key=lambda row: _entry_of(row[1], names)):
        yield from _entry(list(islice(group, MOST_LINES + 1)), names, seen)


def _entry(rows: list[tuple[int, str]], names: list[str], seen: Counter[str]) -> Rows:
    """Yield the entry's payments and debts, or one reject with its first line."""
    try:
        if len(rows) > MOST_LINES:
            raise RefusedError("ecriturenum", f"the entry has more than {MOST_LINES:,} lines")
        entry = [_line(number, text, names) for number, text in rows]
        if off := sum((line.amount for line in entry), Decimal(0)):
            raise RefusedError("debit", f"the entry's debits and credits differ by {off}")
        if _is_balance(entry):
            reason = "an opening or closing balance (à nouveau) moves no money"
            raise RefusedError("journalcode", reason)
        for leg in _legs([line for line in entry if line.amount]):
            yield _row(leg, seen)
    except RefusedError as refused:
        number, text = rows[0]
        yield refused.reject(number, shown(text))


def _is_balance(entry: list[_Line]) -> bool:
    """Return whether the entry takes balances over from or to another year."""
    journal = entry[0].data
    return (
        _OPENING_CODE.fullmatch(journal.get("journalcode", "")) is not None
        or _OPENING.search(journal.get("journallib", "")) is not None
        or any(line.account.startswith(_BALANCE) for line in entry)
        or all(_OPENING.match(line.data.get("ecriturelib", "")) for line in entry)
    )


def _line(number: int, text: str, names: list[str]) -> _Line:
    cells = _cells(text)
    if len(cells) != len(names):
        raise RefusedError(None, f"{len(cells)} columns where the first line has {len(names)}")
    data = dict(zip(names, cells, strict=True))
    debit, credit = (_amount(data, side) for side in ("debit", "credit"))
    return _Line(number, data, debit - credit)


def _amount(data: dict[str, str], side: str) -> Decimal:
    try:
        text = data[side]
        return money(text, "." if "." in text else ",", "") if text else Decimal(0)
    except ValueError as error:
        raise RefusedError(side, str(error)) from error


@dataclass(frozen=True, slots=True)
class _Leg:
    """A payment or a debt that one line of an entry records."""

    line: _Line
    payer: Party
    payee: Party
    amount: Decimal
    records: Records


def _legs(entry: list[_Line]) -> Iterator[_Leg]:
    between = [line for line in entry if line.account.startswith(_BETWEEN)]
    moved = [line for line in entry if line.account.startswith(_MONEY)]
    others = [line for line in entry if not line.account.startswith((*_MONEY, _BETWEEN))]
    if not moved:
        moved, between = between, []
    persons = [line for line in others if line.account.startswith(_PERSONAL)]
    if moved and (others or between):
        if len({line.account for line in moved}) > 1:
            raise RefusedError("comptenum", "the entry moves money on several accounts at once")
        yield from (_transfer(moved[0], line) for line in between)
        yield from _paid(moved[0], others)
    elif persons:
        impersonal = [line for line in others if not line.account.startswith(_PERSONAL)]
        yield from _owed(persons, impersonal or persons)
    elif len(entry) == 2:
        yield _transfer(*sorted(entry, key=lambda line: line.amount))
    elif entry:
        raise RefusedError("comptenum", "the entry moves no money, and nobody owes it")


def _transfer(one: _Line, other: _Line) -> _Leg:
    """Return the payment between the two accounts, to the one in debit.

    The row belongs to the line `other`.
    """
    of, to = (one, other) if other.amount > 0 else (other, one)
    return _Leg(other, _own(of), _own(to), abs(other.amount), "transfer")


def _paid(money_line: _Line, others: list[_Line]) -> Iterator[_Leg]:
    """Yield a payment for each other line of the entry: to the line's party if it is a debit,
    from it if it is a credit."""
    by_name: dict[str, list[_Line]] = {}
    for line in others:
        by_name.setdefault(line.name, []).append(line)
    for lines in by_name.values():
        total = sum((line.amount for line in lines), Decimal(0))
        if total:
            yield _Leg(lines[0], _own(money_line), _other(lines[0]), total, "payment")


def _owed(persons: list[_Line], rest: list[_Line]) -> Iterator[_Leg]:
    own = _own(max(rest, key=lambda line: abs(line.amount)))
    for line in persons:
        if line.account.startswith(_CUSTOMERS):
            yield _Leg(line, _other(line), own, line.amount, "obligation")
        else:
            yield _Leg(line, own, _other(line), -line.amount, "obligation")


def _own(line: _Line) -> Party:
    name = line.data.get("comptelib") or line.account
    return Party("account", name, (("account_number", line.account),))


def _other(line: _Line) -> Party:
    if line.account.startswith(_CUSTOMERS):
        kind, key = "customer", "customer_id"
    elif line.account.startswith(_STAFF):
        kind, key = "employee", "employee_id"
    else:
        kind, key = "vendor", "supplier_id"
    number = line.data.get("compauxnum", "")
    return Party(kind, line.name or line.account, ((key, number),) if number else ())


def _row(leg: _Leg, seen: Counter[str]) -> LedgerRow:
    data = leg.line.data
    entry = "\x1f".join(
        data.get(name, "") for name in ("journalcode", "ecriturenum", "ecrituredate")
    )
    text = f"{entry}\x1f{leg.line.account}\x1f{leg.line.name}\x1f{leg.amount}"
    key = blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()
    seen[key] += 1
    return checked(
        line=leg.line.number,
        key=key,
        publication="",
        ordinal=seen[key],
        transaction_ref=blake2b(entry.encode(errors="replace"), digest_size=16).hexdigest(),
        occurred_at=_day(data["ecrituredate"]),
        amount=leg.amount,
        currency="EUR",
        payer=leg.payer,
        payee=leg.payee,
        document_ref=data.get("pieceref", ""),
        description=data.get("ecriturelib", ""),
        data={name: value for name, value in data.items() if value},
        records=leg.records,
    )


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise RefusedError("ecrituredate", f"{text[:20]!r} is not a date (YYYYMMDD)") from error


def _entry_of(text: str, names: list[str]) -> tuple[str, ...]:
    data = dict(zip(names, _cells(text), strict=False))
    return data.get("journalcode", ""), data.get("ecriturenum", "")
