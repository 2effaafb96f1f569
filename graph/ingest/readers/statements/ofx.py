"""OFX and QFX downloads of banks and card companies: 1.x (SGML) and 2.x (XML).

This is a small reader of our own, because ofxtools is GPL and ofxparse is not maintained. In OFX's
SGML, an element with a text has no end tag, but an aggregate has one. OFX's XML closes both.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from graph.ingest.decode import LedgerFileError, encoding_of, explained, text
from graph.ingest.ledger_rows import Reject
from graph.ingest.readers import content
from graph.ingest.readers.checked import RefusedError, amount_of, shown
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows
from graph.ingest.readers.statements import statement
from graph.ingest.readers.statements.statement import Account, Entry

LARGEST = 64 * 1024 * 1024  # characters of a file
_HEADER = re.compile(
    rb"\s*(?:\xef\xbb\xbf)?\s*(?:OFXHEADER\s*:|<\?OFX\s|<\?xml[^>]*>\s*<\?OFX\s|<OFX>)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<(?P<end>/)?(?P<name>[A-Za-z0-9._-]{1,64})\s*/?>(?P<text>[^<]*)")
_STATEMENTS = frozenset(("STMTRS", "CCSTMTRS"))
# Elements that may be empty, although aggregates with the same name have end tags.
_ELEMENTS = frozenset(
    ("ACCTID", "ACCTKEY", "ACCTTYPE", "BANKID", "BRANCHID", "CHECKNUM", "CORRECTACTION",
     "CORRECTFITID", "CURDEF", "CURRATE", "CURSYM", "DTAVAIL", "DTPOSTED", "DTUSER", "EXTDNAME",
     "FITID", "MEMO", "NAME", "PAYEEID", "REFNUM", "SIC", "SRVRTID", "TRNAMT", "TRNTYPE")
)  # fmt: skip
_FEES = frozenset(("FEE", "SRVCHG"))


def fits(start: bytes) -> bool:
    """Return whether the bytes begin with OFX's own header."""
    return _HEADER.match(start.replace(b"\0", b"")) is not None


def parts(path: Path, _hints: Hints) -> list[Part]:
    """Return one part with all statements. Raises LedgerFileError."""
    whole = _whole(path)
    is_card = re.search(r"<CCSTMTRS>", whole, re.IGNORECASE) is not None
    part = Part(
        name="ofx",
        title="OFX or QFX statement",
        source=f"{statement.SOURCE}.ofx",
        platform="card" if is_card else "bank",
        read=lambda: iter(()),
        evidence=("every STMTTRN: the account pays, or is paid",),
    )
    part.read = lambda: _read(path, whole, part)
    return [part]


FORMAT = FileFormat("ofx", "OFX or QFX statement", fits, parts)


def _whole(path: Path) -> str:
    encoding = encoding_of(path)
    with explained(path), text(path, encoding) as (stream, _):
        whole = stream.read(LARGEST + 1)
    if len(whole) > LARGEST:
        raise content.too_large(path, LARGEST)
    if re.search(r"<!(?:DOCTYPE|ENTITY)", whole, re.IGNORECASE):
        raise LedgerFileError(f"{path.name} declares a DTD: finley reads no files with one")
    return whole


@dataclass(slots=True)
class _Node:
    """An aggregate of OFX: its texts by element, and the number of its first line."""

    name: str
    line: int
    texts: dict[str, str] = field(default_factory=dict)
    raw: str = ""

    def get(self, *names: str) -> str:
        return next((self.texts[name] for name in names if self.texts.get(name)), "")


def _read(path: Path, whole: str, part: Part) -> Rows:
    reading = _Reading(whole)
    yield from statement.rows(reading.entries(), "ofx", reading.raw)
    if not reading.is_whole:
        raise LedgerFileError(f"{path.name} is cut off: </OFX> is missing; fetch it again")
    if not reading.statements:
        raise LedgerFileError(f"{path.name} holds no bank or card statement (STMTRS, CCSTMTRS)")
    part.warnings.extend(reading.warnings)


class _Reading:
    """The state of reading one file. `open` are the aggregates that are not closed yet, each
    inside the one before it."""

    def __init__(self, whole: str) -> None:
        self._whole = whole
        self._ended = {name.upper() for name in re.findall(r"</([A-Za-z0-9._-]{1,64})>", whole)}
        self._currency = ""
        self._account: Account | None = None
        self.open: list[_Node] = []
        self.statements = 0
        self.raw: dict[int, str] = {}
        self.warnings: list[str] = []

    @property
    def is_whole(self) -> bool:
        return "OFX" in self._ended and not self.open

    def entries(self) -> Iterator[Entry | Reject]:
        line, at = 1, 0
        for tag in _TAG.finditer(self._whole):
            line += self._whole.count("\n", at, tag.start())
            at = tag.start()
            name, value = tag["name"].upper(), tag["text"].strip()
            if tag["end"]:
                yield from self._close(name, tag.end("name"))
            elif value:
                self._text(name, html.unescape(value))
            elif self._is_aggregate(name, tag.end()):
                self.open.append(_Node(name, line, raw=str(tag.start())))
                self._begin(name)

    def _is_aggregate(self, name: str, at: int) -> bool:
        """Return whether the tag begins an aggregate: its end tag follows, and it is not an empty
        element."""
        is_empty = self._whole[at : at + len(name) + 3].upper().startswith(f"</{name}>")
        return name in self._ended and name not in _ELEMENTS and not is_empty

    def _begin(self, name: str) -> None:
        if name in _STATEMENTS:
            self.statements += 1
            self._account, self._currency = None, ""

    def _text(self, name: str, value: str) -> None:
        if name == "CURDEF":
            self._currency = value
        if self.open:
            self.open[-1].texts.setdefault(name, value)

    def _close(self, name: str, end: int) -> Iterator[Entry | Reject]:
        if not any(node.name == name for node in self.open):
            return  # the end tag of an element
        while self.open:
            node = self.open.pop()
            if node.name == name:
                break
        yield from self._closed(node, end)

    def _closed(self, node: _Node, end: int) -> Iterator[Entry | Reject]:
        above = self.open[-1] if self.open else None
        if node.name in {"BANKACCTFROM", "CCACCTFROM"} and self._account is None:
            self._account = _account(node)
        elif node.name == "STMTTRN":
            raw = self._whole[int(node.raw) : end + 1]
            self.raw[node.line] = raw
            yield from self._transaction(node, raw)
        elif above is not None:  # PAYEE, BANKACCTTO, CURRENCY, ORIGCURRENCY
            for name, value in node.texts.items():
                above.texts.setdefault(f"{node.name}.{name}", value)

    def _transaction(self, node: _Node, raw: str) -> Iterator[Entry | Reject]:
        try:
            yield self._entry(node)
        except RefusedError as refused:
            yield Reject(node.line, refused.field, refused.reason, shown(raw))

    def _entry(self, node: _Node) -> Entry:
        if self._account is None:
            raise RefusedError("ACCTID", "no account is stated above the transaction")
        if node.get("CORRECTACTION").upper() == "DELETE":
            raise RefusedError("CORRECTACTION", f"the bank deletes {node.get('CORRECTFITID')!r}")
        kind = node.get("TRNTYPE").upper()
        name = node.get("NAME", "PAYEE.NAME")
        other = node.get("BANKACCTTO.ACCTID", "CCACCTTO.ACCTID")
        iban = statement.account_number(other) if statement.is_iban(other) else ""
        return Entry(
            number=node.line,
            account=self._account,
            booked_on=_day(node.get("DTPOSTED")),
            amount=_amount(node.get("TRNAMT")),
            currency=(node.get("CURRENCY.CURSYM") or self._currency).upper(),
            section=self.statements,
            party=name or ("Bank" if kind in _FEES else ""),
            party_keys=(("iban", iban),) if iban else (),
            description=node.get("MEMO") or name,
            records="fee" if kind in _FEES else "payment",
            key=node.get("CORRECTFITID", "FITID"),
            replaces=node.get("CORRECTACTION").upper() == "REPLACE",
            facts={
                "transaction_code": kind,
                "counterparty_account": other,
                "check_number": node.get("CHECKNUM"),
                "bank_reference": statement.reference(node.get("REFNUM")),
                "value_date": node.get("DTAVAIL")[:8],
                "original_currency": node.get("ORIGCURRENCY.CURSYM"),
                "exchange_rate": node.get("ORIGCURRENCY.CURRATE", "CURRENCY.CURRATE"),
                "complete": "yes",
            },
        )


def _account(node: _Node) -> Account:
    number = " ".join(node.get("ACCTID").split())
    bank = node.get("BANKID")
    if statement.is_iban(number):
        return Account(statement.account_number(number))
    return Account(f"{bank}/{number}" if bank else number)


def _day(text: str) -> date:
    """Return the day in YYYYMMDD. A time or zone after it is ignored, because the day is the
    bank's."""
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError as error:
        raise RefusedError("DTPOSTED", f"{text[:40]!r} is not a date (YYYYMMDD)") from error


def _amount(text: str) -> Decimal:
    """Return the amount, with a comma or a point before the decimals and no other marks."""
    plain = text.strip()
    return amount_of(plain, "," if "," in plain and "." not in plain else ".")
