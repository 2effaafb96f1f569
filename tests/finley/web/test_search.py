"""The page of a search: what was meant, and all rows as a list with a file."""

from decimal import Decimal

import pytest

from graph.view import refresh
from tests.finley.web.conftest import text_of
from tests.graph.rows import paid

TEXT = "SEPA CREDIT REF INV-2041 ACME"


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("INV-2041", "Payments and invoices with “INV-2041”"),
        ("1.234,50", "over exactly this amount"),
        ("9 Mar 2024", "Payments and invoices of 9 Mar 2024"),
        ("Mar 2024", "Payments and invoices of Mar 2024"),
    ],
)
def test_the_page_shows_it_under_what_was_meant(client, tenant, text, heading):
    one = paid(tenant.id, Decimal("1234.50"), TEXT)
    refresh.refresh()
    section = text_of(client.get("/search/", {"q": text})).split(heading)[1]
    assert f"/payments/{one}/" in section.split("</section>")[0]


def test_all_rows_that_a_search_finds_are_a_list_with_a_file(client, tenant, monkeypatch):
    monkeypatch.setattr("finley.web.search.SHOWN", 2)
    for number in range(3):
        paid(tenant.id, 7, f"rent {number}")
    refresh.refresh()
    for way, text in (("words", "rent"), ("amount", "7.00")):
        page = text_of(client.get("/search/", {"q": text}))
        assert f"/search/rows/?q={text}&amp;way={way}" in page
        listed = client.get("/search/rows/", {"q": text, "way": way})
        assert "3 rows" in text_of(listed)
        sheet = client.get("/search/rows/", {"q": text, "way": way, "format": "csv"})
        assert len(sheet.content.decode("utf-8-sig").splitlines()) == 4
    assert client.get("/search/rows/?q=rent&way=x").status_code == 400
