"""Reads the contents of a CAMT entry: its transactions, their counterparties, and its charges."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import blake2b

from graph.ingest.readers.checked import RefusedError, amount_of
from graph.ingest.readers.safe_xml import Element, child, children, first_text, text
from graph.ingest.readers.statements import statement
from graph.ingest.readers.statements.statement import Account, Entry

# ISO 20022 external bank transaction codes of amounts that the bank itself takes or gives.
_BANKS_OWN = frozenset(("CHRG", "COMM", "COME", "COMI", "COMT", "FEES", "INTR", "TAXE", "ADJT"))
_INTEREST = frozenset(("INTR", "TAXE"))


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """The fields of an entry that apply to all of its rows. `amount` is what the account gains."""

    number: int
    account: Account
    bank: str
    statement: str
    section: int
    complete: bool
    booked_on: date
    valued_on: str
    amount: Decimal
    currency: str
    is_reversal: bool


@dataclass(frozen=True, slots=True)
class _Side:
    name: str
    account: str
    bic: str
    ultimate: str


def entries(facts: EntryFacts, element: Element, notes: list[str]) -> Iterator[Entry]:
    """Yield the rows of one entry: one per transaction in it, and one for the charges that the
    entry's amount includes.

    If the transactions' amounts are not all stated, or do not add up to the entry's amount, the
    transactions become one row, and a sentence about it is added to `notes`.
    """
    transactions = [
        tx for group in children(element, "NtryDtls") for tx in children(group, "TxDtls")
    ]
    charge = _charge(facts, element, transactions)
    amounts = [_amount(facts, tx) for tx in transactions]
    moved = facts.amount - charge
    if len(transactions) > 1 and None not in amounts and sum(filter(None, amounts)) == moved:
        rows = [
            _row(facts, element, tx, amount)
            for tx, amount in zip(transactions, amounts, strict=True)
        ]
    else:
        if len(transactions) > 1:
            notes.append(_unequal(facts, amounts))
        rows = [_row(facts, element, _single(transactions), moved)]
        rows[0].party = rows[0].party or ("Batch payment" if _is_batch(element) else "")
    if charge:
        rows.append(_charge_row(facts, charge))
    yield from _in_one_unit(facts, element, [row for row in rows if row.amount is not None])


def _unequal(facts: EntryFacts, amounts: list[Decimal | None]) -> str:
    total = sum((amount for amount in amounts if amount is not None), Decimal(0))
    missing = amounts.count(None)
    what = f"{missing} of {len(amounts)} amounts are missing" if missing else f"add up to {total}"
    return (
        f"entry {facts.number}: its transactions' amounts {what}, the entry is {facts.amount} "
        f"{facts.currency}: imported as one payment of the entry's amount"
    )


def _single(transactions: list[Element]) -> Element | None:
    return transactions[0] if len(transactions) == 1 else None


def _is_batch(element: Element) -> bool:
    number = first_text(element, "NtryDtls/Btch/NbOfTxs")
    return number.isdigit() and int(number) > 1


def _in_one_unit(facts: EntryFacts, element: Element, rows: list[Entry]) -> Iterator[Entry]:
    """Yield the rows. If an entry has several, set the entry's key and amount as each one's
    `unit` and `unit_amount`, because another format may state the entry as one row."""
    if len(rows) > 1:
        bank_reference = statement.reference(first_text(element, "AcctSvcrRef", "NtryRef"))
        content = "\x1f".join(f"{row.party}\x1e{row.amount}\x1e{row.description}" for row in rows)
        own = bank_reference or blake2b(content.encode(errors="replace"), digest_size=8).hexdigest()
        unit = f"{facts.booked_on}|{facts.amount}|{own}"
        for row in rows:
            row.unit, row.unit_amount = unit, facts.amount
    yield from rows


def _amount(facts: EntryFacts, tx: Element) -> Decimal | None:
    """Return a transaction's amount in the entry's currency, or None if it is not stated."""
    sign = facts.amount if text(tx, "CdtDbtInd") == "" else None
    for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt")):
        element = child(tx, *path)
        if element is not None and element.get("Ccy", facts.currency) == facts.currency:
            amount = amount_of(text(element))
            pays = sign < 0 if sign is not None else text(tx, "CdtDbtInd") == "DBIT"
            return -amount if pays else amount
    return None


def _charge(facts: EntryFacts, element: Element, transactions: list[Element]) -> Decimal:
    """Return the charges that the entry's amount includes, negative if the account pays them."""
    holders = [element, *transactions] if not children(element, "Chrgs") else [element]
    records = [record for holder in holders for record in _charge_records(holder)]
    total = Decimal(0)
    for record in records:
        amount = child(record, "Amt")
        if amount is None or amount.get("Ccy", facts.currency) != facts.currency:
            continue
        if _is_included(record, facts, transactions):
            value = amount_of(text(amount))
            total += value if text(record, "CdtDbtInd") == "CRDT" else -value
    return total


def _charge_records(holder: Element) -> list[Element]:
    """Return the elements with charges.

    Version 2 has the amount in Chrgs itself, later versions in its Rcrd.
    """
    records = []
    for charges in children(holder, "Chrgs"):
        records += children(charges, "Rcrd") or [charges]
    return records


def _is_included(record: Element, facts: EntryFacts, transactions: list[Element]) -> bool:
    """Return whether the entry's amount includes the charge.

    If that is not stated, it does if entry and transactions differ by exactly the charge.
    """
    indicator = text(record, "ChrgInclInd").casefold()
    if indicator:
        return indicator in {"true", "1"}
    amounts = [_amount(facts, tx) for tx in transactions]
    if not amounts or None in amounts:
        return False
    value = amount_of(text(record, "Amt"))
    charge = value if text(record, "CdtDbtInd") == "CRDT" else -value
    return sum(filter(None, amounts)) + charge == facts.amount


def _charge_row(facts: EntryFacts, charge: Decimal) -> Entry:
    return Entry(
        number=facts.number,
        account=facts.account,
        booked_on=facts.booked_on,
        amount=charge,
        currency=facts.currency,
        statement=facts.statement,
        section=facts.section,
        party=facts.bank or "Bank",
        description="Charges",
        records="fee",
        facts={"value_date": facts.valued_on, "complete": "yes" if facts.complete else ""},
    )


def _row(facts: EntryFacts, element: Element, tx: Element | None, amount: Decimal | None) -> Entry:
    if amount is None:
        raise RefusedError("Amt", "no amount")
    codes = _codes(element, tx)
    side = _other_side(facts, tx, amount)
    own = bool(codes & _BANKS_OWN) and not side.name
    keys = (("iban", side.account),) if statement.is_iban(side.account) else ()
    return Entry(
        number=facts.number,
        account=facts.account,
        booked_on=facts.booked_on,
        amount=amount,
        currency=facts.currency,
        statement=facts.statement,
        section=facts.section,
        party=side.name or (facts.bank or "Bank" if own else side.account),
        party_keys=keys,
        description=_description(element, tx),
        document=_document(tx),
        records="fee" if own and not codes & _INTEREST else "payment",
        facts=_facts(facts, element, tx, side),
    )


def _codes(element: Element, tx: Element | None) -> frozenset[str]:
    codes = set()
    for holder in (element, tx):
        domain = child(holder, "BkTxCd", "Domn", "Fmly")
        codes |= {text(domain, "Cd"), text(domain, "SubFmlyCd")}
    return frozenset(codes - {""})


def _other_side(facts: EntryFacts, tx: Element | None, amount: Decimal) -> _Side:
    """Return the counterparty of a transaction.

    A returned payment states the parties of the original one, so they are swapped.
    """
    debtor, creditor = _side(tx, "Dbtr"), _side(tx, "Cdtr")
    own = facts.account.number
    gains = amount > 0
    if facts.is_reversal or child(tx, "RtrInf") is not None:
        gains = not gains
    other, ours = (debtor, creditor) if gains else (creditor, debtor)
    swapped = other.account == own != "" or not (other.name or other.account)
    return ours if swapped and ours.account != own and (ours.name or ours.account) else other


def _side(tx: Element | None, role: str) -> _Side:
    parties = child(tx, "RltdPties")
    account = first_text(parties, f"{role}Acct/Id/IBAN", f"{role}Acct/Id/Othr/Id")
    return _Side(
        name=first_text(parties, f"{role}/Nm", f"{role}/Pty/Nm", f"{role}/Agt/FinInstnId/Nm"),
        account=statement.account_number(account),
        bic=first_text(child(tx, "RltdAgts", f"{role}Agt", "FinInstnId"), "BICFI", "BIC"),
        ultimate=first_text(parties, f"Ultmt{role}/Nm", f"Ultmt{role}/Pty/Nm"),
    )


def _description(element: Element, tx: Element | None) -> str:
    """Return the remittance text, or the bank's additional text if there is none."""
    info = child(tx, "RmtInf")
    lines = [text(line) for line in children(info, "Ustrd")]
    lines += [
        text(more) for strd in children(info, "Strd") for more in children(strd, "AddtlRmtInf")
    ]
    remitted = " ".join(filter(None, lines))
    return remitted or first_text(tx, "AddtlTxInf") or first_text(element, "AddtlNtryInf")


def _document(tx: Element | None) -> str:
    """Return the invoice number or the creditor's reference, if it has an element of its own; else
    ""."""
    for strd in children(child(tx, "RmtInf"), "Strd"):
        if number := first_text(strd, "RfrdDocInf/Nb", "CdtrRefInf/Ref", "CdtrRefInf/CdtrRef"):
            return number
    return ""


def _facts(facts: EntryFacts, element: Element, tx: Element | None, side: _Side) -> dict[str, str]:
    domain = child(element, "BkTxCd", "Domn")
    code = "-".join(filter(None, (
        text(domain, "Cd"), text(domain, "Fmly", "Cd"), text(domain, "Fmly", "SubFmlyCd"),
    )))  # fmt: skip
    reversal = "yes" if facts.is_reversal or child(tx, "RtrInf") is not None else ""
    return {
        "value_date": facts.valued_on,
        "counterparty_account": side.account,
        "counterparty_bic": side.bic,
        "ultimate_party": side.ultimate,
        "end_to_end_id": statement.reference(text(tx, "Refs", "EndToEndId")),
        "bank_reference": statement.reference(
            text(tx, "Refs", "AcctSvcrRef") or text(element, "AcctSvcrRef")
        ),
        "mandate": statement.reference(text(tx, "Refs", "MndtId")),
        "payment_information_id": statement.reference(text(tx, "Refs", "PmtInfId")),
        "transaction_code": code or text(element, "BkTxCd", "Prtry", "Cd"),
        "returned": reversal,
        "return_reason": first_text(tx, "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry", "RtrInf/AddtlInf"),
        "bank_text": text(element, "AddtlNtryInf"),
        "complete": "yes" if facts.complete else "",
        **_exchange(facts, tx),
    }


def _exchange(facts: EntryFacts, tx: Element | None) -> dict[str, str]:
    """Return the instructed amount in another currency and the exchange rate, by name of the
    field."""
    amount = child(tx, "AmtDtls", "InstdAmt", "Amt")
    if amount is None or amount.get("Ccy", facts.currency) == facts.currency:
        return {}
    rate = first_text(tx, "AmtDtls/InstdAmt/CcyXchg/XchgRate", "AmtDtls/TxAmt/CcyXchg/XchgRate")
    return {
        "instructed_amount": text(amount),
        "instructed_currency": amount.get("Ccy", ""),
        "exchange_rate": rate,
    }
