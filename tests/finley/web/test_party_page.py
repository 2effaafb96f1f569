"""The page of one party, in the words of the tenant that deals with it."""

import re
from datetime import timedelta

from graph import models
from graph.questions import days
from graph.view import refresh
from tests.finley.web.conftest import a_case, text_of
from tests.graph import rows
from tests.graph.questions.expected.test_due import expect


def test_what_a_vendor_received_is_what_we_paid(client, tenant):
    user = tenant.id
    office, acme = rows.entity(user, "Office", "department"), rows.entity(user, "Acme")
    rows.payment(user, office, acme, 50)
    refresh.refresh()
    page = text_of(client.get(f"/parties/{acme.id}/"))
    (tile,) = re.findall(r"<h2>We paid, GBP</h2>.*?</section>", page, re.DOTALL)
    assert "GBP 50.00" in tile
    page = text_of(client.get(f"/parties/{office.id}/"))
    (tile,) = re.findall(r"<h2>Paid, GBP</h2>.*?</section>", page, re.DOTALL)
    assert "GBP 50.00" in tile
    assert "We paid" not in page


def test_expected_bills_and_payments_are_told_apart_and_lead_to_their_series(client, tenant):
    user, today = tenant.id, days.today(tenant.id)
    office, acme = rows.entity(user, "Office", "department"), rows.entity(user, "Acme")
    for records in ("payment", "obligation"):
        expect(user, office, acme, f"monthly {records}", today + timedelta(3), records=records)
    refresh.refresh()
    page = text_of(client.get(f"/parties/{acme.id}/"))
    expected = page.split("<h2>Expected</h2>")[1].split("</section>")[0]
    assert expected.count('<span class="tag">payment</span>') == 1
    assert expected.count('<span class="tag">bill</span>') == 1
    series = re.findall(r'href="(/recurring/[^"]+/)"', expected)
    assert len(series) == 2
    titles = sorted(
        title for at in series
        for title in re.findall(r"(?:Next|No further) (bill|payment)\b", text_of(client.get(at)))
    )  # fmt: skip
    assert titles == ["bill", "payment"]
    due = text_of(client.get("/recurring/due/"))
    assert set(re.findall(r'data-label="Amount"[^>]*><a href="(/\w+/)', due)) == {"/recurring/"}


def test_one_case_is_listed_once_under_perhaps_paid_twice(client, tenant):
    user = tenant.id
    office, acme = rows.entity(user, "Office", "department"), rows.entity(user, "Acme")
    first, second, third = (rows.payment(user, office, acme, 50) for _ in range(3))
    for later in (second, third):
        rows.add(
            models.DuplicateTransaction, user_id=user, relationship_id=later,
            original_relationship_id=first, duplicate_confidence=0.9,
            evidence={"why": "the same amount"},
        )  # fmt: skip
    case = a_case(user, second, first)
    rows.add(models.PaymentCaseRow, user_id=user, case_id=case.id, relationship_id=third,
             role="extra")  # fmt: skip
    refresh.refresh()
    page = text_of(client.get(f"/parties/{acme.id}/"))
    twice = page.split("<h2>Perhaps paid twice</h2>")[1].split("</section>")[0]
    assert twice.count("<li>") == 1
    assert f'<a href="/review/{case.id}/">Its case</a>' in twice


def test_the_list_has_each_payment_once_and_if_wanted_once_for_each_book(client, tenant):
    user = tenant.id
    office, acme = rows.entity(user, "Office", "department"), rows.entity(user, "Acme")
    ends = [rows.event(user, party, amount=much) for party, much in ((office, -50), (acme, 50))]
    rows.relationship(user, *ends, canonical_id=rows.payment(user, office, acme, 50))
    refresh.refresh()
    for query, amount, count in (("", "50.00", 1), ("&once=no", "100.00", 2)):
        page = text_of(client.get(f"/payments/?party={acme.id}{query}"))
        assert page.count('data-label="Amount"') == count
        assert f'<span class="figure">GBP {amount}</span>' in page
    assert "once=no" in text_of(client.get(f"/payments/?party={acme.id}"))
