"""What is open: invoices in part, many at once, credit notes, refunds, other currencies."""

from datetime import date
from decimal import Decimal

import pytest

from graph.enrich.run_enrichment import enrich
from graph.errors import NotFound
from graph.ingest.import_file import format_of, import_file
from graph.questions.cash_flow import cash_flow
from graph.questions.lasting_changes import price_changes
from graph.questions.open_items import bucket, open_items
from graph.questions.spend import spend
from graph.view import refresh
from tests.graph.enrich.write.test_write_links import BANK, LEDGER

TODAY = date(2024, 6, 30)


def invoice(key, day, amount, number, due, *, party="Acme Mills Ltd", kind="PI", currency="GBP"):
    vendor = f"V{len(party)},,GB{len(party)}"
    entered = f"{key},2024-{day},Office,{party},vendor,{vendor},{number},{due},{kind}"
    return f"{entered},{amount},{currency},Flour\n"


def paid(key, day, amount, reference, *, party="ACME MILLS", currency="GBP"):
    account = "Current account" if currency == "GBP" else "Euro account"
    when = f"2024-{day},2024-{day}"
    return f"{key},{when},{account},BACS,{party},GB14,{amount},{currency},{reference}\n"


@pytest.fixture
def take(tenant, tmp_path):
    def import_and_enrich(*, ledger: str = "", bank: str = "") -> None:
        for name, text in {"ledger": LEDGER + ledger, "bank": BANK + bank}.items():
            if text.count("\n") > 1:
                path = tmp_path / f"{name}.csv"
                path.write_text(text)
                import_file(tenant.id, path, format_of(path), tmp_path)
        enrich(tenant.id)
        refresh.refresh()

    return import_and_enrich


def facts(answer):
    return [
        (item["item"], item["direction"], item["open"], item["age"]) for item in answer["results"]
    ]


def test_an_invoice_paid_in_six_parts_and_its_rest(tenant, take):
    parts = "".join(paid(f"B{n}", f"04-0{n}", "-100.00", "INV-70001") for n in range(1, 7))
    take(ledger=invoice("L1", "03-01", "650.00", "INV-70001", "2024-03-31"), bank=parts)
    answer = open_items(tenant.id, today=TODAY)
    assert facts(answer) == [("invoice", "payable", Decimal("50.0000"), "over_90")]
    assert answer["results"][0]["settled"] == 600
    (owed,) = cash_flow(tenant.id, today=TODAY)["obligations"]
    assert (owed["direction"], owed["open"], owed["overdue"]) == ("payable", 50, 50)


def test_a_payment_that_settles_forty_invoices(tenant, take):
    invoices = "".join(
        invoice(f"L{n}", "03-01", f"{n}.10", f"INV-7{n:04}", "2024-03-31") for n in range(1, 41)
    )
    total = sum(Decimal(f"{n}.10") for n in range(1, 41))
    numbers = " ".join(f"INV-7{n:04}" for n in range(1, 41))
    take(ledger=invoices, bank=paid("B1", "04-01", f"-{total}", numbers))
    answer = open_items(tenant.id, today=TODAY, item="invoice")
    assert answer["count"] == 0


def test_a_credit_note_that_nobody_applied(tenant, take):
    take(
        ledger=invoice("L1", "03-01", "80.00", "INV-70001", "2024-03-31", party="Dale Ltd")
        + invoice("L2", "03-05", "-30.00", "CN-9", "", kind="PC")
    )
    items = facts(open_items(tenant.id, today=TODAY))
    assert ("credit_note", "receivable", Decimal(30), "no_due_day") in items
    assert ("invoice", "payable", Decimal(80), "over_90") in items


def test_a_bill_without_a_due_day_is_open_and_not_overdue(tenant, take):
    take(ledger=invoice("L1", "01-01", "80.00", "INV-70001", ""))
    answer = open_items(tenant.id, today=TODAY)
    assert facts(answer) == [("invoice", "payable", Decimal(80), "no_due_day")]
    (row,), (total,) = answer["results"], answer["totals"]
    assert (row["days_overdue"], row["days_open"]) == (None, 181)
    assert (total["open"], total["ages"]["no_due_day"], total["ages"]["over_90"]) == (80, 80, 0)


def test_a_tenant_with_obligations_only_has_no_cash(tenant, take):
    take(ledger=invoice("L1", "06-01", "80.00", "INV-70001", "2024-07-31"))
    answer = cash_flow(tenant.id, today=TODAY)
    assert answer["months"] == []
    (owed,) = answer["obligations"]
    assert (owed["open"], owed["overdue"], owed["due_month"]) == (80, 0, "2024-07")
    assert facts(open_items(tenant.id, today=TODAY)) == [("invoice", "payable", 80, "not_due")]


def test_currencies_are_never_added(tenant, take):
    take(
        ledger=invoice("L1", "03-01", "80.00", "INV-70001", "2024-03-31")
        + invoice("L2", "03-01", "70.00", "INV-70002", "2024-03-31", currency="EUR")
    )
    totals = open_items(tenant.id, today=TODAY)["totals"]
    assert {(total["currency"], total["open"]) for total in totals} == {("GBP", 80), ("EUR", 70)}


def test_ages_begin_the_day_after_it_is_due():
    days = {0: "not_due", 1: "1-30", 30: "1-30", 31: "31-60", 60: "31-60", 61: "61-90"}
    assert {day: bucket(day) for day in days} == days
    assert (bucket(-5), bucket(90), bucket(91)) == ("not_due", "61-90", "over_90")


def test_a_party_that_is_none_is_named(tenant):
    refresh.refresh()
    with pytest.raises(NotFound) as refused:
        open_items(tenant.id, party="nobody")
    assert refused.value.field == "party"


def test_spend_counts_each_payment_once_and_tells_the_change(tenant, take):
    take(
        ledger=invoice("L1", "03-01", "60.00", "INV-70001", "2024-03-31")
        + invoice("L2", "04-01", "90.00", "INV-70002", "2024-04-30"),
        bank=paid("B1", "03-30", "-60.00", "INV-70001")
        + paid("B2", "04-30", "-90.00", "INV-70002"),
    )
    answer = spend(tenant.id, today=date(2024, 4, 30), periods=2)
    (acme,) = answer["results"]
    assert [(period["period"], period["amount"]) for period in acme["periods"]] == [
        ("2024-04", 90), ("2024-03", 60),
    ]  # fmt: skip
    assert acme["periods"][0]["change"] == 30
    assert acme["periods"][0]["change_share"] == pytest.approx(0.5)
    assert acme["periods"][0]["share"] == 1
    (office,) = spend(tenant.id, by="department", today=date(2024, 4, 30))["results"]
    assert office["name"] == "Office"
    assert office["periods"][0]["amount"] == 90


def test_a_price_rise_is_dated():
    months = [date(2024, 11, 1), date(2024, 12, 1), date(2025, 1, 1), date(2025, 2, 1)]
    prices = ["62.10", "62.10", "62.10", "62.10", "71.40", "71.40"]
    paid_on = [*months, date(2025, 4, 1), date(2025, 5, 1)]
    (rise,) = price_changes([(d, Decimal(p)) for d, p in zip(paid_on, prices, strict=True)])
    assert (rise["from_day"], rise["old"], rise["new"]) == (
        date(2025, 4, 1), Decimal("62.10"), Decimal("71.40"),
    )  # fmt: skip
    assert rise["change_share"] == pytest.approx(0.1498, abs=1e-4)


def test_over_http(api, tenant, take):
    take(ledger=invoice("L1", "03-01", "80.00", "INV-70001", "2024-03-31"))
    parameters = {"today": "2024-06-30"}
    items = api.get("/api/v1/graph/open-items/", parameters).json()
    assert (items["today"], items["count"]) == ("2024-06-30", 1)
    source = "finley-demo.ledger"
    assert items["books"] == [{"source": source, "name": source, "until": "2024-03-01"}]
    spending = api.get("/api/v1/graph/spend/", {**parameters, "kind": "obligation"}).json()
    assert spending["results"][0]["name"] == "Acme Mills Ltd"
    wrong = api.get("/api/v1/graph/open-items/", {"today": "yesterday", "item": "x"})
    assert wrong.status_code == 400
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"#/today", "#/item"}
