"""Bills that are open: those that may be duplicates, and those without a due date."""

import re
from datetime import date
from decimal import Decimal

from graph import models
from graph.view import refresh
from tests.finley.web.conftest import a_case, text_of
from tests.finley.web.test_sums import owed
from tests.graph import rows


def test_a_bill_that_is_perhaps_a_duplicate_waits_for_its_case(client, tenant):
    user = tenant.id
    office, acme = rows.entity(user, "Office", "department"), rows.entity(user, "Acme")
    first = owed(user, office, acme, 103, document_ref="B-1", due_on=date(2024, 2, 10))
    again = owed(user, office, acme, 103, document_ref="B-2", due_on=date(2024, 2, 10))
    payments = []
    for bill, much in ((first, 103), (again, Decimal("65.61"))):
        ends = [rows.event(user, party, amount=amount, records="payment")
                for party, amount in ((office, -much), (acme, much))]  # fmt: skip
        payments.append(rows.relationship(user, *ends))
        rows.add(
            models.RelationshipInstance, user_id=user, source_event_id=bill.target_event_id,
            target_event_id=payments[-1].target_event_id, relationship_type="settles",
            edge_class="link", confidence_score=1, detection_method="test", allocated=much,
        )  # fmt: skip
    case = a_case(user, again.id, first.id, amount_at_risk=103)
    refresh.refresh()
    page = re.sub(r"<[^>]+>", "", text_of(client.get("/review/")))
    assert "GBP 65.61 paid, GBP 37.39 still to pay: do not pay it before this is decided." in page
    assert "Confirm: billed twice" in page
    assert "B-1 of" not in page  # the first one is paid
    link = f'<a href="/review/{case.id}/">perhaps a duplicate: decide before you pay</a>'
    assert text_of(client.get("/open/")).count(link) == 1
    form = {"action": "dismiss", "seen": "open", "case": str(case.id)}
    client.post("/review/decide/", form)
    assert "perhaps a duplicate" not in text_of(client.get("/open/"))
    text = re.sub(r"<[^>]+>", "", text_of(client.get(f"/review/{case.id}/")))
    assert "GBP 37.39 still to pay." in text


def test_a_bill_without_a_due_date_is_open_and_not_overdue(client, tenant):
    user = tenant.id
    office, acme = rows.entity(user, "Office", "department"), rows.entity(user, "Acme")
    owed(user, office, acme, 80, document_ref="B-1", due_on=date(2024, 2, 10))
    owed(user, office, acme, 11, document_ref="B-2")
    refresh.refresh()
    every = text_of(client.get("/open/"))
    assert '<span class="figure">GBP 91.00</span>' in every
    assert every.count("no due date") == 1
    assert every.count("overdue</span>") == 1
    late = text_of(client.get("/open/?overdue=yes"))
    assert '<span class="figure">GBP 80.00</span>' in late
    assert "B-2" not in late
    assert ">GBP 80.00</a> of the bills to pay is past its due date" in text_of(client.get("/"))
