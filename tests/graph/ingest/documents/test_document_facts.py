"""What a mail or a file names, and the text of files, whatever they hold."""

from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.ingest.documents import document_amounts, document_references
from graph.ingest.documents.document_facts import Document, Reading, party, read, sender
from graph.ingest.documents.html_text import of_html
from graph.ingest.ledger_rows import Party

NOW = datetime(2024, 1, 31, 12, tzinfo=UTC)


def reading(said: str, name: str = "") -> Reading | None:
    return read(Document("1", "message", name, said, NOW))


def total(said: str, name: str = "") -> tuple[str, str] | None:
    facts = reading(said, name)
    return (str(facts.amount), str(facts.currency)) if facts and facts.amount is not None else None


class TestAmounts:
    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ("£1,234.56", "1234.56 GBP"),
            ("€ 1.234,56", "1234.56 EUR"),
            ("1 234,56 €", "1234.56 EUR"),
            ("1\u202f234,56 EUR", "1234.56 EUR"),
            ("CHF 1'234.50", "1234.50 CHF"),
            ("USD 1,234,567.00", "1234567.00 USD"),
            ("US$12.00", "12.00 USD"),
            ("GBP £12.00", "12.00 GBP"),
            ("120 GBP.", "120.00 GBP"),
            ("£1,234", "1234.00 GBP"),
            ("(£12.00)", "-12.00 GBP"),
            ("-£12.00", "-12.00 GBP"),
            ("£-12.00", "-12.00 GBP"),
            ("\u2212£12.00", "-12.00 GBP"),
            ("Total: 12.00 (all in GBP)", "12.00 GBP"),
            ("EUR total\n\n  12,50", "12.50 EUR"),
        ],
    )
    def test_are_read_in_every_notation(self, said: str, expected: str) -> None:
        assert " ".join(total(said) or ()) == expected

    @pytest.mark.parametrize(
        "said",
        [
            "20%", "£20%", "VAT at 20.00 %", "call +44 20 7946 0000", "020 7946 0123",
            "on 31.01.2024", "GBP 31.01.2024", "GBP 2024-01-31", "at 10:30", "1.234 EUR",
            "£1.459 a litre", "£5k", "£1.5m", "£2 million", "£10-20", "Total 12.00",
            "£0.00", "12.00 ALL", "GBPX 12", "XGBP 12", "€1,23,456", "£12345678901234567",
            "Total 12.00 in GBP or EUR", "£", "EUR", "version 1.20",
        ],
    )  # fmt: skip
    def test_are_not_seen_in_other_numbers(self, said: str) -> None:
        assert document_amounts.named(said) == ()

    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ("Subtotal £100.00\nVAT £20.00\nTotal £120.00", "120.00 GBP"),
            ("Subtotal £100.00 VAT £20.00 Total £120.00", "120.00 GBP"),
            ("Total excl. VAT £100.00 Total incl. VAT £120.00", "120.00 GBP"),
            ("Total net £100 Total VAT £20 Total gross £120", "120.00 GBP"),
            ("Invoice total £120.00\nPaid £20.00\nBalance due £100.00", "120.00 GBP"),
            ("Total £120.00\nAmount due £0.00", "120.00 GBP"),
            ("Amount due\n£120.00\nLine one\n£50.00", "120.00 GBP"),
            ("Nettobetrag 100,00 € MwSt 19,00 € Gesamtbetrag 119,00 €", "119.00 EUR"),
            ("£120.00 and again £120.00", "120.00 GBP"),
            ("Net £100.00", "100.00 GBP"),
        ],
    )
    def test_of_a_total_win(self, said: str, expected: str) -> None:
        assert " ".join(total(said) or ()) == expected

    def test_without_a_single_total_are_kept_and_none_is_chosen(self) -> None:
        facts = reading("now £9.99 or £19.99")
        assert facts is not None
        assert (facts.amount, facts.currency) == (None, None)
        assert [str(amount.value) for amount in facts.amounts] == ["9.99", "19.99"]

    def test_of_a_price_list_are_bounded(self) -> None:
        assert (
            len(document_amounts.named(" ".join(f"£{n}.00" for n in range(1, 9999))))
            == document_amounts.KEPT
        )

    @pytest.mark.parametrize(
        ("name", "said", "expected"),
        [
            ("Credit note CN-7", "Total £50.00", "-50.00"),
            ("", "Credit note CN-7 for invoice INV-5: total £50.00", "-50.00"),
            ("Gutschrift", "Gesamtbetrag -50,00 EUR", "-50.00"),
            ("Invoice INV-5", "Total £50.00 after credit note CN-7", "50.00"),
            ("Refund from Fern Foods", "Refund total: £50.00", "-50.00"),
            ("Fwd: Your refund confirmation", "Refund total: £50.00", "-50.00"),
            ("Refund requested", "Please refund: total £50.00", "50.00"),
            ("Invoice INV-5, no refund issued", "Total £50.00", "50.00"),
        ],
    )
    def test_of_a_credit_note_or_a_refund_are_negative(
        self, name: str, said: str, expected: str
    ) -> None:
        assert (total(said, name) or ("",))[0] == expected


class TestReferences:
    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ("Invoice INV-12345", "invoice INV-12345"),
            ("Invoice no. 2023/0045", "invoice 2023/0045"),
            ("Invoice Number: 0063281.", "invoice 0063281"),
            ("invoice #77", "invoice 77"),
            ("INVOICE INV 12345", "invoice INV 12345"),
            ("Rechnung Nr. 2023-45", "invoice 2023-45"),
            ("Rechnungsnummer: RE-2023-45", "invoice RE-2023-45"),
            ("Rechnungs-Nr.: 4711", "invoice 4711"),
            ("Facture n° F-2024-001", "invoice F-2024-001"),
            ("Счёт № 123", "invoice 123"),
            ("Our ref: ABC/123", "reference ABC/123"),
            ("PO 4500012345", "order 4500012345"),
            ("Purchase order number 88", "order 88"),
            ("Receipt 1234-5678", "receipt 1234-5678"),
            ("Credit memo CM7781", "credit note CM7781"),
            ("payment of INV-12345 is late", "invoice INV-12345"),
            ("Order 5551 for invoice 7771", "invoice 7771"),
            ("Invoice 7771, then invoice 7772", "invoice 7771"),
        ],
    )
    def test_are_read(self, said: str, expected: str) -> None:
        chief = document_references.chief(document_references.named(said))
        assert chief is not None
        assert f"{chief.kind} {chief.number}" == expected

    @pytest.mark.parametrize(
        "said",
        [
            "Invoice attached", "Invoice date: 2024-01-31", "Invoice 31/01/2024", "Invoice 2024",
            "Invoice 31.01.24", "invoice GBP 120.00", "invoice 120.00", "invoice 1,200.00",
            "order at 10:30", "invoice 20%", "PO Box", "billing 12345", "reinvoice 12345",
            "ordering 1234", "order 5", "inventory 5000",
        ],
    )  # fmt: skip
    def test_are_not_seen_in_other_words(self, said: str) -> None:
        assert document_references.named(said) == ()

    @pytest.mark.parametrize(
        ("said", "expected"),
        [
            ("Due date: 2024-03-04", date(2024, 3, 4)),
            ("due on 04/03/2024", date(2024, 3, 4)),
            ("Payable by 4 March 2024", date(2024, 3, 4)),
            ("payment due: March 4th, 2024", date(2024, 3, 4)),
            ("zahlbar bis 04.03.2024", date(2024, 3, 4)),
            ("Due: 3/14/2024", date(2024, 3, 14)),
            ("due by 31 Februember 2024, due 31/12/2024", date(2024, 12, 31)),
            ("due soon, on 2024", None),
            ("residue 2024-03-04", None),
        ],
    )
    def test_have_a_due_date(self, said: str, expected: date | None) -> None:
        assert document_references.due_on(said) == expected

    def test_are_due_in_the_dollar_s_own_order(self) -> None:
        facts = reading("Total $5.00 due 03/04/2024")
        assert facts is not None
        assert facts.due_on == date(2024, 3, 4)


class TestSenders:
    @pytest.mark.parametrize(
        ("header", "name", "email"),
        [
            ('"Acme Ltd" <Billing@Acme.co.uk>', "Acme Ltd", "billing@acme.co.uk"),
            ("Acme Ltd Billing <x@acme.example>", "Acme Ltd", "x@acme.example"),
            ("Acme Ltd via Xero <x@xero.example>", "Acme Ltd", "x@xero.example"),
            ("Billing <billing@acme.co.uk>", "acme", "billing@acme.co.uk"),
            ("No-Reply <x@mail.acme.com>", "acme", "x@mail.acme.com"),
            ("no-reply@acme.de", "acme", "no-reply@acme.de"),
            ("jane@gmail.com", "jane", "jane@gmail.com"),
            ("=?utf-8?q?M=C3=BCller?= <a@b.de>", "Müller", "a@b.de"),
            ("=?nonsense?q?M=C3?= <a@b.de>", "=?nonsense?q?M=C3?=", "a@b.de"),
            ("Ромашка <a@b.example>", "Ромашка", "a@b.example"),
        ],
    )
    def test_are_parties(self, header: str, name: str, email: str) -> None:
        assert party(*sender(header)) == Party("vendor", name, (("email", email),))

    @pytest.mark.parametrize("header", ["", "Billing", "<>", '"--" <>', "@"])
    def test_may_be_nobody(self, header: str) -> None:
        assert party(*sender(header)) is None

    @given(st.text(max_size=60), st.text(max_size=60))
    def test_of_any_text_are_a_named_party_or_nobody(self, name: str, email: str) -> None:
        for facts in (
            party(name, email),
            party(*sender(f"{name} <{email}>")),
            party(*sender(name)),
        ):
            assert facts is None or facts.name.strip()


PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            ["£", "1,234.56", "GBP ", "total ", "invoice ", "no. ", "INV-77", " ", "\n", "1 234",
             "(", "-", "due ", "31/01/2024", "99/99/9999", "€",
             "٣", "²", "\U0001d7d9", "\x00", "\ud800", "İ"]
        ),
        st.text(max_size=8),
    )
).map("".join)  # fmt: skip


class TestAnyText:
    @given(PIECES, PIECES)
    def test_is_read_or_says_nothing(self, said: str, name: str) -> None:
        facts = reading(said, name)
        if facts is None:
            return
        assert facts.amounts or facts.references
        assert (facts.amount is None) == (facts.currency is None)
        assert facts.amount is None or 0 < abs(facts.amount) < Decimal(10**15)
        for reference in facts.references:
            assert any(c in "0123456789" for c in reference.number)
            assert len(reference.number) < 50

    @pytest.mark.parametrize(
        "piece",
        ["1", "1 ", "1 234", "£1.00 ", "invoice ", "invoice 1", "invoice no ", "ref:", "total ",
         "due ", "GBP ", " ", "\n", "-", "(", "p.o.", "INV-1-", "US$", "incl ", "a", "é", "#"],
    )  # fmt: skip
    def test_of_a_megabyte_is_read_at_once(self, piece: str) -> None:
        """Backtracking would take hours."""
        hostile = piece * (1_000_000 // len(piece))
        read(Document("1", "file", hostile, hostile, NOW, hostile, hostile))
        sender(hostile)

    def test_past_its_bound_is_not_read(self) -> None:
        assert reading(" " * 200_000 + "Invoice INV-77 total £5.00") is None


class TestHtml:
    def test_is_read_as_its_text(self) -> None:
        page = (
            "<!DOCTYPE html><head><title>x</title></head><body><!-- no <b> --><p>Total:&nbsp;"
            '<b title="a > b">5 &lt; 6</b><br/>EUR<td>1<th>2</p><SCRIPT>y</SCRIPT ><style>z'
        )
        assert of_html(page) == "Total: 5 < 6\nEUR 1 2"

    def test_without_an_end_of_its_head_is_read_from_its_body(self) -> None:
        assert of_html("<head><title>x<body>y &#120;&#x79;&amp &nosuch; &#9999999999;") == (
            "y xy& &nosuch; &#9999999999;"
        )

    @given(st.text(alphabet="<>/!-?&;#[]a b\"'=1x\n", max_size=80))
    def test_of_any_kind_is_read(self, page: str) -> None:
        of_html(page)

    @given(
        st.lists(st.sampled_from(["<p>", "</p>", "<b>", "</b>", "x", " y", "&lt;", "<br>", "<td>"]))
    )
    def test_of_plain_tags_is_as_the_standard_parser_reads_it(self, parts: list[str]) -> None:
        page = "".join(parts)
        texts: list[str] = []

        class Parser(HTMLParser):
            def handle_data(self, data: str) -> None:
                texts.append(data)

        parser = Parser()
        parser.feed(page)
        parser.close()
        assert "".join(of_html(page).split()) == "".join("".join(texts).split())

    @pytest.mark.parametrize(
        "piece",
        ["<", "<a ", '<a "', "<a href='", "<!--", "<![CDATA[", "<?", "<!a", "</", "<script>",
         "<script></scrip", "<head>", "<a", "&", "&#9", "<a b=c "],
    )  # fmt: skip
    def test_of_a_megabyte_is_read_at_once(self, piece: str) -> None:
        of_html(piece * (1_000_000 // len(piece)))
