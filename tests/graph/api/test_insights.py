"""What each layer says, over HTTP."""

import pytest

from graph import models
from graph.enrich import canonical
from graph.layers import BY_NAME, LAYERS
from graph.view import refresh
from tests.conftest import client_of
from tests.graph import rows
from tests.graph.api.shapes import V1, validator
from tests.problems import wrong

PATH = V1 + "insights/{layer}/"


def ask(api, layer: str, **query):
    return api.get(f"{V1}insights/{layer}/", query)


def results(api, layer: str, **query) -> list:
    answer = ask(api, layer, **query)
    assert answer.status_code == 200, answer.json()
    validator(PATH, 200).validate(answer.json())
    return answer.json()["results"]


def ids(api, layer: str, **query) -> list[str]:
    return [row["id"] for row in results(api, layer, **query)]


@pytest.mark.parametrize("layer", list(BY_NAME))
def test_every_layer_shows_what_it_annotates(api, books, layer):
    (row,) = results(api, layer)
    assert row["id"] == str(books.annotated)
    assert row["source"]["name"] == "Sales"
    assert row["target"] == {"id": str(books.acme), "kind": "vendor", "name": "Acme 100% Wool"}
    assert row["amount"] == "120.5000"
    names = {column.name for column in BY_NAME[layer].columns}
    assert set(row["insight"]) == {"id", *names}
    assert any(value is not None for value in row["insight"].values())


def test_evidence_goes_along(api, books):
    row = models.CausalRelationship.objects.using("owner").get(relationship_id=books.annotated)
    row.evidence = {"lag_days": 12, "why": ["rent"]}
    row.save(using="owner")
    (insight,) = results(api, "causal")
    assert insight["evidence"] == row.evidence
    (changed,) = results(api, "change")
    assert changed["evidence"].keys() == {"changed_fields", "old_values", "new_values"}


@pytest.mark.parametrize(
    ("layer", "score"),
    [("causal", 0.6), ("temporal", 0.9), ("seasonal", 0.25), ("pattern", 0.75), ("fraud", 0.7)],
)
def test_a_least_score(api, books, layer, score):
    assert ids(api, layer, min_score=score) == [str(books.annotated)]
    assert ids(api, layer, min_score=score + 0.01) == []


@pytest.mark.parametrize("layer", ["cross_platform", "root_cause", "change"])
def test_a_layer_without_a_score_says_so(api, books, layer):
    answer = ask(api, layer, min_score=0.5)
    assert answer.status_code == 400
    assert "min_score" in wrong(answer)


def test_by_party(api, books):
    expected = [str(books.annotated)]
    assert ids(api, "causal", party=str(books.acme)) == expected
    assert ids(api, "causal", party=str(books.sales)) == expected
    assert ids(api, "causal", party="100% w") == expected
    assert ids(api, "causal", party=str(books.borough)) == []
    assert ids(api, "causal", party="%") == expected
    assert ids(api, "causal", party="nobody") == []


def test_a_merged_name_is_its_party(api, tenant, books):
    merged = rows.entity(tenant.id, "Wooly Acme")
    merged.merged_into_id = books.acme
    merged.save(using="owner")
    assert ids(api, "causal", party="wooly") == [str(books.annotated)]


def test_by_days(api, books):
    expected = [str(books.annotated)]
    assert ids(api, "causal", since="2024-02-29", until="2024-02-29") == expected
    assert ids(api, "causal", since="2024-03-01") == []
    assert ids(api, "causal", until="2024-02-28") == []
    assert ask(api, "causal", since="2024-03-01", until="2024-02-01").status_code == 400
    assert ids(api, "causal", since="0001-01-01", until="9999-12-31") == expected


def test_by_status(api, books):
    expected = [str(books.annotated)]
    for day, status in (("2024-03-30", "pending"), ("2024-03-31", "overdue")):
        for status_ in ("pending", "overdue", "stale"):
            listed = ids(api, "prediction", status=status_, today=day)
            assert listed == (expected if status_ == status else [])
    predictions = models.PredictedRelationship.objects.using("owner")
    predictions.update(books_until="2024-02-29", stale_from="2024-05-01")
    refresh.refresh()
    assert ids(api, "prediction", status="overdue", today="2024-04-30") == expected
    assert ids(api, "prediction", status="stale", today="2024-05-01") == expected
    assert ids(api, "prediction", status="overdue") == []  # on the calendar's today
    assert ids(api, "fraud", status="open") == expected
    assert ids(api, "fraud", status="confirmed") == []
    for layer, status in (("prediction", "cancelled"), ("fraud", "pending"), ("causal", "open")):
        answer = ask(api, layer, status=status)
        assert answer.status_code == 400
        assert "status" in wrong(answer)


def test_a_payment_that_two_sources_saw_is_told_once(api, tenant, books):
    payment = models.RelationshipInstance.objects.using("owner").get(pk=books.annotated)
    payer, payee = (
        models.EntityMatch.objects.using("owner").get(event_id=event).entity
        for event in (payment.source_event_id, payment.target_event_id)
    )
    ends = [
        rows.event(tenant.id, party, amount=amount, platform="bank")
        for party, amount in ((payer, -120.5), (payee, 120.5))
    ]
    bank = rows.relationship(tenant.id, *ends)
    bank.temporal_pattern_id = payment.temporal_pattern_id
    bank.save(using="owner")
    rows.relationship(
        tenant.id,
        ends[1],
        payment.target_event,
        relationship_type="same_transaction",
        edge_class="link",
    )
    canonical.enrich(tenant.id)
    refresh.refresh()
    assert set(ids(api, "temporal")) == {str(payment.pk), str(bank.pk)}
    assert ids(api, "temporal", once=True) == [str(bank.pk)]  # the statement's row counts
    # of the fraud layer, which says nothing of the row that counts, the one of which it does
    assert ids(api, "fraud", once=True) == ids(api, "fraud") == [str(payment.pk)]


def test_pages(api, tenant, books):
    """Each relationship once, the newest first, whatever comes in between."""
    for score in range(7):
        rows.add(
            models.CausalRelationship,
            user_id=tenant.id,
            relationship_id=rows.payment(tenant.id),
            causal_score=score / 10,
            causal_direction="forward",
        )
    refresh.refresh()
    listed, cursor = [], None
    while True:
        parameters = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = ask(api, "causal", **parameters).json()
        listed += [row["id"] for row in answer["results"]]
        cursor = answer["next"]
        if cursor is None:
            break
        assert len(answer["results"]) == 3
    assert len(listed) == len(set(listed)) == 8
    assert listed == ids(api, "causal")
    assert listed[0] == str(books.annotated)


@pytest.mark.parametrize("layer", ["fashion", "CAUSAL", "causal_relationships"])
def test_an_unknown_layer_is_not_found(api, books, layer):
    assert ask(api, layer).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"colour": "red"},
        {"min_score": "2"},
        {"min_score": "nan"},
        {"limit": "0"},
        {"cursor": "x"},
        {"since": "soon"},
        {"party": ""},
        {"limit": ["1", "2"]},
    ],
)
def test_a_wrong_parameter_is_named(api, books, query):
    answer = ask(api, "causal", **query)
    assert answer.status_code == 400
    assert set(wrong(answer)) == set(query)


def test_nothing_of_another_tenant(other_tenant, books, their_books):
    theirs = client_of(other_tenant)
    for layer in LAYERS:
        assert ids(theirs, layer.name) == [str(their_books.annotated)]
    assert ids(theirs, "causal", party=str(books.acme)) == []
