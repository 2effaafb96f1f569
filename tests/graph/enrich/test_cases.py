"""Pairs of duplicates as cases, and what people decide about them, through every recomputation."""

from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from graph import models
from graph.enrich import cases as enrich_cases
from graph.enrich.case_groups import Case, Pair, Row, group
from graph.enrich.run_enrichment import enrich
from graph.errors import NotFound, QuestionError
from graph.ingest.import_file import format_of, import_file
from graph.questions import cases
from graph.questions.decisions import case_decisions
from graph.view import refresh
from tests.graph.enrich.write.test_write_links import BANK, LEDGER

DAY = date(2024, 3, 1)


def row(name: str, amount: int = 100, kind: str = "obligation", day: int = 0) -> Row:
    return Row(name, name, kind, Decimal(amount), "GBP", DAY + timedelta(days=day), "Acme", name)


def pair(later: Row, original: Row, confidence: float = 0.9, **evidence: Any) -> Pair:
    return Pair(uuid4(), confidence, "open", {"kind": "paid_twice", **evidence}, later, original)


def amounts_and_rows(cases: Iterable[Case]) -> list[tuple[Decimal, set[str]]]:
    return [(case.amount, set(case.rows)) for case in cases]


def test_a_chain_of_three_is_one_case_of_two_extra_payments():
    a, b, c = (row(name, day=at) for at, name in enumerate("abc"))
    (case,) = group([pair(b, a), pair(c, a), pair(c, b)], {})
    assert (case.amount, len(case.extras)) == (200, 2)


def test_the_banks_echo_is_no_second_risk():
    a, b = row("a"), row("b")
    x, y = row("x", kind="payment", day=30), row("y", kind="payment", day=40)
    pairs = [pair(b, a), pair(y, x, 0.8)]
    assert amounts_and_rows(group(pairs, {"a": {"x"}, "b": {"y"}})) == [(100, set("abxy"))]
    assert amounts_and_rows(group(pairs, {})) == [(100, set("abxy"))]  # the amounts say it, too


def test_a_transfer_sent_twice_is_a_case_of_its_own():
    a, b = row("a"), row("b")
    x, y = row("x", 70, "payment", 30), row("y", 70, "payment", 31)
    groups = group([pair(b, a), pair(y, x, 0.8)], {"other": {"x", "y"}})
    assert amounts_and_rows(groups) == [(100, {"a", "b"}), (70, {"x", "y"})]


def test_a_batch_paid_again_is_one_case_of_its_rows():
    first, again = ([row(f"{name}{at}", 70 + at) for at in range(5)] for name in "ab")
    pairs = [pair(b, a, case="ledger b0") for a, b in zip(first, again, strict=True)]
    (case,) = group(pairs, {})
    assert (case.amount, len(case.extras)) == (360, 5)
    apart = [pair(pair_.later, pair_.original, case=pair_.later.key) for pair_ in pairs]
    assert len(group(apart, {})) == 5


def test_the_strongest_reason_is_first_and_what_speaks_against_is_amounts_and_rows():
    a, b, c = row("a"), row("b"), row("c")
    pairs = [pair(b, a, 0.6, against=["a rhythm"]), pair(c, a, 0.9, kind="split")]
    (case,) = group(pairs, {})
    values = case.values()
    assert (values["kind"], values["confidence"]) == ("split", 0.9)
    assert values["evidence"]["against"] == ["a rhythm"]


INVOICE = (
    "{key},2024-03-{day:02},Office,Acme Mills Ltd,vendor,V1,,GB1,INV-70123,2024-04-{day:02},PI,"
)
INVOICES = (
    LEDGER
    + INVOICE.format(key="L1", day=1) + "123.45,GBP,x\n"
    + INVOICE.format(key="L2", day=9) + "123.45,GBP,x\n"
)  # fmt: skip
PAID = (
    BANK
    + "B1,2024-04-02,2024-04-02,Current account,BACS,ACME MILLS,GB1,-123.45,GBP,INV-70123\n"
    + "B2,2024-04-11,2024-04-11,Current account,BACS,ACME MILLS,GB1,-123.45,GBP,INV-70123\n"
)


@pytest.fixture
def take(tenant, tmp_path):
    def import_and_enrich(**files: str) -> None:
        for name, text in files.items():
            path = tmp_path / f"{name}.csv"
            path.write_text(text)
            import_file(tenant.id, path, format_of(path), tmp_path)
        enrich(tenant.id)
        refresh.refresh()

    return import_and_enrich


def only(tenant) -> dict[str, Any]:
    (case,) = cases.cases(tenant.id)["results"]
    return cases.case(tenant.id, case["id"])


def test_one_case_with_all_its_rows_in_all_sources(tenant, take):
    take(ledger=INVOICES, bank=PAID)
    assert models.DuplicateTransaction.objects.using("owner").count() == 2
    case = only(tenant)
    assert (case["amount_at_risk"], case["currency"], case["extra_payments"]) == (
        Decimal("123.45"), "GBP", 1,
    )  # fmt: skip
    assert {(row_["key"], row_["role"]) for row_ in case["rows"]} == {
        ("L1", "original"), ("L2", "extra"), ("B1", "view"), ("B2", "view"),
    }  # fmt: skip
    assert case["party"] == "Acme Mills Ltd"
    (total,) = cases.totals(tenant.id)
    assert (total["cases"], total["amount_at_risk"]) == (1, Decimal("123.45"))


def test_a_decision_outlives_recomputation_and_reimport(tenant, take):
    take(ledger=INVOICES)
    first = only(tenant)
    case_decisions.decide(tenant.id, first["id"], "confirm", by="ann", owner="ben", note="ask them")
    take(ledger=INVOICES, bank=PAID)
    assert only(tenant)["state"] == "confirmed"
    models.RawEvent.objects.using("owner").filter(user_id=tenant.id).delete()
    enrich(tenant.id)
    before = only(tenant)
    assert (before["found"], before["rows"], before["state"]) == (False, [], "confirmed")
    take(ledger=INVOICES, bank=PAID)
    again = only(tenant)
    assert (again["id"], again["state"], again["owner"], again["note"]) == (
        first["id"], "confirmed", "ben", "ask them",
    )  # fmt: skip
    assert again["found"]
    case_decisions.decide(tenant.id, first["id"], "recover", by="ben", amount=Decimal(100))
    take()
    after = only(tenant)
    assert (after["state"], after["amount_recovered"]) == ("recovered", 100)
    assert [(entry["action"], entry["by"]) for entry in after["history"]] == [
        ("found", "enrichment"), ("confirm", "ann"), ("recover", "ben"),
    ]  # fmt: skip
    (total,) = cases.totals(tenant.id)
    assert (total["amount_at_risk"], total["amount_recovered"]) == (0, 100)


def test_a_dismissed_case_takes_its_pairs_along_and_opens_when_more_is_at_risk(tenant, take):
    take(ledger=INVOICES)
    case_decisions.decide(tenant.id, only(tenant)["id"], "dismiss", by="ann")
    take(bank=PAID)
    assert only(tenant)["state"] == "dismissed"
    pairs = models.DuplicateTransaction.objects.using("owner")
    assert set(pairs.values_list("status", flat=True)) == {"dismissed"}
    take(ledger=INVOICES + INVOICE.format(key="L3", day=12) + "123.45,GBP,x\n")
    case = only(tenant)
    assert (case["state"], case["amount_at_risk"]) == ("open", Decimal("246.90"))
    assert case["history"][-1]["action"] == "reopen"


def test_running_twice_changes_nothing(tenant, take):
    take(ledger=INVOICES, bank=PAID)
    before = only(tenant)
    counts = enrich_cases.enrich(tenant.id)
    assert (counts.added, counts.changed, counts.removed) == (0, 0, 0)
    assert only(tenant) == before


def test_what_is_no_decision_is_refused(tenant, other_tenant, take):
    take(ledger=INVOICES)
    case = only(tenant)["id"]
    for action, values, field in (
        ("burn", {}, "action"),
        ("assign", {}, "owner"),
        ("note", {}, "note"),
        ("confirm", {"amount": Decimal(1)}, "amount"),
        ("recover", {"amount": Decimal(124)}, "amount"),
        ("recover", {"amount": Decimal(0)}, "amount"),
    ):
        with pytest.raises(QuestionError) as refused:
            case_decisions.decide(tenant.id, case, action, by="ann", **values)
        assert refused.value.field == field
    for user, case_id in ((other_tenant.id, case), (tenant.id, uuid4()), (tenant.id, "x")):
        with pytest.raises(NotFound):
            case_decisions.decide(user, case_id, "confirm", by="ann")
    assert cases.cases(other_tenant.id)["results"] == []
    assert [entry["action"] for entry in only(tenant)["history"]] == ["found"]


def test_over_http(tenant, api, take):
    take(ledger=INVOICES, bank=PAID)
    listed = api.get("/api/v1/graph/cases/", {"state": "open", "party": "acme"}).json()
    (case,) = listed["results"]
    assert (listed["count"], case["amount_at_risk"]) == (1, "123.4500")
    assert api.get("/api/v1/graph/cases/", {"state": "dismissed"}).json()["count"] == 0
    url = f"/api/v1/graph/cases/{case['id']}/"
    assert len(api.get(url).json()["rows"]) == 4
    body = {"action": "recover", "amount": "100.00", "note": "credited"}
    key = {"HTTP_IDEMPOTENCY_KEY": "one"}
    for _ in range(2):  # sent again, it is answered as before
        response = api.post(f"{url}decide/", body, format="json", **key)
        assert (response.status_code, response.json()["state"]) == (200, "recovered")
    assert [entry["action"] for entry in api.get(url).json()["history"]] == ["found", "recover"]
    wrong = api.post(f"{url}decide/", {"action": "burn", "who": 1}, format="json")
    assert wrong.status_code == 400
    assert {error["pointer"] for error in wrong.json()["errors"]} == {"#/action", "#/who"}
