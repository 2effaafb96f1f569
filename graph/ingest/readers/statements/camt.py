"""CAMT.053 statements, CAMT.052 reports and CAMT.054 notifications (ISO 20022), all versions.

Elements are read by their local names, so that the namespace of every version is accepted. If
versions have an element in different places, both are read. Pending, future and informational
entries are not payments, and are left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from graph.ingest.ledger_rows import Reject
from graph.ingest.readers import safe_xml
from graph.ingest.readers.checked import RefusedError, amount_of, day_of
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows
from graph.ingest.readers.safe_xml import Element, child, first_text, local, text
from graph.ingest.readers.statements import camt_transactions, statement
from graph.ingest.readers.statements.balances import Control, Controls, Current
from graph.ingest.readers.statements.camt_transactions import EntryFacts
from graph.ingest.readers.statements.statement import Account, Entry

_TITLES = {
    "Stmt": "CAMT.053, a bank statement",
    "Rpt": "CAMT.052, an account report",
    "Ntfctn": "CAMT.054, debit and credit notifications",
}
_MESSAGES = {
    "BkToCstmrStmt": "Stmt",
    "BkToCstmrAcctRpt": "Rpt",
    "BkToCstmrDbtCdtNtfctn": "Ntfctn",
}
_OPENING = ("OPBD", "PRCD")
_NOT_BOOKED = {"PDNG": "pending", "INFO": "informational", "FUTR": "future"}


def fits(start: bytes) -> bool:
    root = safe_xml.root_of(start)
    return root is not None and root.name == "Document" and ":camt.05" in root.namespace


def parts(path: Path, _hints: Hints) -> list[Part]:
    part = Part(
        name="camt",
        title="CAMT (ISO 20022) bank statement",
        source=f"{statement.SOURCE}.camt",
        platform="bank",
        read=lambda: iter(()),
        evidence=("every booked entry: the account pays, or is paid",),
    )
    part.read = lambda: _read(path, part)
    return [part]


FORMAT = FileFormat("camt", "CAMT.052, .053 or .054", fits, parts)


@dataclass(slots=True)
class _Report(Current):
    """The Stmt, Rpt or Ntfctn element that is being read."""

    ident: str = ""
    bank: str = ""


def _read(path: Path, part: Part) -> Rows:
    reading = _Reading(path)
    yield from statement.rows(reading.entries(), "camt")
    part.warnings.extend(reading.warnings())


class _Reading:
    """The state of reading one file from begin to end. `number` counts the entries so far."""

    NAMES = frozenset(("Acct", "Bal", "Ntry", "Id", *_TITLES, *_MESSAGES))

    def __init__(self, path: Path) -> None:
        self._path = path
        self._report = _Report()
        self._controls = Controls()
        self._skipped: dict[str, int] = {}
        self._notes: list[str] = []
        self._number = 0

    def entries(self) -> Iterator[Entry | Reject]:
        for element in safe_xml.elements(self._path, self.NAMES):
            parent = element.getparent()
            within = local(parent) if parent is not None else ""
            if within in _TITLES:
                yield from self._of_report(element, local(element))
            elif within in _MESSAGES and local(element) in _TITLES:
                self._end(local(element))
                safe_xml.drop(element)

    def _of_report(self, element: Element, name: str) -> Iterator[Entry | Reject]:
        if name == "Id":
            self._report.ident = text(element)
        elif name == "Acct":
            self._account(element)
        elif name == "Bal":
            self._balance(element)
        elif name == "Ntry":
            self._number += 1
            yield from self._entry(element)
            safe_xml.drop(element)

    def _account(self, element: Element) -> None:
        number = first_text(element, "Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id", "Id/BBAN")
        currency = text(element, "Ccy")
        bank = child(element, "Svcr", "FinInstnId")
        self._report.bank = first_text(bank, "Nm", "BICFI", "BIC")
        self._report.account = Account(statement.account_number(number), currency)

    def _balance(self, element: Element) -> None:
        code = text(element, "Tp", "CdOrPrtry", "Cd")
        try:
            amount = _signed(amount_of(text(element, "Amt")), text(element, "CdtDbtInd"))
        except RefusedError:
            return  # without a readable balance the sum cannot be checked
        control, amount_element = self._report.control, child(element, "Amt")
        control.currency = amount_element.get("Ccy", "") if amount_element is not None else ""
        if code in _OPENING and control.opening is None:
            control.opening = amount
        elif code == "CLBD":
            control.closing = amount

    def _end(self, kind: str) -> None:
        control = self._named_control()
        if kind == "Stmt":  # reports and notifications need not contain all movements
            self._controls.end(control)
        self._report = _Report()

    def _named_control(self) -> Control:
        return self._report.named_control(self._report.ident)

    def warnings(self) -> Iterator[str]:
        yield from self._controls.warnings()
        yield from self._notes
        for status, count in sorted(self._skipped.items()):
            verb = "entry is" if count == 1 else "entries are"
            yield f"{count} {status} {verb} not booked and not imported"

    def _entry(self, element: Element) -> Iterator[Entry | Reject]:
        status = first_text(element, "Sts/Cd", "Sts/Prtry", "Sts")
        if status in _NOT_BOOKED:
            word = _NOT_BOOKED[status]
            self._skipped[word] = self._skipped.get(word, 0) + 1
            return
        try:
            facts = self._facts(element)
            self._report.control.move(self._number, facts.amount)
            yield from camt_transactions.entries(facts, element, self._notes)
        except RefusedError as refused:
            self._report.control.rejected += 1
            yield refused.reject(self._number, " ".join(element.itertext()))

    def _facts(self, element: Element) -> EntryFacts:
        account = self._report.stated_account("account", "entry")
        amount = child(element, "Amt")
        kind = local(element.getparent())
        return EntryFacts(
            number=self._number,
            account=account,
            bank=self._report.bank,
            statement=self._report.ident,
            section=self._report.section_in(self._controls, self._report.ident),
            # Only a statement certainly contains all rows of its days.
            complete=kind == "Stmt",
            booked_on=_booked_on(element),
            valued_on=first_text(element, "ValDt/Dt", "ValDt/DtTm")[:10],
            amount=_signed(amount_of(text(amount)), text(element, "CdtDbtInd")),
            currency=(amount.get("Ccy", "") if amount is not None else "") or account.currency,
            is_reversal=text(element, "RvslInd").casefold() in {"true", "1"},
        )


def _booked_on(element: Element) -> date:
    day = first_text(element, "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
    if not day:
        raise RefusedError("BookgDt", "no booking date")
    return day_of(day, "BookgDt")


def _signed(amount: Decimal, indicator: str) -> Decimal:
    """Return the amount that the account gains. Raises RefusedError if no direction is stated."""
    if indicator not in {"CRDT", "DBIT"}:
        raise RefusedError("CdtDbtInd", f"{indicator[:20]!r} is neither CRDT nor DBIT")
    if amount < 0:
        raise RefusedError("Amt", "a negative amount: CdtDbtInd states the direction")
    return amount if indicator == "CRDT" else -amount
