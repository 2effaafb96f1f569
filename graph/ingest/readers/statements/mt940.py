"""MT940 statements and MT942 interim reports (SWIFT): a sequence of fields, each with a tag and
lines.

A statement runs from one :20: to the next. `subfield86` reads field :86:. MT942's expected
movements (marks EC and ED) are not booked yet, and are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from graph.ingest.decode import LedgerFileError
from graph.ingest.ledger_rows import Reject
from graph.ingest.readers import content
from graph.ingest.readers.checked import RefusedError, amount_of
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows
from graph.ingest.readers.statements import statement, subfield86
from graph.ingest.readers.statements.balances import Control, Controls, Current
from graph.ingest.readers.statements.statement import Account, Entry

_TAG = re.compile(r":([0-9]{2}[A-Z]?):(.*)", re.DOTALL)
_BLOCK = re.compile(r"(?:\{[0-9]:[^{}]*(?:\{[^{}]*\}[^{}]*)*\})*\{4:")
_START = re.compile(
    r"(?:^|[\r\n]|\{4:\s*):20:[^\r\n]*[\r\n]+(?:[^:\r\n][^\r\n]*[\r\n]+)*:2[0-9][A-Z]?:"
)
_MOVEMENT = re.compile(
    r"(?P<valued>[0-9]{6})(?P<booked>[0-9]{4})?"
    r"(?P<mark>R?[CD]|E[CD])(?P<funds>[A-Z])?"
    r"(?P<amount>[0-9]{1,12}[,.]?[0-9]{0,4})"
    r"(?:(?P<code>[A-Z][A-Z0-9]{3})(?P<rest>.*))?",
    re.DOTALL,
)
_BALANCE = re.compile(
    r"(?P<mark>[CD])(?P<day>[0-9]{6})(?P<currency>[A-Z]{3})(?P<amount>[0-9]{1,12}[,.]?[0-9]{0,4})"
)
_FLOOR = re.compile(r"(?P<currency>[A-Z]{3})[CD]?[0-9]+[,.]?[0-9]*")
_CURRENCY_AFTER = re.compile(r"(?<=[0-9])(?P<currency>[A-Z]{3})$")
_CHARGES = re.compile(r"/CHGS/(?P<currency>[A-Z]{3})(?P<amount>[0-9]{1,12},[0-9]{0,3})")


def fits(start: bytes) -> bool:
    """Return whether lines begin with :20: and, within the following fields, with another tag from
    20 to 29."""
    return (
        _START.search(start.decode("latin-1").lstrip("\ufeff\x01\xef\xbb\xbf")[:16_384]) is not None
    )


def parts(path: Path, _hints: Hints) -> list[Part]:
    part = Part(
        name="mt940",
        title="MT940 or MT942 (SWIFT) bank statement",
        source=f"{statement.SOURCE}.mt940",
        platform="bank",
        read=lambda: iter(()),
        evidence=("every booked movement (:61:): the account pays, or is paid",),
    )
    part.read = lambda: _read(path, part)
    return [part]


FORMAT = FileFormat("mt940", "MT940 or MT942", fits, parts)


@dataclass(slots=True)
class _Field:
    """One field: its tag, its line number, and its lines joined by line ends."""

    tag: str
    line: int
    text: str


@dataclass(slots=True)
class _Message(Current):
    """The statement or report that is being read."""

    ident: str = ""
    number: str = ""
    currency: str = ""
    is_interim: bool = False
    opened_on: str = ""

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.number or self.ident, self.opened_on)))


def _read(path: Path, part: Part) -> Rows:
    reading = _Reading(path)
    yield from statement.rows(reading.entries(), "mt940", reading.raw)
    part.warnings.extend(reading.warnings())


def _fields(path: Path) -> Iterator[_Field]:
    """Yield the fields of all messages. Text outside of them (SWIFT's blocks) is left out."""
    current: _Field | None = None
    for line, raw in content.lines(path):
        text = _BLOCK.sub("", raw.lstrip("\ufeff\x01"), count=1).rstrip()
        tag = _TAG.match(text)
        if tag:
            if current:
                yield current
            current = _Field(tag[1], line, tag[2])
        elif text.startswith("{") or (text.startswith("-") and not text.strip("-}\x03")):
            if current:
                yield current
            current = None
        elif current:
            current.text += "\n" + text
    if current:
        yield current


class _Reading:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._message = _Message()
        self._controls = Controls()
        self._notes: list[str] = []
        self._expected = 0
        self._open: _Field | None = None  # a :61: whose :86: may follow
        self._movements = 0
        self.raw: dict[int, str] = {}

    def entries(self) -> Iterator[Entry | Reject]:
        for field in _fields(self._path):
            if field.tag == "86" and self._open:
                yield from self._ended(field.text)
                continue
            yield from self._ended("")
            self._take(field)
        yield from self._ended("")
        self._end()
        if not self._movements and not self._controls.ended:
            raise LedgerFileError(f"{self._path.name} is cut off: it has no :61: and no balance")

    def _take(self, field: _Field) -> None:
        message, tag, text = self._message, field.tag, field.text.strip()
        if tag == "20":
            self._end()
            self._message.ident = text
        elif tag in {"25", "25P"}:
            message.account = _account(text)
            message.currency = message.currency or message.account.currency
        elif tag in {"28C", "28"}:
            message.number = text
        elif tag in {"60F", "60M", "62F", "62M"}:
            self._balance(tag, text)
        elif tag == "34F" and (floor := _FLOOR.match(text)):
            message.currency = message.currency or floor["currency"]
            message.is_interim = True
        elif tag == "61":
            self._open = field

    def _balance(self, tag: str, text: str) -> None:
        match = _BALANCE.match(text)
        if match is None:
            self._notes.append(f"the balance :{tag}:{text[:40]} cannot be read and is not checked")
            return
        amount = amount_of(match["amount"], _mark(match["amount"]))
        amount = amount if match["mark"] == "C" else -amount
        control = self._message.control
        self._message.currency = control.currency = match["currency"]
        if tag.startswith("60"):
            control.opening = amount
            self._message.opened_on = match["day"]
        else:
            control.closing = amount

    def _end(self) -> None:
        if self._message.account is not None:
            self._controls.end(self._named_control())
        self._message = _Message()

    def _named_control(self) -> Control:
        return self._message.named_control(self._message.name)

    def warnings(self) -> Iterator[str]:
        yield from self._controls.warnings()
        yield from self._notes
        if self._expected:
            yield f"{self._expected} expected movements (EC, ED) are not booked and not imported"

    def _ended(self, details: str) -> Iterator[Entry | Reject]:
        """Yield the movement that is being read as a row, or as a Reject if it cannot be read.
        `details` is the text of its field :86:, or ""."""
        opened, self._open = self._open, None
        if opened is None:
            return
        self._movements += 1
        self.raw[opened.line] = f":61:{opened.text}\n:86:{details}"
        try:
            yield from self._movement(opened, details)
        except RefusedError as refused:
            self._message.control.rejected += 1
            yield refused.reject(opened.line, self.raw[opened.line])

    def _movement(self, opened: _Field, details: str) -> Iterator[Entry]:
        message = self._message
        match = _MOVEMENT.match(opened.text.strip())
        if match is None:
            raise RefusedError("61", "not a movement: date, C or D and an amount are expected")
        if match["mark"].startswith("E"):
            self._expected += 1
            return
        account = message.stated_account("25", "movement")
        message.section_in(self._controls, message.name)
        entry = _entry(message, account, opened.line, match, subfield86.read(details))
        message.control.move(opened.line, entry.amount)
        yield entry


def _entry(
    message: _Message,
    account: Account,
    line: int,
    match: re.Match[str],
    details: subfield86.Details,
) -> Entry:
    amount = amount_of(match["amount"], _mark(match["amount"]))
    gains = match["mark"] in {"C", "RD"}
    valued = _day(match["valued"])
    code = (match["code"] or "")[1:]
    banks_own = code in {"CHG", "COM", "INT"} and not details.party
    return Entry(
        number=line,
        account=account,
        booked_on=_booked(match["booked"], valued),
        amount=amount if gains else -amount,
        currency=message.currency,
        statement=message.name,
        section=message.section or 0,
        party=details.party or ("Bank" if banks_own else details.account),
        party_keys=(("iban", details.account),) if statement.is_iban(details.account) else (),
        description=details.remittance or details.booking_text,
        records="fee" if banks_own and code != "INT" else "payment",
        facts=_facts(match, valued, details, is_whole=not message.is_interim),
    )


def _facts(
    match: re.Match[str], valued: date, details: subfield86.Details, *, is_whole: bool
) -> dict[str, str]:
    """Return name → value of a movement's details, other than amount, date and party.

    `is_whole` says that no row of the statement's days is missing.
    """
    first, _, supplement = (match["rest"] or "").partition("\n")
    own, _, bank = first.partition("//")
    return {
        "value_date": valued.isoformat(),
        "counterparty_account": details.account,
        "counterparty_bic": details.bic,
        "end_to_end_id": statement.reference(details.end_to_end_id or ("" if own == bank else own)),
        "bank_reference": statement.reference(bank),
        "mandate": details.mandate,
        "creditor_id": details.creditor_id,
        "ultimate_party": details.ultimate,
        "transaction_code": match["code"] or "",
        "bank_text": details.booking_text,
        "returned": "yes" if match["mark"].startswith("R") else "",
        "supplement": " ".join(supplement.split()),
        "complete": "yes" if is_whole else "",
        **_charges(supplement),
    }


def _charges(supplement: str) -> dict[str, str]:
    match = _CHARGES.search(supplement)
    return {"charges": f"{match['currency']} {match['amount']}"} if match else {}


def _account(text: str) -> Account:
    """Return the account in the text: '10020030/1234567EUR' has a number and a currency."""
    plain = " ".join(text.split())
    currency = _CURRENCY_AFTER.search(plain)
    if currency and not statement.is_iban(plain):
        plain = plain[: currency.start()]
    return Account(statement.account_number(plain), currency["currency"] if currency else "")


def _mark(amount: str) -> str:
    return "," if "," in amount else "."


def _day(text: str) -> date:
    """Return the day in YYMMDD. Years from 80 to 99 belong to the last century. Raises
    RefusedError."""
    year = int(text[:2])
    try:
        return date(year + (1900 if year >= 80 else 2000), int(text[2:4]), int(text[4:6]))
    except ValueError as error:
        raise RefusedError("61", f"{text!r} is not a date (YYMMDD)") from error


def _booked(text: str | None, valued: date) -> date:
    """Return the booking day of the text MMDD, in the year in which it is nearest to the value
    day."""
    if not text:
        return valued
    days = []
    for year in (valued.year - 1, valued.year, valued.year + 1):
        try:
            days.append(date(year, int(text[:2]), int(text[2:])))
        except ValueError:
            continue
    if not days:
        raise RefusedError("61", f"{text!r} is not a booking date (MMDD)")
    return min(days, key=lambda day: abs(day - valued))
