"""E-invoices: every field of both syntaxes, credit notes, PDFs, whose side we are, bad ones."""

import json
from datetime import date

import pytest

from graph.ingest.decode import LedgerFileError
from graph.ingest.readers.parts import Hints
from tests.graph.ingest.readers.conftest import Read
from tests.graph.ingest.readers.einvoices.invoices import CII, CREDIT_NOTE, UBL, pdf

STATED = {
    "invoice_number": "RE-2025-17", "type_code": "380", "issued_on": "2025-01-13",
    "due_on": "2025-02-12", "currency": "EUR", "seller": "Clay Barn GmbH",
    "seller_trading_name": "Clay Barn", "seller_vat_id": "DE123456789",
    "seller_tax_number": "20/111/22222", "seller_address": "Steinweg 1, 24103, Kiel, DE",
    "buyer": "Hofladen Steinweg", "buyer_vat_id": "DE987654321", "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX", "payment_means": "58", "payment_reference": "RE-2025-17",
    "payment_terms": "30 days net", "note": "Thank you", "buyer_reference": "04011000-12345-34",
    "order": "PO-9", "contract": "C-4", "preceding_invoice": "RE-2024-99", "lines_total": "105.00",
    "allowances": "5.00", "net_amount": "100.00", "tax_amount": "19.00", "gross_amount": "119.00",
    "prepaid": "19.00", "payable_amount": "100.00", "taxes": "S 19 % of 100.00 = 19.00",
}  # fmt: skip
LINE = {"number": "1", "name": "Pots", "quantity": "10 C62", "price": "10.50", "net": "105.00"}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (UBL.encode(), "a.xml"),
        (CII.encode(), "a.xml"),
        (pdf(CII), "a.pdf"),
        (pdf(CII, "ZUGFeRD-invoice.xml"), "a.pdf"),
        (pdf(UBL, "xrechnung.xml"), "scan"),
    ],
)
def test_all_fields_are_read_alike(read: Read, content: bytes, name: str) -> None:
    [row] = read(content, name).rows
    lines = json.loads(row.data.pop("lines"))
    assert row.data == STATED
    assert lines == [LINE]
    assert (row.amount, row.currency, row.records) == (119, "EUR", "obligation")
    assert (row.document_ref, row.due_on) == ("RE-2025-17", date(2025, 2, 12))
    assert row.key == "DE123456789|RE-2025-17"
    assert (row.payer.kind, row.payer.name) == ("department", "Hofladen Steinweg")
    assert (row.payee.kind, row.payee.name) == ("vendor", "Clay Barn GmbH")
    assert row.payee.keys == (
        ("vat_number", "DE123456789"), ("iban", "DE89370400440532013000"),
        ("company_number", "HRB 77"), ("email", "billing@claybarn.example"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "text", [CREDIT_NOTE, CII.replace(">380<", ">381<").replace("RE-2025-17", "GS-3")]
)
def test_a_credit_note_takes_back(read: Read, text: str) -> None:
    [row] = read(text, "a.xml").rows
    assert (row.amount, row.document_ref, row.key) == (-119, "GS-3", "DE123456789|credit note GS-3")
    assert row.data["preceding_invoice"] == "RE-2024-99"


def test_an_envelope_is_opened(read: Read) -> None:
    space = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
    body = UBL.split("?>", 1)[1]
    text = f"<StandardBusinessDocument xmlns='{space}'><Head/>{body}</StandardBusinessDocument>"
    assert len(read(text, "a.xml").rows) == 1


class TestOurSide:
    @pytest.mark.parametrize("own", ["DE123456789", "DE89370400440532013000", "clay barn gmbh"])
    def test_is_the_seller_who_is_ours(self, read: Read, own: str) -> None:
        result = read(UBL, "a.xml", Hints(own=frozenset({own})))
        [row] = result.rows
        assert (row.payer.kind, row.payee.kind) == ("customer", "department")
        assert result.warnings == []

    def test_is_the_buyer_else_and_says_so(self, read: Read) -> None:
        assert "--own" in read(UBL, "a.xml").warnings[0]
        assert read(UBL, "a.xml", Hints(own=frozenset({"DE987654321"}))).warnings == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (">119.00<", ">120.00<", "net + tax is 119.00, but gross is stated as 120.00"),
        (">105.00</cbc:LineExtensionAmount>\n  <cbc:TaxE",
         ">106.00</cbc:LineExtensionAmount>\n  <cbc:TaxE", "the sum of the lines is 105.00"),
    ],
)  # fmt: skip
def test_sums_that_break_are_a_warning(read: Read, old: str, new: str, sentence: str) -> None:
    assert old in UBL
    assert any(sentence in warning for warning in read(UBL.replace(old, new), "a.xml").warnings)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("<cbc:IssueDate>2025-01-13</cbc:IssueDate>", "", "IssueDate"),
        (
            "<cbc:IssueDate>2025-01-13</cbc:IssueDate>",
            "<cbc:IssueDate>soon</cbc:IssueDate>",
            "date",
        ),
        (
            ">119.00</cbc:TaxInclusiveAmount>",
            ">much</cbc:TaxInclusiveAmount>",
            "TaxInclusiveAmount",
        ),
        ("<cbc:ID>RE-2025-17</cbc:ID>", "", "ID"),
        (">EUR</cbc:Doc", ">euros</cbc:Doc", "currency"),
        ("<cbc:RegistrationName>Hofladen Steinweg</cbc:RegistrationName>", "", "Party"),
    ],
)
def test_a_bad_invoice_is_rejected(read: Read, old: str, new: str, field: str) -> None:
    assert old in UBL
    result = read(UBL.replace(old, new, 1), "a.xml")
    assert [reject.field for reject in result.rejects] == [field]
    assert not result.rows


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pdf(None), "a PDF without an e-invoice"),
        (pdf("<other/>"), "not a UBL 2.1"),
        (pdf(CII)[:700], "a PDF without an e-invoice"),
        (pdf(CII.replace("<rsm:Cross", "<!DOCTYPE x [<!ENTITY a 'b'>]><rsm:Cross", 1)), "DTD"),
        (UBL[:900].encode(), "cut off"),
        (b"<CrossIndustryDocument xmlns='urn:ferd:CrossIndustryDocument:invoice:1p0'/>", "1.0"),
    ],
)
def test_what_is_no_invoice_is_refused(read: Read, content: bytes, reason: str) -> None:
    with pytest.raises(LedgerFileError, match=reason):
        read(content, "a.xml")
