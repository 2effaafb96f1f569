"""France's "fichier des écritures comptables" (FEC): every line of every entry, by law.

Article A47 A-1 of the Livre des procédures fiscales: 18 columns, divided by tabs or "|", days as
YYYYMMDD, amounts with a comma, in euros. The lines of an entry sum to zero. Accounts are those of
the plan comptable général: 401 suppliers, 411 customers, 421 staff, 51 banks and 53 cash.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import blake2b
from itertools import groupby
from pathlib import Path

from graph.ingest.mappings.column_names import squash
from graph.ingest.parse_cells import money
from graph.ingest.readers import content
from graph.ingest.readers.checked import RefusedError, checked, shown
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows
from graph.ingest.rows import LedgerRow, Party, Records

SOURCE = "fec"
_NEEDED = ("journalcode", "ecriturenum", "ecrituredate", "comptenum", "debit", "credit")
_MONEY = ("51", "53")
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
    """One part. Raises LedgerFileError."""
    lines = content.lines(path)
    names = [squash(title) for title in _cells(next(lines, (1, ""))[1].lstrip("\ufeff"))]
    part = Part(
        name="fec",
        title="fichier des écritures comptables",
        source=SOURCE,
        platform="ledger",
        read=lambda: _read(lines, names),
        evidence=(
            "an entry that moves money (51, 53) is a payment with each of its other accounts",
            "an entry of a supplier (40) or a customer (41) is owed",
        ),
    )
    return [part]


FORMAT = FileFormat("fec", "FEC (fichier des écritures comptables)", fits, parts)


def _read(lines: Iterator[tuple[int, str]], names: list[str]) -> Rows:
    """The entries. Lines of one entry stand together."""
    seen: Counter[str] = Counter()
    rows = ((number, text) for number, text in lines if text.strip())
    for _, group in groupby(rows, key=lambda row: _entry_of(row[1], names)):
        yield from _entry(list(group), names, seen)


def _entry(rows: list[tuple[int, str]], names: list[str], seen: Counter[str]) -> Rows:
    """The entry's payments and debts, or one reject with its first line."""
    try:
        entry = [_line(number, text, names) for number, text in rows]
        if off := sum((line.amount for line in entry), Decimal(0)):
            raise RefusedError("debit", f"the entry's debits and credits differ by {off}")
        for leg in _legs([line for line in entry if line.amount]):
            yield _row(leg, seen)
    except RefusedError as refused:
        number, text = rows[0]
        yield refused.reject(number, shown(text))


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
    """A payment or a debt, told by one line of its entry."""

    line: _Line
    payer: Party
    payee: Party
    amount: Decimal
    records: Records


def _legs(entry: list[_Line]) -> Iterator[_Leg]:
    moved = [line for line in entry if line.account.startswith(_MONEY)]
    others = [line for line in entry if not line.account.startswith(_MONEY)]
    persons = [line for line in others if line.account.startswith(_PERSONAL)]
    if moved and others:
        if len({line.account for line in moved}) > 1:
            raise RefusedError("comptenum", "the entry moves money on several accounts at once")
        yield from _paid(moved[0], others)
    elif persons:
        yield from _owed(persons, [line for line in others if line not in persons] or persons)
    elif len(entry) == 2:
        of, to = sorted(entry, key=lambda line: line.amount)
        yield _Leg(to, _own(of), _own(to), to.amount, "transfer")
    elif entry:
        raise RefusedError("comptenum", "the entry moves no money, and nobody owes it")


def _paid(money_line: _Line, others: list[_Line]) -> Iterator[_Leg]:
    """What each party is paid (its lines are debits) or pays us."""
    for name in dict.fromkeys(line.name for line in others):
        lines = [line for line in others if line.name == name]
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
