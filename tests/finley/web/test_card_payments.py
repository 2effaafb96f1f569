"""Payments of a card's bill: transfers between own accounts, in both accounts' statements."""

from datetime import date
from decimal import Decimal

import pytest

from graph import models
from graph.enrich.run_enrichment import enrich
from graph.ingest.file_parts import format_of, parts_of
from graph.ingest.import_file import import_file
from graph.questions import cash_flow, spend
from graph.view import refresh

AMEX = """Date,Description,Amount
02/03/2024,PRET A MANGER LONDON,4.95
15/03/2024,RYMAN STATIONERY,23.10
21/03/2024,PAYMENT RECEIVED - THANK YOU,-517.35
23/03/2024,AMAZON.CO.UK,99.00
25/03/2024,DELL PRODUCTS,401.00
"""
BANK = """Date,Description,Amount,Balance
13/03/2024,CLIENT LTD PAYMENT RECEIVED,2000.00,5000.00
21/03/2024,AMERICAN EXPRESS 3773 DD,-517.35,4482.65
22/03/2024,ACME RENT,-800.00,3682.65
"""
CARD = "Date,Card Member,Description,Amount\n02/03/2024,A SMITH,PRET A MANGER,4.95\n"
CARD += "05/03/2024,A SMITH,TFL TRAVEL,12.40\n13/03/2024,A SMITH,AMAZON,99.00\n"


def read(folder, text: str, name: str):
    path = folder / name
    path.write_text(text)
    (part,) = parts_of(path, format_of(path))
    return part, list(part.read())


@pytest.mark.parametrize(
    "words",
    [
        "PAYMENT RECEIVED - THANK YOU", "DIRECT DEBIT PAYMENT - THANK YOU", "ZAHLUNG ERHALTEN",
        "PAIEMENT RECU MERCI", "PAIEMENT REÇU MERCI", "PAGO RECIBIDO", "PAGAMENTO RICEVUTO",
        "BETALING ONTVANGEN", "PAGAMENTO RECEBIDO", "AUTOPAY PAYMENT", "ONLINE PAYMENT",
    ],
)  # fmt: skip
def test_on_a_card_a_payment_of_its_bill_is_a_transfer(tmp_path, words):
    part, rows = read(tmp_path, CARD + f"21/03/2024,A SMITH,{words},-116.35\n", "card.csv")
    assert part.platform == "card"
    assert [row.records for row in rows] == ["payment"] * 3 + ["transfer"]
    assert 0.8 < rows[-1].confidence < 1
    assert "a transfer between own accounts" in rows[-1].reason


@pytest.mark.parametrize(
    ("words", "amount"),
    [
        ("AMAZON REFUND", "-99.00"),
        ("PAYMENT RECEIVED REFUND", "-99.00"),
        ("THANK YOU CAFE", "5.00"),
    ],
)
def test_a_refund_and_a_purchase_on_a_card_are_none(tmp_path, words, amount):
    text = CARD + f"21/03/2024,A SMITH,{words},{amount}\n"
    _, rows = read(tmp_path, text, "card.csv")
    assert [row.records for row in rows] == ["payment"] * 4


def test_a_customer_s_payment_at_a_bank_is_income(tmp_path):
    part, rows = read(tmp_path, BANK, "bank.csv")
    assert part.platform == "bank"
    assert {row.records for row in rows} == {"payment"}


def test_a_card_is_known_by_its_signs_and_by_its_name(tmp_path):
    assert read(tmp_path, AMEX, "statement.csv")[0].platform == "card"
    turned = AMEX.replace(",-", ",#").replace(",", ",", 1)
    lines = [
        line.replace("#", "") if "#" in line else line[::-1].replace(",", "-,", 1)[::-1]
        for line in turned.splitlines()[1:]
    ]
    negative = "\n".join(["Date,Description,Amount", *lines]) + "\n"
    assert read(tmp_path, negative, "Amex 2024.csv")[0].platform == "card"
    assert read(tmp_path, negative, "statement.csv")[0].platform == "bank"


def flows(user) -> dict[str, models.RelationshipInstance]:
    rows = models.RelationshipInstance.objects.using("owner").filter(user_id=user.pk)
    rows = rows.filter(edge_class="flow").select_related("source_event", "target_event")
    return {
        name: row
        for row in rows
        for name in (row.source_event.party_name, row.target_event.party_name)
    }


def amounts_of(user, direction: str) -> list[Decimal]:
    """What each party got, or paid."""
    answer = spend.spend(user.pk, direction=direction, today=date(2024, 3, 31))
    return [sum(period["amount"] for period in row["periods"]) for row in answer["results"]]


def test_neither_account_counts_it_as_income_or_spending(tenant, tmp_path):
    for name, text in (("amex.csv", AMEX), ("bank.csv", BANK)):
        path = tmp_path / name
        path.write_text(text)
        import_file(tenant.pk, path, format_of(path), tmp_path)
    enrich(tenant.pk)
    refresh.refresh()
    months = cash_flow.cash_flow(tenant.pk)["months"]
    (march,) = [row for row in months if str(row["month"]).startswith("2024-03")]
    assert march["money_in"] == Decimal("2000.0000")
    assert march["money_out"] == Decimal("1328.0500"), "800.00 of rent and 528.05 of purchases"
    assert sum(amounts_of(tenant, "out")) == Decimal("1328.05")
    assert amounts_of(tenant, "in") == [Decimal(2000)]
    rows = flows(tenant)
    card, bank = rows["PAYMENT RECEIVED - THANK YOU"], rows["AMERICAN EXPRESS 3773 DD"]
    assert bank.canonical_id == card.pk
    assert card.confidence_score == 0.97
    assert "no income" in card.reason


def test_a_supplier_s_payment_of_the_same_amount_stays_spending(tenant, tmp_path):
    other = BANK.replace("AMERICAN EXPRESS 3773 DD", "BOROUGH PRINTING")
    for name, text in (("amex.csv", AMEX), ("bank.csv", other)):
        path = tmp_path / name
        path.write_text(text)
        import_file(tenant.pk, path, format_of(path), tmp_path)
    enrich(tenant.pk)
    assert flows(tenant)["BOROUGH PRINTING"].canonical_id is None
