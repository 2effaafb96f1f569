"""What people call their sources: by files, by accounts that they named, by providers."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, strategies

from graph import models
from graph.questions import cases, source_names
from graph.view import refresh
from tests.finley.web.conftest import a_case
from tests.graph import rows

MAIL = "gmail.a511f1c1-c9c4-457d-9847-4a7e127c5273"


@given(strategies.from_regex(source_names.MADE))
def test_a_text_with_a_made_key_has_the_part_that_is_looked_for(text):
    assert source_names.PART.search(text)
    assert not source_names.PART.search("0.66666667")


def test_a_made_key_has_the_name_of_its_file_or_its_account(tenant):
    for source, file in (
        ("generic.b1c6f0aa", "bank-may.csv"),
        ("generic.c1c6f0aa", "bank-may.csv"),
        ("generic.b1c6f0aa.savings", "download.csv"),
        ("oxford.ledger", "spend.csv"),
    ):
        account = {"party_kind": "account", "party_name": "Savings"}
        rows.event(tenant.id, source=source, provenance=[{"file": file}], **account)
    rows.event(tenant.id, source=MAIL, platform="gmail", kind="message")
    names = source_names.names(tenant.id)
    assert names == {
        "generic.b1c6f0aa": "bank-may.csv",
        "generic.b1c6f0aa.savings": "Savings",
        "generic.c1c6f0aa": "bank-may.csv (2)",
        MAIL: "Gmail",
    }
    assert source_names.key(tenant.id, "Savings") == "generic.b1c6f0aa.savings"
    assert source_names.key(tenant.id, "oxford.ledger") == "oxford.ledger"
    text = f"row {'bf' * 16} of generic.b1c6f0aa and row L1 of oxford.ledger, seen in {MAIL}."
    assert source_names.readable(text, names) == (
        "a row of bank-may.csv and row L1 of oxford.ledger, seen in Gmail."
    )


def test_a_source_has_its_own_account_not_the_one_it_transfers_to(tenant):
    def row(source: str, *accounts: str) -> None:
        for name in accounts:
            account = {"party_kind": "account", "party_name": name}
            rows.event(tenant.id, source=source, provenance=[{"file": "bank.csv"}], **account)

    for _ in range(3):
        row("generic.b1c6f0aa.savings_account", "Current", "Savings Account")
        row("generic.bank.b1c6f0aa.old_name", "Current", "Savings")
        row("generic.bank.c1c6f0aa", "Current", "Savings")  # no account in the key
    row("generic.bank.b1c6f0aa.old_name", "Savings")
    assert source_names.names(tenant.id) == {
        "generic.b1c6f0aa.savings_account": "Savings Account",
        "generic.bank.b1c6f0aa.old_name": "Savings",
        "generic.bank.c1c6f0aa": "bank.csv",
    }


@pytest.mark.parametrize("numbered", ["generic.a0000000", "generic.c0000000"])
def test_names_are_unlike_though_one_looks_numbered(tenant, numbered):
    for source in ("generic.b0000000", "generic.b0000001"):
        rows.event(tenant.id, source=source, provenance=[{"file": "x"}])
    rows.event(tenant.id, source=numbered, provenance=[{"file": "x (2)"}])
    names = source_names.names(tenant.id)
    assert names == {"generic.b0000000": "x", "generic.b0000001": "x (3)", numbered: "x (2)"}


def test_names_are_read_once_inside(tenant):
    rows.event(tenant.id, source="generic.b0000000", provenance=[{"file": "x"}])
    with source_names.read_once(), CaptureQueriesContext(connection) as captured:
        for _ in range(3):
            assert source_names.among(tenant.id, ["generic.b0000000"]) == {"generic.b0000000": "x"}
    assert sum("RECURSIVE step" in query["sql"] for query in captured) == 1


def test_a_case_s_reasons_call_sources_by_their_names(tenant):
    rows.event(tenant.id, source="generic.b0000000", provenance=[{"file": "bank.csv"}])
    text = "row 2 of generic.b0000000 and row 3 of test state the same"
    reason = {"kind": "k", "why": text, "confidence": 0.7, "repeats": ["generic.b0000000 2"]}
    payments = [rows.payment(tenant.id) for _ in range(2)]
    case = a_case(tenant.id, *payments, reason=text, evidence={"for": [reason], "against": [text]})
    in_words = "row 2 of bank.csv and row 3 of test state the same"
    listed = cases.cases(tenant.id)["results"][0]
    for answer in (listed, cases.case(tenant.id, case.id)):
        assert answer["reason"] == in_words
        assert answer["evidence"] == {"for": [{**reason, "why": in_words}], "against": [in_words]}


def test_reasons_and_explanations_have_names_over_the_api(api, tenant):
    """Also where the database writes the answer, which it does once the graph's state is read."""
    file = {"source": "generic.b1c6f0aa", "provenance": [{"file": 'bank "May".csv'}]}
    payer, payee = rows.entity(tenant.id, "Office", "department"), rows.entity(tenant.id, "Shop")
    ends = [
        rows.event(tenant.id, who, amount=much, **file) for who, much in ((payer, -5), (payee, 5))
    ]
    reason = "both postings stand in one row of generic.b1c6f0aa"
    paid = rows.relationship(tenant.id, *ends, reason=reason)
    rows.add(
        models.RootCauseAnalysis, user_id=tenant.id, relationship_id=paid.id, confidence=0.9,
        root_cause_analysis="It is more.", evidence={},
    )  # fmt: skip
    refresh.refresh()
    graph = "/api/v1/graph/"
    named = 'both postings stand in one row of bank "May".csv'
    for path in ("relationships/?order=newest", "relationships/?order=amount",
                 f"relationships/?party={payee.id}", "insights/root_cause/"):  # fmt: skip
        for _ in range(2):
            (row,) = api.get(f"{graph}{path}").json()["results"]
            assert row["reason"] == named, path
    for path in (f"relationships/{paid.id}/", f"relationships/{paid.id}/explain/"):
        text = api.get(f"{graph}{path}").content.decode()
        assert "generic." not in text
        assert r"bank \"May\".csv" in text
