"""Relationships by filter, one party, explanations, the cash flow, sparse rows and pages."""

from decimal import Decimal

import pytest
from django.db import connections

from graph import models
from graph.enrich import canonical
from graph.layers import LAYERS
from graph.reading import newest_pages
from graph.view import refresh
from tests.graph import rows
from tests.graph.api.shapes import V1, validator
from tests.problems import wrong


def ask(api, question: str, path: str = "", **parameters):
    """The answer, if its shape is the schema's of `path` (by default the question's own)."""
    answer = api.get(V1 + question, parameters)
    assert answer.status_code == 200, answer.content
    validator(V1 + (path or question), 200).validate(answer.json())
    return answer.json()


def ids(answer) -> set[str]:
    return {row["id"] for row in answer["results"]}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["annotated", "plain", "to_borough", "unresolved"]),
        ({"edges": "all"}, ["annotated", "plain", "to_borough", "unresolved", "link"]),
        ({"type": "follows", "edges": "all"}, ["link"]),
        ({"type": "Follows"}, []),
        ({"party": "borough"}, ["to_borough"]),
        ({"party": "acme"}, ["annotated", "plain"]),
        ({"min_amount": "5"}, ["annotated", "to_borough"]),
        ({"max_amount": "3.0000"}, ["plain", "unresolved"]),
        ({"min_amount": "3", "max_amount": "5"}, ["plain", "to_borough"]),
        ({"since": "2024-02-01"}, ["annotated"]),
        ({"until": "2024-01-31"}, ["plain", "to_borough", "unresolved"]),
        ({"document_ref": "INV-7"}, ["annotated"]),
        ({"text": "inv7"}, ["annotated"]),
        ({"text": "INV-7", "text_as": "amount"}, []),
        ({"text": "120,50", "has": "fraud"}, ["annotated"]),
        ({"text": "Feb 2024"}, ["annotated"]),
        ({"currency": "EUR"}, []),
        ({"min_confidence": "0.5"}, ["annotated", "to_borough", "unresolved"]),
        ({"has": "temporal,fraud"}, ["annotated"]),
        ({"lacks": "fraud"}, ["plain", "to_borough", "unresolved"]),
        ({"has": "fraud", "lacks": "causal"}, []),
        ({"min_recurrence_score": "0.9"}, ["annotated"]),
        ({"min_recurrence_score": "0.91"}, []),
        ({"min_duplicate_confidence": "0.7"}, ["annotated"]),
    ],
)
def test_relationships_are_filtered(api, books, asked, found):
    assert ids(ask(api, "relationships/", **asked)) == {str(getattr(books, n)) for n in found}


def test_relationships_by_their_ends(api, books):
    assert ids(ask(api, "relationships/", target=books.borough)) == {str(books.to_borough)}
    assert len(ids(ask(api, "relationships/", source=books.sales))) == 4
    assert len(ids(ask(api, "relationships/", party=books.acme))) == 2


def test_pages_of_relationships_are_the_list(api, books):
    whole = [row["id"] for row in ask(api, "relationships/", edges="all")["results"]]
    listed, cursor = [], None
    for _ in range(5):
        more = {"cursor": cursor} if cursor else {}
        page = ask(api, "relationships/", edges="all", limit=1, **more)
        listed += [row["id"] for row in page["results"]]
        cursor = page["next"]
    assert (listed, cursor) == (whole, None)


@pytest.mark.parametrize("order", ["oldest", "amount"])
def test_pages_in_another_order_are_the_list(api, tenant, books, order):
    for amount in (5, 7):
        rows.payment(tenant.id, amount=amount)
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE raw_events SET amount = NULL WHERE amount IN (-7, 7)")
    whole = ask(api, "relationships/", order=order)["results"]
    found, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = ask(api, "relationships/", order=order, limit=2, **more)
        found += page["results"]
        if not (cursor := page["next"]):
            break
    assert found == whole
    assert len({row["id"] for row in whole}) == 6
    if order == "oldest":
        assert [row["occurred_at"] for row in whole] == sorted(row["occurred_at"] for row in whole)
    else:
        amounts = [float(row["amount"]) for row in whole if row["amount"]]
        assert amounts == sorted(amounts, reverse=True)
        assert whole[-1]["amount"] is None
    first = ask(api, "relationships/", order=order, limit=1)["next"]
    other = "oldest" if order == "amount" else "amount"
    for wrong_order in ({"order": other}, {}):
        answer = api.get(V1 + "relationships/", {"cursor": first, **wrong_order})
        assert (answer.status_code, list(wrong(answer))) == (400, ["cursor"])


def test_relationships_are_summed_by_party_pair_month_and_category(api, tenant, books):
    def sums(group, **asked):
        answer = ask(api, "relationships/", group=group, **asked)
        assert answer["results"] == []
        return answer["groups"]

    pairs = [(row["source"]["name"], row["target"]["name"], row["amount"], row["count"])
             for row in sums("pair") if row["target"]]  # fmt: skip
    assert pairs == [
        ("Sales", "Acme 100% Wool", "123.5000", 2),
        ("Sales", "Borough", "5.0000", 1),
    ]
    parties = {(row["party"]["name"], row["direction"]): row["amount"]
               for row in sums("party") if row["party"]}  # fmt: skip
    assert parties["Acme 100% Wool", "in"] == "123.5000"
    assert float(parties["Sales", "out"]) >= 128.5
    assert [row["month"] for row in sums("month")] == ["2024-02", "2024-01"]
    (february,) = sums("month", since="2024-02-01")
    assert (february["amount"], february["kind"]) == ("120.5000", "payment")
    assert {row["category"] for row in sums("category", document_ref="INV-7")} == {None}
    assert len(sums("pair", limit=1)) == 1
    assert sums("party", party="nobody of that name") == []
    rows.payment(tenant.id)  # from here on the view is corrected
    for asked in ({"group": "pair"}, {}, {"order": "oldest"}):
        answer = ask(api, "relationships/", party="nobody of that name", **asked)
        assert not answer["groups"]
        assert answer["results"] == []


def test_a_sum_counts_a_payment_of_several_sources_once(api, tenant, books):
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE relationship_instances SET canonical_id = %s WHERE id = %s",
            [books.annotated, books.plain],
        )
    (acme,) = ask(api, "relationships/", group="pair", party=books.acme)["groups"]
    assert (acme["amount"], acme["count"]) == ("120.5000", 1)


def test_entities_by_their_ids(api, tenant, books, their_books):
    wanted = [books.dora, books.acme, their_books.cab, books.dora]
    answer = ask(api, "entities/", ids=",".join(map(str, wanted)))
    assert [row["id"] for row in answer["results"]] == [str(books.dora), str(books.acme)]
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE normalized_entities SET merged_into_id = %s WHERE id = %s",
            [books.cab, books.acme],
        )
    answer = ask(api, "entities/", ids=f"{books.acme},{books.cab}")
    assert [row["name"] for row in answer["results"]] == ["Cab"]
    for ids_ in ("", "x", f"{books.acme},", ",".join([str(books.acme)] * 101)):
        assert list(wrong(api.get(V1 + "entities/", {"ids": ids_}))) == ["ids"]


def test_pages_of_entities_are_the_list(api, tenant, books):
    for name in ("Acme", "Acmé", "acme 1", "ACME 2"):
        rows.entity(tenant.id, name)
    for parameters in ({}, {"search": "acme"}, {"search": "acme", "kind": "vendor"}):
        whole = ask(api, "entities/", **parameters)
        listed, cursor = [], None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = ask(api, "entities/", limit=2, **parameters, **more)
            assert page["kinds"] == whole["kinds"]
            listed += page["results"]
            if not (cursor := page["next"]):
                break
        assert listed == whole["results"]


def test_a_row_has_the_fields_that_were_asked_for(api, books):
    for row in ask(api, "relationships/", fields="id,amount")["results"]:
        assert list(row) == ["id", "amount"]
    assert ask(api, "entities/", fields="name", limit=1)["results"] == [{"name": "Acme 100% Wool"}]


@pytest.mark.parametrize(
    ("question", "asked", "named"),
    [
        ("relationships/", {"has": "luck"}, "has"),
        ("relationships/", {"lacks": "fraud,"}, "lacks"),
        ("relationships/", {"fields": "user_id"}, "fields"),
        ("relationships/", {"source": "x"}, "source"),
        ("relationships/", {"currency": "gbp"}, "currency"),
        ("relationships/", {"text": "x" * 201}, "text"),
        ("relationships/", {"text_as": "day"}, "text_as"),
        ("relationships/", {"min_amount": "2", "max_amount": "1"}, "min_amount"),
        ("relationships/", {"min_amount": "NaN"}, "min_amount"),
        ("relationships/", {"min_recurrence_score": "2"}, "min_recurrence_score"),
        ("relationships/", {"cursor": "x"}, "cursor"),
        ("relationships/", {"party": "a\0b"}, "party"),
        ("entities/", {"cursor": "x"}, "cursor"),
        ("entities/", {"cursor": "WzEsMiwzXQ"}, "cursor"),
        ("entities/", {"fields": "secret"}, "fields"),
        ("cash-flow/", {"since": "2024-02-01", "until": "2024-01-01"}, "since"),
        ("cash-flow/", {"user": "x"}, "user"),
    ],
)
def test_what_is_wrong_is_named(api, question, asked, named):
    answer = api.get(V1 + question, asked)
    assert answer.status_code == 400
    assert list(wrong(answer)) == [named]


def test_one_party_and_whom_it_deals_with(api, books):
    party = ask(api, f"entities/{books.sales}/", "entities/{entity_id}/")
    assert (party["name"], party["spellings"]) == ("Sales", ["Sales"])
    dealt = {neighbour["name"]: neighbour for neighbour in party["neighbours"]}
    assert set(dealt) == {"Acme 100% Wool", "Borough"}
    acme = dealt["Acme 100% Wool"]
    assert (acme["direction"], acme["relationships"], acme["amount"]) == ("out", 2, "123.5000")
    everything = ask(api, f"entities/{books.borough}/", "entities/{entity_id}/", edges="all")
    assert {(n["name"], n["direction"]) for n in everything["neighbours"]} == {
        ("Sales", "in"),
        ("Cab", "out"),
    }


def test_a_merged_spelling_is_answered_as_the_party_that_stands_for_it(api, tenant, books):
    twin = rows.entity(tenant.id, "ACME WOOL")
    models.NormalizedEntity.objects.using("owner").filter(pk=twin.pk).update(
        merged_into_id=books.acme
    )
    party = ask(api, f"entities/{twin.pk}/", "entities/{entity_id}/")
    assert party["id"] == str(books.acme)
    assert party["spellings"] == ["ACME WOOL", "Acme 100% Wool"]


def test_who_is_like_whom(api, tenant, books):
    other = rows.entity(tenant.id, "Lab", kind="department")
    rows.payment(tenant.id, other, models.NormalizedEntity(id=books.acme))
    refresh.refresh()
    alike = ask(api, f"entities/{books.acme}/similar/", "entities/{entity_id}/similar/")
    assert [(e["name"], e["shared"], e["similarity"]) for e in alike["results"]] == [
        ("Borough", 1, 0.5)
    ]
    alike = ask(api, f"entities/{other.pk}/similar/", "entities/{entity_id}/similar/")
    assert [(e["name"], e["similarity"]) for e in alike["results"]] == [("Sales", 0.5)]


def test_an_explanation_has_every_layer_its_evidence_and_words(api, books):
    path = "relationships/{relationship_id}/explain/"
    explanation = ask(api, f"relationships/{books.annotated}/explain/", path, today="2024-03-27")
    assert set(explanation["layers"]) == {layer.name for layer in LAYERS}
    assert all(explanation["layers"].values())
    assert explanation["layers"]["fraud"]["insight"]["original_relationship_id"] == str(books.plain)
    for words in (
        "Payment of 120.50 GBP from Sales to Acme 100% Wool on 2024-02-29, document INV-7",
        "It recurs monthly, next about 2024-03-29.",
        "The lease rose.",
        "Seen by card, ledger.",
        f"It probably repeats {books.plain} (70% sure).",
        "The next is pending between 2024-03-28 and 2024-03-30: monthly.",
    ):
        assert words in explanation["in_words"]
    plain = ask(api, f"relationships/{books.plain}/explain/", path)
    assert not any(plain["layers"].values())
    ended = ask(api, f"relationships/{books.unresolved}/explain/", path)
    assert "to a party not known" in ended["in_words"]


@pytest.mark.parametrize(
    "question", ["entities/{}/", "entities/{}/similar/", "relationships/{}/explain/"]
)
@pytest.mark.parametrize("what", ["7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f", "7", "x" * 300])
def test_what_is_not_there_is_not_found(api, books, question, what):
    answer = api.get(V1 + question.format(what))
    assert answer.status_code == 404
    assert list(wrong(answer)) == ["id"]


def test_the_cash_flow_by_month_with_what_is_expected(api, books):
    found = ask(api, "cash-flow/", today="2024-03-01")
    nothing = {
        "party_id": None, "party": None, "money_in": "0.0000", "payments_in": 0,
        "transferred": "0.0000", "off_statement_in": "0.0000", "off_statement_out": "0.0000",
        "off_statement_payments": 0,
    }  # fmt: skip
    assert found["months"] == [
        {
            "month": "2024-01",
            "currency": "GBP",
            "money_out": "9.0000",
            "payments_out": 3,
            **nothing,
        },
        {
            "month": "2024-02",
            "currency": "GBP",
            "money_out": "120.5000",
            "payments_out": 1,
            **nothing,
        },
    ]
    assert (found["today"], found["obligations"]) == ("2024-03-01", [])
    assert found["books"] == [{"source": "test", "name": "test", "until": "2024-02-29"}]
    (ahead,) = found["expected"]
    assert (ahead["month"], ahead["out_low"], ahead["out_high"]) == (
        "2024-03",
        "120.5000",
        "121.0000",
    )
    assert ask(api, "cash-flow/", today="2024-04-01")["expected"] == []  # it is overdue by then
    acme = ask(api, "cash-flow/", party="acme")
    assert [(m["month"], m["money_in"]) for m in acme["months"]] == [
        ("2024-01", "3.0000"),
        ("2024-02", "120.5000"),
    ]
    assert ask(api, "cash-flow/", since="2024-02-01")["months"] == found["months"][1:]
    answer = api.get(V1 + "cash-flow/", {"party": "nobody at all"})
    assert (answer.status_code, list(wrong(answer))) == (404, ["party"])


def test_a_payment_that_two_sources_tell_counts_once(api, tenant, books):
    sales = models.NormalizedEntity(id=books.sales)
    payee = rows.entity(tenant.id, "Twice")
    events = []
    for platform in ("ledger", "card"):
        source = rows.event(tenant.id, sales, amount=-7)
        target = rows.event(tenant.id, payee, amount=7)
        models.RawEvent.objects.using("owner").filter(pk=target.pk).update(platform=platform)
        rows.relationship(tenant.id, source, target)
        events.append(target)
    rows.relationship(tenant.id, *events, edge_class="link", relationship_type="same_transaction")
    canonical.enrich(tenant.id)
    refresh.refresh()
    (sale,) = ask(api, "relationships/", party=payee.pk, once=True)["results"]
    both = ask(api, "relationships/", payment_group=sale["payment_group_id"])["results"]
    assert {row["payment_group_id"] for row in both} == {sale["id"]}
    assert len(both) == 2
    (neighbour,) = api.get(f"{V1}entities/{payee.pk}/").json()["neighbours"]
    assert (Decimal(neighbour["amount"]), neighbour["relationships"]) == (7, 1)
    (month,) = ask(api, "cash-flow/", party=payee.pk)["months"]
    assert (Decimal(month["money_in"]), month["payments_in"]) == (7, 1)


def test_what_moves_between_own_accounts_is_neither_in_nor_out(api, tenant, books):
    accounts = [rows.entity(tenant.id, name, kind="account") for name in ("Till", "Bank")]
    rows.payment(tenant.id, *accounts, amount=99)
    refresh.refresh()
    before = ask(api, "cash-flow/")["months"]
    assert [m["payments_out"] for m in before] == [3, 1]
    assert before[0]["transferred"] == "99.0000"
    (month,) = ask(api, "cash-flow/", party=accounts[1].pk)["months"]
    assert month["money_in"] == "99.0000"


def test_an_invoice_and_the_payment_that_settles_it_are_one_sum(api, tenant, books):
    account = rows.entity(tenant.id, "Bank", kind="account")
    sales, payee = models.NormalizedEntity(id=books.sales), rows.entity(tenant.id, "Mill")
    owed = {"due_on": "2024-03-31", "records": "obligation"}
    ends = [
        rows.event(tenant.id, party, amount=a, **owed) for party, a in ((sales, -8), (payee, 8))
    ]
    rows.relationship(tenant.id, *ends)
    rows.payment(tenant.id, account, payee, amount=8)
    refresh.refresh()
    parameters = {"party": payee.pk, "today": "2024-04-05"}
    (month,) = ask(api, "cash-flow/", **parameters)["months"]
    assert (Decimal(month["money_in"]), month["payments_in"]) == (8, 1)
    whole = ask(api, "cash-flow/", today="2024-04-05")["months"][0]
    assert (Decimal(whole["money_out"]), Decimal(whole["off_statement_out"])) == (8, 9)
    kinds = {row["kind"] for row in ask(api, "relationships/", party=payee.pk)["results"]}
    assert kinds == {"payment", "obligation"}
    obligations = ask(api, "relationships/", party=payee.pk, kind="obligation")["results"]
    assert [row["kind"] for row in obligations] == ["obligation"]


def test_a_rare_row_is_found_however_far_back(api, tenant, books, monkeypatch):
    monkeypatch.setattr(newest_pages, "FIRST", 1)
    monkeypatch.setattr(newest_pages, "FIRST_OF_FEW", 1)
    monkeypatch.setattr(newest_pages, "WIDER", 2)
    for parameters, name in (({"has": "fraud"}, "annotated"), ({"party": "borough"}, "to_borough")):
        assert ids(ask(api, "relationships/", **parameters)) == {str(getattr(books, name))}
    whole = [row["id"] for row in ask(api, "relationships/", edges="all")["results"]]
    assert len(whole) == 5
    first = ask(api, "relationships/", edges="all", limit=2)
    rest = ask(api, "relationships/", edges="all", limit=3, cursor=first["next"])
    assert [row["id"] for row in (*first["results"], *rest["results"])] == whole
    assert rest["next"] is None
