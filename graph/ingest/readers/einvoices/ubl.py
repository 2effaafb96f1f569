"""UBL 2.1 invoices and credit notes (EN 16931's first syntax: XRechnung, Peppol BIS 3)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from graph.ingest.readers.checked import RefusedError, amount_of, day_of
from graph.ingest.readers.einvoices.business_terms import Invoice, Line, Tax, Totals, TradeParty
from graph.ingest.readers.safe_xml import Element, child, children, first_text, local, text


def read(root: Element) -> Invoice:
    """Return the invoice in an Invoice or CreditNote element. Raises RefusedError."""
    currency = text(root, "DocumentCurrencyCode")
    means = children(root, "PaymentMeans")
    is_note = local(root) == "CreditNote"
    return Invoice(
        number=text(root, "ID"),
        type_code=first_text(root, "InvoiceTypeCode", "CreditNoteTypeCode")
        or ("381" if is_note else ""),
        issued_on=_day(text(root, "IssueDate")),
        due_on=_day(
            first_text(
                root, "DueDate", "PaymentMeans/PaymentDueDate", "PaymentTerms/PaymentDueDate"
            )
        ),
        currency=currency,
        seller=_party(child(root, "AccountingSupplierParty", "Party")),
        buyer=_party(child(root, "AccountingCustomerParty", "Party")),
        payee=first_text(root, "PayeeParty/PartyName/Name"),
        ibans=tuple(filter(None, (_account(mean) for mean in means))),
        bic=first_text(root, "PaymentMeans/PayeeFinancialAccount/FinancialInstitutionBranch/ID"),
        payment_means=first_text(root, "PaymentMeans/PaymentMeansCode"),
        payment_reference=first_text(root, "PaymentMeans/PaymentID"),
        terms=" ".join(
            filter(None, (text(term, "Note") for term in children(root, "PaymentTerms")))
        ),
        note=" ".join(filter(None, (text(note_) for note_ in children(root, "Note")))),
        buyer_reference=text(root, "BuyerReference"),
        order=text(root, "OrderReference", "ID"),
        contract=text(root, "ContractDocumentReference", "ID"),
        preceding=text(root, "BillingReference", "InvoiceDocumentReference", "ID"),
        totals=_totals(root, currency),
        taxes=tuple(_taxes(root, currency)),
        lines=tuple(_lines(root)),
    )


def _party(party: Element | None) -> TradeParty:
    schemes = children(party, "PartyTaxScheme")
    vat = [scheme for scheme in schemes if text(scheme, "TaxScheme", "ID").upper() in {"VAT", ""}]
    other = [scheme for scheme in schemes if scheme not in vat]
    address = child(party, "PostalAddress")
    parts = (
        "StreetName",
        "AdditionalStreetName",
        "PostalZone",
        "CityName",
        "Country/IdentificationCode",
    )
    return TradeParty(
        name=first_text(party, "PartyLegalEntity/RegistrationName", "PartyName/Name"),
        trading_name=text(party, "PartyName", "Name"),
        vat_id=_plain(text(vat[0], "CompanyID")) if vat else "",
        tax_number=text(other[0], "CompanyID") if other else "",
        company_number=text(party, "PartyLegalEntity", "CompanyID"),
        identifier=text(party, "PartyIdentification", "ID"),
        email=text(party, "Contact", "ElectronicMail"),
        address=", ".join(filter(None, (first_text(address, part) for part in parts))),
    )


def _plain(identifier: str) -> str:
    return identifier.replace(" ", "").upper()


def _account(means: Element) -> str:
    return _plain(text(means, "PayeeFinancialAccount", "ID"))


def _totals(root: Element, currency: str) -> Totals:
    total = child(root, "LegalMonetaryTotal")
    return Totals(
        lines=amount(total, "LineExtensionAmount"),
        allowances=amount(total, "AllowanceTotalAmount"),
        charges=amount(total, "ChargeTotalAmount"),
        net=amount(total, "TaxExclusiveAmount"),
        tax=amount(_tax_total(root, currency), "TaxAmount"),
        gross=amount(total, "TaxInclusiveAmount"),
        prepaid=amount(total, "PrepaidAmount"),
        rounding=amount(total, "PayableRoundingAmount"),
        payable=amount(total, "PayableAmount"),
    )


def _tax_total(root: Element, currency: str) -> Element | None:
    """Return the tax total in the invoice's currency.

    Another tax total may be in the accounting currency (BT-111).
    """
    for tax_total in children(root, "TaxTotal"):
        tax_amount = child(tax_total, "TaxAmount")
        if tax_amount is not None and tax_amount.get("currencyID", currency) == currency:
            return tax_total
    return None


def _taxes(root: Element, currency: str) -> Iterator[Tax]:
    for subtotal in children(_tax_total(root, currency), "TaxSubtotal"):
        yield Tax(
            category=text(subtotal, "TaxCategory", "ID"),
            rate=text(subtotal, "TaxCategory", "Percent"),
            base=amount(subtotal, "TaxableAmount") or Decimal(0),
            amount=amount(subtotal, "TaxAmount") or Decimal(0),
        )


def _lines(root: Element) -> Iterator[Line]:
    for item in children(root, "InvoiceLine") + children(root, "CreditNoteLine"):
        quantity = child(item, "InvoicedQuantity")
        quantity = child(item, "CreditedQuantity") if quantity is None else quantity
        yield Line(
            number=text(item, "ID"),
            name=text(item, "Item", "Name"),
            quantity=text(quantity),
            unit=quantity.get("unitCode", "") if quantity is not None else "",
            price=text(item, "Price", "PriceAmount"),
            net=amount(item, "LineExtensionAmount") or Decimal(0),
        )


def amount(holder: Element | None, *path: str) -> Decimal | None:
    """Return the amount at the end of the path of elements, or None if it is not stated. Raises
    RefusedError for a text that is no amount."""
    amount_text = text(holder, *path)
    try:
        return amount_of(amount_text) if amount_text else None
    except RefusedError as refused:
        raise RefusedError(path[-1] if path else "amount", refused.reason) from refused


def _day(day_text: str) -> date | None:
    return day_of(day_text) if day_text else None
