"""UN/CEFACT Cross Industry Invoices (EN 16931's second syntax: XRechnung, Factur-X, ZUGFeRD 2)."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from graph.ingest.readers.checked import RefusedError
from graph.ingest.readers.einvoices.business_terms import Invoice, Line, Tax, Totals, TradeParty
from graph.ingest.readers.einvoices.ubl import amount
from graph.ingest.readers.safe_xml import Element, child, children, first_text, text


def read(root: Element) -> Invoice:
    """Return the invoice in a CrossIndustryInvoice element. Raises RefusedError."""
    document = child(root, "ExchangedDocument")
    trade = child(root, "SupplyChainTradeTransaction")
    agreement = child(trade, "ApplicableHeaderTradeAgreement")
    settlement = child(trade, "ApplicableHeaderTradeSettlement")
    terms = children(settlement, "SpecifiedTradePaymentTerms")
    means = children(settlement, "SpecifiedTradeSettlementPaymentMeans")
    currency = text(settlement, "InvoiceCurrencyCode")
    institution = "SpecifiedTradeSettlementPaymentMeans/PayeeSpecifiedCreditorFinancialInstitution"
    return Invoice(
        number=text(document, "ID"),
        type_code=text(document, "TypeCode"),
        issued_on=_day(child(document, "IssueDateTime", "DateTimeString")),
        due_on=next(filter(None, (_due(term) for term in terms)), None),
        currency=currency,
        seller=_party(child(agreement, "SellerTradeParty")),
        buyer=_party(child(agreement, "BuyerTradeParty")),
        payee=text(settlement, "PayeeTradeParty", "Name"),
        ibans=tuple(filter(None, (_account(mean) for mean in means))),
        bic=first_text(settlement, f"{institution}/BICID"),
        payment_means=first_text(settlement, "SpecifiedTradeSettlementPaymentMeans/TypeCode"),
        payment_reference=text(settlement, "PaymentReference"),
        terms=" ".join(filter(None, (text(term, "Description") for term in terms))),
        note=" ".join(
            filter(None, (text(note_, "Content") for note_ in children(document, "IncludedNote")))
        ),
        buyer_reference=text(agreement, "BuyerReference"),
        order=text(agreement, "BuyerOrderReferencedDocument", "IssuerAssignedID"),
        contract=text(agreement, "ContractReferencedDocument", "IssuerAssignedID"),
        preceding=text(settlement, "InvoiceReferencedDocument", "IssuerAssignedID"),
        totals=_totals(settlement, currency),
        taxes=tuple(_taxes(settlement)),
        lines=tuple(_lines(trade)),
    )


def _due(terms: Element) -> date | None:
    return _day(child(terms, "DueDateDateTime", "DateTimeString"))


def _day(element: Element | None) -> date | None:
    """Return the day in the element in format 102 (YYYYMMDD), the only one that EN 16931 allows;
    None without one."""
    day_text = text(element)
    if not day_text:
        return None
    try:
        return datetime.strptime(day_text[:10], "%Y-%m-%d" if "-" in day_text else "%Y%m%d").date()  # noqa: DTZ007
    except ValueError as error:
        raise RefusedError("date", f"{day_text[:40]!r} is not a date (YYYYMMDD)") from error


def _party(party: Element | None) -> TradeParty:
    registered = {
        identifier.get("schemeID", ""): text(identifier)
        for holder in children(party, "SpecifiedTaxRegistration")
        for identifier in children(holder, "ID")
    }
    address = child(party, "PostalTradeAddress")
    parts = ("LineOne", "LineTwo", "PostcodeCode", "CityName", "CountryID")
    return TradeParty(
        name=text(party, "Name"),
        trading_name=text(party, "SpecifiedLegalOrganization", "TradingBusinessName"),
        vat_id=registered.get("VA", "").replace(" ", "").upper(),
        tax_number=registered.get("FC", ""),
        company_number=text(party, "SpecifiedLegalOrganization", "ID"),
        identifier=first_text(party, "ID", "GlobalID"),
        email=first_text(party, "DefinedTradeContact/EmailURIUniversalCommunication/URIID"),
        address=", ".join(filter(None, (text(address, part) for part in parts))),
    )


def _account(means: Element) -> str:
    account = child(means, "PayeePartyCreditorFinancialAccount")
    return first_text(account, "IBANID", "ProprietaryID").replace(" ", "").upper()


def _totals(settlement: Element | None, currency: str) -> Totals:
    total = child(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation")
    taxes = children(total, "TaxTotalAmount")
    own = [tax for tax in taxes if tax.get("currencyID", currency) == currency]
    return Totals(
        lines=amount(total, "LineTotalAmount"),
        allowances=amount(total, "AllowanceTotalAmount"),
        charges=amount(total, "ChargeTotalAmount"),
        net=amount(total, "TaxBasisTotalAmount"),
        tax=amount(own[0]) if own else None,
        gross=amount(total, "GrandTotalAmount"),
        prepaid=amount(total, "TotalPrepaidAmount"),
        rounding=amount(total, "RoundingAmount"),
        payable=amount(total, "DuePayableAmount"),
    )


def _taxes(settlement: Element | None) -> Iterator[Tax]:
    for tax in children(settlement, "ApplicableTradeTax"):
        yield Tax(
            category=text(tax, "CategoryCode"),
            rate=text(tax, "RateApplicablePercent"),
            base=amount(tax, "BasisAmount") or Decimal(0),
            amount=amount(tax, "CalculatedAmount") or Decimal(0),
        )


def _lines(trade: Element | None) -> Iterator[Line]:
    for item in children(trade, "IncludedSupplyChainTradeLineItem"):
        quantity = child(item, "SpecifiedLineTradeDelivery", "BilledQuantity")
        price = child(item, "SpecifiedLineTradeAgreement", "NetPriceProductTradePrice")
        total = child(
            item, "SpecifiedLineTradeSettlement", "SpecifiedTradeSettlementLineMonetarySummation"
        )
        yield Line(
            number=text(item, "AssociatedDocumentLineDocument", "LineID"),
            name=text(item, "SpecifiedTradeProduct", "Name"),
            quantity=text(quantity),
            unit=quantity.get("unitCode", "") if quantity is not None else "",
            price=text(price, "ChargeAmount"),
            net=amount(total, "LineTotalAmount") or Decimal(0),
        )
