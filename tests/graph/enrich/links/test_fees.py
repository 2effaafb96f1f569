"""Charges and what they are for, in the words of several banks and platforms."""

import pytest

from graph.enrich.links import fees
from tests.graph.enrich.handmade import payments


def found(*rows):
    made = payments(*rows)
    keys, charges = made.external_id, fees.find(made)
    return dict(zip(keys[charges.fee], keys[charges.payment], strict=True))


def gift(key, amount, about, kind="charge", party="Ann Field", **row):
    return {"key": key, "source": "platform", "amount": -amount, "document": about,
            "description": kind, "party": party, **row}  # fmt: skip


def fee(key, amount, about, kind="fee", **row):
    return gift(key, -amount, about, kind, "Giving Online", **row)


def test_a_platform_calls_the_payment_itself_a_charge():
    rows = [gift("a", 25, "G0012345"), fee("x", 0.55, "G0012345"),
            gift("b", 10, "G0067890"), fee("y", 0.34, "G0067890")]  # fmt: skip
    assert found(*rows) == {"x": "a", "y": "b"}


def test_gifts_are_no_charges_of_greater_ones():
    assert found(gift("a", 500, "G0012345"), gift("b", 10, "G0067890")) == {}


def test_the_fee_of_a_refund_s_gift_is_the_gift_s():
    rows = [gift("a", 25, "G0012345"), fee("x", 0.55, "G0012345"),
            gift("r", -25, "G0012345", "refund", day=2)]  # fmt: skip
    assert found(*rows) == {"x": "a"}


def transfer(key, amount, words, party="Acme Mills"):
    return {"key": key, "source": "bank", "amount": amount, "description": words, "party": party}


@pytest.mark.parametrize(
    ("kind", "paid"),
    [
        ("INTERNATIONAL PAYMENT FEE", "INTERNATIONAL PAYMENT"),
        ("Entgelt Auslandszahlung", "Auslandszahlung"),
        ("Frais virement", "Virement"),
    ],
)
def test_the_words_of_the_payment(kind, paid):
    others = transfer("o", 800, "Other", "Oak Water")
    assert found(transfer("p", 900, paid), transfer("f", 12, kind, "Bank"), others) == {"f": "p"}


def test_what_a_supplier_allows_is_no_charge():
    rows = [transfer("p", 900, "Temporary staff"), transfer("d", -30, "Commission allowed")]
    assert found(*rows) == {}


def test_a_payout_less_what_the_platform_kept():
    assert found(transfer("p", -900, ""), transfer("f", 9, "Charges")) == {"f": "p"}
