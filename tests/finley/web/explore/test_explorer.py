"""A party's surroundings: the picture and the table say the same, and each payment counts once."""

import re
from decimal import Decimal

from graph.view import refresh
from tests.finley.web.conftest import text_of
from tests.graph import rows


def test_payments_between_two_parties_are_one_edge_with_their_sum(client, tenant):
    user = tenant.id
    kinds = {"Sales": "department", "Shop": "vendor", "<b>Bank</b>": "vendor"}
    sales, shop, bank = (rows.entity(user, name, kind) for name, kind in kinds.items())
    for amount in (10, 20, 30):
        rows.payment(user, sales, shop, amount)
    rows.payment(user, shop, sales, 5)
    rows.payment(user, sales, bank, 7)
    refresh.refresh()
    text = text_of(client.get(f"/explore/{sales.id}/"))
    assert text.count("<line ") == 2
    assert text.count("data-node=") == 3
    assert "Sales to Shop: GBP 60.00 in 3 rows" in text
    assert "Shop to Sales: GBP 5.00 in 1 rows" in text
    assert "<b>Bank" not in text
    amounts = re.findall(r'class="number"><a href="[^"]+">GBP ([\d.]+)<', text)
    assert sum(map(Decimal, amounts)) == 72


def test_two_steps_reach_further_and_days_narrow(client, books):
    assert "Borough" not in text_of(client.get(f"/explore/{books.acme}/"))
    assert "Borough" in text_of(client.get(f"/explore/{books.acme}/?depth=2"))
    text = text_of(client.get(f"/explore/{books.acme}/?depth=2&until=2024-02-01"))
    assert "GBP 120.50" not in text
    assert "GBP 3.00" in text


def test_amounts_types_and_layers_narrow_both_pages(client, books):
    for address in (f"/explore/{books.sales}/", "/explore/"):
        for query, shown in (
            ("", {"123.50"}),
            ("min_amount=100", {"120.50"}),
            ("max_amount=3", {"3.00"}),
            ("has=temporal", {"120.50"}),
            ("type=no_such_type", set()),
        ):
            text = text_of(client.get(f"{address}?{query}"))
            sums = {amount for amount in ("123.50", "120.50", "3.00") if f"GBP {amount}<" in text}
            assert sums == shown, (address, query)
    assert '<option value="temporal" selected>' in text_of(client.get("/explore/?has=temporal"))


def test_every_view_keeps_its_address_from_party_to_party(client, books):
    text = text_of(client.get(f"/explore/{books.sales}/?depth=2&since=2024-01-01"))
    assert f'href="/explore/{books.acme}/?depth=2&amp;since=2024-01-01"' in text


def test_what_is_asked_wrongly_is_said(client, books, their_books):
    for query in ("depth=9", "since=x", "until=2024-99-99", "has=x", "min_amount=lots"):
        assert client.get(f"/explore/{books.acme}/?{query}").status_code == 400
    assert client.get(f"/explore/{their_books.acme}/").status_code == 404
