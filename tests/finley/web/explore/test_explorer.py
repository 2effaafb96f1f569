"""A party's surroundings: the picture and the table say the same, and each payment counts once."""

import re
from decimal import Decimal

import pytest
from django.http import QueryDict

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


@pytest.mark.parametrize(
    ("query", "beside"),
    [
        ("since=2024-99-99", "since: 2024-99-99 is not a date."),
        ("since=2024-03-01&until=2024-02-01", "until: This date is before the “from” date."),
        ("min_amount=lots", "min_amount: lots is not an amount"),
        ("min_amount=9&max_amount=1", "max_amount: This is below the minimum amount."),
        ("has=x", "has: There is no layer x."),
    ],
)
def test_a_wrong_filter_is_named_beside_its_field_and_the_entries_stay(
    client, books, their_books, query, beside
):
    for address in (f"/explore/{books.acme}/", "/explore/"):
        response = client.get(f"{address}?{query}&type=payment")
        text = text_of(response)
        assert response.status_code == 400
        (message,) = re.findall(r'id="error-(\w+)" role="alert">([^<]+)', text)
        assert ": ".join(message).startswith(beside)
        assert "<form" in text.split("<main")[1]
        for name, value in QueryDict(query).items():
            assert name == "has" or f'name="{name}"' in text
            assert name == "has" or f'value="{value}"' in text
        assert "<table" not in text
    assert client.get(f"/explore/{their_books.acme}/?{query}").status_code == 404


def test_a_wrong_depth_is_named(client, books):
    response = client.get(f"/explore/{books.acme}/?depth=9")
    assert (response.status_code, "The depth is 1 or 2." in text_of(response)) == (400, True)
    assert client.get("/explore/data/?has=x").status_code == 400
