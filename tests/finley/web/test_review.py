"""Decisions on cases: by one, by many, by two at once, and taken back."""

import re
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import transaction

from graph import models
from graph.errors import DecidedMeanwhile
from graph.questions.decisions import case_decisions
from graph.view import refresh
from tests.finley.test_admin import logged_in
from tests.finley.web.conftest import a_case, text_of
from tests.graph import rows


@pytest.fixture
def two(tenant, books) -> list[str]:
    """Two open cases; the second is surer and has a reason against it."""
    user = tenant.id
    sales, shop = rows.entity(user, "Shop floor", "department"), rows.entity(user, "Twice Ltd")
    first, again = (rows.payment(user, sales, shop, 50) for _ in range(2))
    cases = [
        a_case(user, books.annotated, books.plain),
        a_case(
            user,
            again,
            first,
            party="Twice Ltd",
            amount_at_risk=50,
            confidence=0.95,
            evidence={"against": ["a rhythm"]},
        ),
    ]
    refresh.refresh()
    return [str(case.pk) for case in cases]


def states(two: list[str]) -> list[str]:
    state_of = dict(models.PaymentCase.objects.using("owner").values_list("pk", "state"))
    return [{str(pk): state for pk, state in state_of.items()}[case] for case in two]


def decide(client, chosen, action="confirm", seen="open", **more):
    form = {"action": action, "seen": seen, "case": chosen, **more}
    return client.post("/review/decide/", form, follow=True)


def test_rows_stand_side_by_side_and_the_sum_counts_each_case_once(client, two):
    text = text_of(client.get("/review/"))
    assert "GBP 170.50 at risk" in text
    assert text.index("Twice Ltd") < text.index("Acme")  # the surer first
    assert "The same party and amount. 95 % sure. Against it: a rhythm." in text
    assert text.count("paid again") == text.count("paid first") == 2


def test_the_queue_is_narrowed_by_party_and_amount(client, two):
    assert "Acme" not in text_of(client.get("/review/?party=twice"))
    text = text_of(client.get("/review/?min_amount=100"))
    assert "GBP 120.50 at risk" in text
    assert "Twice Ltd" not in text


def test_the_queue_s_party_may_have_a_typo(client, two):
    text = text_of(client.get("/review/?party=Twise+Ltd"))
    assert "No case of “Twise Ltd”: those of Twice Ltd are shown." in text
    assert "GBP 50.00 at risk" in text
    assert "1 open case," in text


def test_an_amount_that_is_none_is_named_beside_its_field(client, two):
    response = client.get("/review/?min_amount=lots&party=twice")
    text = text_of(response)
    assert response.status_code == 400
    assert 'id="error-min_amount" role="alert">lots is not an amount' in text
    assert 'value="lots"' in text
    assert 'name="party" value="twice"' in text


def test_one_is_confirmed_and_leaves_the_queue(client, tenant, two):
    text = text_of(decide(client, two[1:]))
    assert "1 of 1 confirmed." in text
    assert "Twice Ltd" not in text.split('<div id="rows">')[1]
    assert states(two) == ["open", "confirmed"]
    text = text_of(client.get("/review/?state=confirmed"))
    assert f"confirmed by {tenant.email}" in text


def take_back(client, page: str):
    """The page after a click on "Take back the last decision" of the page at this address."""
    form = dict(re.findall(r'name="(last|of|back|tenant)" value="([^"]*)"', last_of(client, page)))
    return client.post("/review/decide/", form, follow=True)


def last_of(client, page: str) -> str:
    """The part of the page that names the last decision; "" if it names none."""
    parts = re.findall(
        r"<form(?:(?!</form>).)*Last decision.*?</form>", text_of(client.get(page)), re.DOTALL
    )
    return "".join(parts)


def test_many_are_dismissed_together_and_that_is_taken_back(client, tenant, two):
    text = text_of(decide(client, two, "dismiss"))
    assert "2 of 2 dismissed." in text
    again = logged_in(tenant)  # a new session
    assert f"2 cases dismissed by {tenant.email}, " in last_of(again, "/review/")
    assert "2 of 2 open again." in text_of(take_back(again, "/review/"))
    assert states(two) == ["open", "open"]
    assert "Take back" not in text_of(client.get("/review/"))


def test_decisions_are_taken_back_one_after_another_the_newest_first(client, two):
    decide(client, two[:1], "confirm")
    decide(client, two[:1], "recover", "confirmed")
    decide(client, two[1:], "dismiss")
    old = last_of(client, "/review/")
    assert "GBP 50.00 to Twice Ltd</a> dismissed" in old
    after = []
    for _ in range(3):
        take_back(client, "/review/")
        after.append(states(two))
    assert after == [["recovered", "open"], ["confirmed", "open"], ["open", "open"]]
    form = dict(re.findall(r'name="(last|back|tenant)" value="([^"]*)"', old))
    text = text_of(client.post("/review/decide/", form, follow=True))
    assert "this is no longer the last decision" in text
    assert states(two) == ["open", "open"]


def test_a_case_s_page_has_its_history_and_takes_its_own_decision_back(client, tenant, two):
    decide(client, two, "dismiss", note="two cables")
    page = f"/review/{two[0]}/"
    assert f'href="{page}"' in text_of(client.get("/review/?state=dismissed"))
    text = text_of(client.get(page))
    assert text.count("<article") == 1
    assert f"dismissed by {tenant.email}: two cables" in text
    assert "1 of 1 open again." in text_of(take_back(client, page))
    assert states(two) == ["open", "dismissed"]
    assert "Take back" not in text_of(client.get(page))
    assert client.get(f"/review/{uuid4()}/").status_code == 404


def test_what_came_back_is_written_down(client, two):
    decide(client, two[:1])
    text = text_of(decide(client, two[:1], "recover", "confirmed", amount="999"))
    assert "at most 120.50 GBP" in text
    decide(client, two[:1], "recover", "confirmed", amount="20,50")
    assert "GBP 20.50 recovered" in text_of(client.get("/review/?state=recovered"))


def test_a_note_and_an_owner_stay_with_the_case(client, two):
    decide(client, two[:1], "note", note="<i>asked</i> the supplier")
    decide(client, two[:1], "assign", owner="Ada")
    text = text_of(client.get("/review/"))
    assert "&lt;i&gt;asked&lt;/i&gt; the supplier" in text
    assert '<span class="tag">Ada</span>' in text
    assert states(two) == ["open", "open"]


@pytest.mark.parametrize("action", ["note", "assign"])
def test_either_button_saves_all_that_the_form_holds(client, tenant, two, action):
    typed = {"note": "Asked them", "owner": tenant.email, "owner_seen": ""}
    text = text_of(decide(client, two[:1], action, **typed))
    assert "1 of 1 assigned and noted." in text
    assert "no member" not in text
    case = models.PaymentCase.objects.using("owner").get(pk=two[0])
    assert (case.note, case.owner) == ("Asked them", tenant.email)
    text = text_of(client.get(f"/review/{two[0]}/"))
    assert f"assigned to {tenant.email} by {tenant.email}" in text
    assert text.count(": Asked them") == 1  # the history has the note once


def test_an_unchanged_owner_is_not_assigned_again_and_a_recovery_keeps_the_new_one(client, two):
    decide(client, two[:1], "assign", owner="Ada")
    typed = {"note": "Called", "owner": "Ada", "owner_seen": "Ada"}
    assert "1 of 1 noted." in text_of(decide(client, two[:1], "note", **typed))
    decide(client, two[:1], "confirm")
    typed = {"owner": "Bea", "owner_seen": "Ada", "note": "Came back"}
    text = text_of(decide(client, two[:1], "recover", "confirmed", **typed))
    assert "1 of 1 assigned and recovered." in text
    case = models.PaymentCase.objects.using("owner").get(pk=two[0])
    assert (case.state, case.owner, case.note) == ("recovered", "Bea", "Came back")


def test_the_page_says_that_an_owner_is_no_member_and_offers_the_members(client, tenant, two):
    text = text_of(decide(client, two[:1], "assign", owner="anna@nowhere.example"))
    assert "anna@nowhere.example is no member of these books" in text
    assert '<span class="note">no member of these books</span>' in text
    assert f'<option value="{tenant.email}">' in text
    text = text_of(decide(client, two[:1], "assign", owner=""))
    assert "no member" not in text


def test_a_payment_that_may_be_paid_twice_leads_to_its_case(client, tenant, books):
    case = a_case(tenant.id, books.annotated, books.plain)
    page = text_of(client.get(f"/payments/{books.annotated}/"))
    assert f'<a href="/review/{case.pk}/">Its case in the review</a>' in page


def test_the_overview_shows_what_is_confirmed_and_not_recovered(client, two):
    decide(client, two[1:], "confirm")
    overview = text_of(client.get("/"))
    line = '<a href="/review/?state=confirmed">GBP 50.00</a> confirmed, to recover, in 1 case<'
    assert line in overview
    assert "GBP 50.00 at risk" in text_of(client.get("/review/?state=confirmed"))
    decide(client, two[1:], "recover", "confirmed")
    assert "to recover" not in text_of(client.get("/"))


@pytest.mark.parametrize(("action", "field"), [("assign", "owner"), ("note", "note")])
def test_a_nul_in_a_form_is_left_out(client, two, action, field):
    assert decide(client, two[:1], action, **{field: "A\0da"}).status_code == 200
    assert "Ada" in text_of(client.get("/review/"))


def test_a_decision_that_waits_for_a_lock_ends_in_time(client, two, settings):
    settings.QUESTIONS = {**settings.QUESTIONS, "request_seconds": 0.3}
    with transaction.atomic(using="owner"):
        models.PaymentCase.objects.using("owner").select_for_update().get(pk=two[0])
        response = decide(client, two[:1], "confirm")
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert "Nothing was changed" in text_of(response)
    assert states(two) == ["open", "open"]


def test_the_second_of_two_reviewers_is_told_and_changes_nothing(client, tenant, two):
    decide(logged_in(tenant), two[1:], "dismiss")
    text = text_of(decide(client, two, "confirm"))
    assert "1 of 2 confirmed." in text
    words = "Somebody else was faster: the case of 50.00 GBP to Twice Ltd is already dismissed by"
    assert f"{words} {tenant.email}" in text
    assert states(two) == ["confirmed", "dismissed"]


def test_a_case_that_changed_since_it_was_shown_is_not_decided(client, two):
    asked = text_of(client.post("/review/decide/", {"every": "confirm", "seen": "open"}))
    shown = re.findall(r'name="case" value="([^"]+)"', asked)
    assert {case.partition(":")[0] for case in shown} == set(two)
    changed = models.PaymentCase.objects.using("owner").filter(pk=two[0])
    changed.update(amount_at_risk=999)
    text = text_of(decide(client, shown))
    assert "1 of 2 confirmed." in text
    assert "The case of 999.00 GBP to Acme 100% Wool has changed since you saw it" in text
    assert states(two) == ["open", "confirmed"]
    (single,) = set(re.findall(rf'value="({two[0]}:[^"]+)"', text_of(client.get("/review/"))))
    changed.update(row_keys=["test another row"])
    decide(client, single)
    assert states(two) == ["open", "confirmed"]


def test_a_decision_without_what_was_seen_is_taken_as_before(tenant, two):
    case_decisions.decide(tenant.id, two[0], "confirm", by="x")
    with pytest.raises(DecidedMeanwhile, match="already confirmed by x"):
        case_decisions.decide(tenant.id, two[0], "dismiss", by="y", seen="open")
    answer = case_decisions.decide(tenant.id, two[0], "recover", by="y", seen="confirmed")
    assert answer["amount_recovered"] == Decimal("120.5")


def test_another_tenant_has_no_such_case(other_tenant, two):
    stranger = logged_in(other_tenant)
    text = text_of(decide(stranger, two, "confirm"))
    assert "There is no such case." in text
    assert "Twice" not in text
    assert states(two) == ["open", "open"]


@pytest.mark.parametrize(
    "sent",
    [
        {"action": "forget", "seen": "open"},
        {"action": "confirm", "seen": "new"},
        {"action": "confirm", "seen": "open"},
        {"action": "confirm", "seen": "open", "case": "x"},
        {"action": "note", "seen": "open", "case": [str(uuid4()), str(uuid4())]},
        {},
    ],
)
def test_what_is_no_decision_is_refused(client, two, sent):
    assert client.post("/review/decide/", sent).status_code == 400


def test_a_decision_leads_back_to_the_queue_and_nowhere_else(client, two):
    form = {"action": "dismiss", "seen": "open", "case": two[0], "back": "https://evil.example/"}
    assert client.post("/review/decide/", form)["Location"] == "/review/"
    form = {**form, "case": two[1], "back": "/review/?party=twice#next"}
    assert client.post("/review/decide/", form)["Location"] == "/review/?party=twice#next"


def test_all_of_a_filter_are_decided_at_once_and_taken_back(client, tenant, books, monkeypatch):
    monkeypatch.setattr("finley.web.review.cases.A_PAGE", 1)
    for party in ("Twice Ltd", "Twice plc", "Other Ltd"):
        a_case(tenant.id, books.annotated, books.plain, party=party)
    page = text_of(client.get("/review/?party=twice"))
    assert "Dismiss all 2 of this filter" in page
    assert "of this filter" not in text_of(client.get("/review/"))
    sent = {"every": "dismiss", "seen": "open", "party": "twice", "min_amount": ""}
    asked = text_of(client.post("/review/decide/", sent))
    assert "Dismiss 2 cases?" in asked
    assert "GBP 241.00 at risk" in asked
    assert {case.state for case in models.PaymentCase.objects.using("owner").all()} == {"open"}
    shown = re.findall(r'name="case" value="([^"]+)"', asked)
    a_case(tenant.id, books.annotated, books.plain, party="Twice too")  # nobody has seen it
    text = text_of(decide(client, shown, "dismiss"))
    assert "2 of 2 dismissed" in text
    found = models.PaymentCase.objects.using("owner").filter(user_id=tenant.id)
    assert dict(found.values_list("party", "state")) == {
        "Twice Ltd": "dismissed",
        "Twice plc": "dismissed",
        "Other Ltd": "open",
        "Twice too": "open",
    }
    take_back(client, "/review/?party=twice")
    assert set(found.values_list("state", flat=True)) == {"open"}
