"""Reads electronic invoices as obligations: UBL 2.1, CII, and the XML in a Factur-X or ZUGFeRD PDF.

An invoice becomes one row. Its key is the seller and the number, so that its XML and its PDF become
the same row. No invoice says which of its parties is the tenant. It is the seller if one of the
seller's accounts, its VAT id or its name is the tenant's own.
"""

import json
from pathlib import Path

from graph.ingest.decode import LedgerFileError
from graph.ingest.ledger_rows import LedgerRow, Party
from graph.ingest.readers import content, safe_xml
from graph.ingest.readers.checked import RefusedError, checked
from graph.ingest.readers.einvoices import attached, cii, ubl
from graph.ingest.readers.einvoices.business_terms import Invoice, TradeParty
from graph.ingest.readers.parts import FileFormat, Hints, Part, Rows
from graph.ingest.readers.safe_xml import Element, local
from graph.ingest.readers.statements.statement import at_midnight, is_iban

SOURCE = "invoices"
LARGEST = 64 * 1024 * 1024  # bytes
LINES = 500  # lines of the invoice that are stored in the row's data
_READERS = {
    "Invoice": ubl.read,
    "CreditNote": ubl.read,
    "CrossIndustryInvoice": cii.read,
}
_NAMESPACES = ("oasis:names:specification:ubl", "uncefact", "StandardBusinessDocument", "ferd")
_ROOTS = frozenset((*_READERS, "CrossIndustryDocument", "StandardBusinessDocument"))


def fits(start: bytes) -> bool:
    """Return whether this is a PDF, or XML with the root element of an invoice."""
    if b"%PDF-" in start[:1024]:
        return True
    root = safe_xml.root_of(start)
    return (
        root is not None
        and root.name in _ROOTS
        and any(mark in root.namespace for mark in _NAMESPACES)
    )


def parts(path: Path, hints: Hints) -> list[Part]:
    """Return one part with one row. Raises LedgerFileError."""
    invoice = _invoice(path)
    part = Part(
        name="invoice",
        title="EN 16931 invoice",
        source=SOURCE,
        platform="invoices",
        read=lambda: iter(()),
        evidence=("the invoice: the buyer owes the seller",),
    )
    part.read = lambda: _read(invoice, hints, part)
    return [part]


FORMAT = FileFormat("invoice", "EN 16931 invoice (UBL, CII, Factur-X)", fits, parts)


def xml_of(data: bytes, name: str) -> bytes:
    """Return the invoice's XML: the file itself, or the XML in a PDF. Raises LedgerFileError."""
    if b"%PDF-" not in data[:1024]:
        return data
    if xml := attached.embedded(data):
        return xml
    raise LedgerFileError(
        f"{name} is a PDF without an e-invoice (Factur-X, ZUGFeRD) in it: only its text can be "
        "read, as a document of a synced mailbox or folder"
    )


def _invoice(path: Path) -> Element:
    root = safe_xml.parsed(xml_of(content.whole(path, LARGEST), path.name), path.name)
    invoice = root if local(root) in _READERS else None
    if local(root) == "StandardBusinessDocument":
        invoice = next((element for element in root if local(element) in _READERS), None)
    if invoice is None:
        raise LedgerFileError(
            f"{path.name} is {local(root)}, not a UBL 2.1 or Cross Industry Invoice "
            "(ZUGFeRD 1.0 is not read: ask for 2.x)"
        )
    return invoice


def _read(element: Element, hints: Hints, part: Part) -> Rows:
    try:
        invoice = _READERS[local(element)](element)
        yield _row(invoice, hints, part)
    except RefusedError as refused:
        yield refused.reject(1, " ".join(element.itertext()))
        return
    part.warnings.extend(invoice.broken_sums())


def _row(invoice: Invoice, hints: Hints, part: Part) -> LedgerRow:
    total = invoice.totals.gross if invoice.totals.gross is not None else invoice.totals.payable
    if total is None:
        raise RefusedError("TaxInclusiveAmount", "no total with VAT")
    if invoice.issued_on is None:
        raise RefusedError("IssueDate", "no issue date")
    if not invoice.number:
        raise RefusedError("ID", "no invoice number")
    if not invoice.seller.name or not invoice.buyer.name:
        raise RefusedError("Party", "no name of the seller or the buyer")
    is_sale = _is_sale(invoice, hints, part)
    key = _key(invoice)
    return checked(
        line=1,
        key=key,
        publication="",
        ordinal=1,
        transaction_ref=key,
        occurred_at=at_midnight(invoice.issued_on),
        amount=-abs(total) if invoice.is_credit_note else total,
        currency=invoice.currency,
        payer=_party("customer" if is_sale else "department", invoice.buyer, ()),
        payee=_party("department" if is_sale else "vendor", invoice.seller, invoice.ibans),
        document_ref=invoice.number,
        due_on=invoice.due_on,
        description=_description(invoice),
        data=_data(invoice),
        records="obligation",
    )


def _is_sale(invoice: Invoice, hints: Hints, part: Part) -> bool:
    """Return whether the seller is the tenant, according to an own account, VAT id or name.

    If neither seller nor buyer is the tenant, the invoice is read as a bill and a warning is added.
    """
    sellers = {*invoice.ibans, invoice.seller.vat_id, invoice.seller.name.casefold()} - {""}
    buyers = {invoice.buyer.vat_id, invoice.buyer.name.casefold()} - {""}
    if sellers & hints.own:
        return True
    if not buyers & hints.own:
        part.warnings.append(
            f"invoice {invoice.number} is read as a bill that {invoice.buyer.name!r} received: if "
            f"{invoice.seller.name!r} is your own company, say so with --own"
        )
    return False


def _key(invoice: Invoice) -> str:
    seller = invoice.seller.vat_id or invoice.seller.name.casefold()
    kind = "credit note " if invoice.is_credit_note else ""
    return f"{seller[:80]}|{kind}{invoice.number[:100]}"


def _party(kind: str, party: TradeParty, ibans: tuple[str, ...]) -> Party:
    keys = (
        ("vat_number", party.vat_id),
        ("iban", next(filter(is_iban, ibans), "")),
        ("company_number", party.company_number),
        ("email", party.email.casefold()),
    )
    return Party(kind, party.name, tuple((key, value) for key, value in keys if value))


def _description(invoice: Invoice) -> str:
    return "; ".join(filter(None, (line.name for line in invoice.lines[:3]))) or invoice.note[:200]


def _data(invoice: Invoice) -> dict[str, str]:
    facts = {**_head(invoice), **_parties(invoice), **_payment(invoice), **_sums(invoice)}
    return {name: str(value) for name, value in facts.items() if value not in (None, "")}


def _head(invoice: Invoice) -> dict[str, object]:
    return {
        "invoice_number": invoice.number,
        "type_code": invoice.type_code,
        "issued_on": invoice.issued_on,
        "due_on": invoice.due_on,
        "currency": invoice.currency,
        "note": invoice.note,
        "buyer_reference": invoice.buyer_reference,
        "order": invoice.order,
        "contract": invoice.contract,
        "preceding_invoice": invoice.preceding,
    }


def _parties(invoice: Invoice) -> dict[str, object]:
    seller, buyer = invoice.seller, invoice.buyer
    return {
        "seller": seller.name,
        "seller_trading_name": seller.trading_name,
        "seller_vat_id": seller.vat_id,
        "seller_tax_number": seller.tax_number,
        "seller_address": seller.address,
        "buyer": buyer.name,
        "buyer_vat_id": buyer.vat_id,
        "buyer_address": buyer.address,
    }


def _payment(invoice: Invoice) -> dict[str, object]:
    return {
        "payee": invoice.payee,
        "iban": ", ".join(invoice.ibans),
        "bic": invoice.bic,
        "payment_means": invoice.payment_means,
        "payment_reference": invoice.payment_reference,
        "payment_terms": invoice.terms,
    }


def _sums(invoice: Invoice) -> dict[str, object]:
    totals = invoice.totals
    taxes = (f"{t.category} {t.rate} % of {t.base} = {t.amount}" for t in invoice.taxes)
    return {
        "lines_total": totals.lines,
        "allowances": totals.allowances,
        "charges": totals.charges,
        "net_amount": totals.net,
        "tax_amount": totals.tax,
        "gross_amount": totals.gross,
        "prepaid": totals.prepaid,
        "rounding": totals.rounding,
        "payable_amount": totals.payable,
        "taxes": "; ".join(taxes),
        "lines": _lines(invoice),
    }


def _lines(invoice: Invoice) -> str:
    """Return the first LINES lines of the invoice as JSON, or "" if there are none."""
    lines = [
        {"number": line.number, "name": line.name, "quantity": f"{line.quantity} {line.unit}",
         "price": line.price, "net": str(line.net)}
        for line in invoice.lines[:LINES]
    ]  # fmt: skip
    return json.dumps(lines, ensure_ascii=False) if lines else ""
