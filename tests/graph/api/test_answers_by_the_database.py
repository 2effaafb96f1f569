"""What the database writes as JSON is what the serializers make of the same rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import LiteralString

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from rest_framework.renderers import JSONRenderer
from rest_framework.serializers import DecimalField

from graph import models
from graph.api.shapes import graph_serializers as shapes
from graph.api.shapes import list_serializers, sum_serializers
from graph.api.shapes.common_serializers import Money
from graph.database.tenancy import Query, snapshot_rows, tenant_row, tenant_transaction
from graph.layers import BY_NAME, FURTHER
from graph.models.kept_queries import CASH_FLOW, KEPT
from graph.questions import cash_flow, entities, insights, relationships, search, whole_graph
from graph.reading import current_rows, cursors, json_rows
from graph.view import refresh, version
from tests.graph import rows
from tests.graph.api.shapes import V1

DAYS = [date(2024, 3, 1), date(2024, 4, 1), date(2025, 6, 1)]
ODD = 'Ünï "quoted" \\ back\tslash\n\u2028 😀 %s {0}'


@pytest.fixture
def odd(tenant, books):
    """A row with what is hard to write: fractions of a second, signs, marks, and nothing."""
    party = rows.entity(tenant.id, ODD)
    event = rows.event(
        tenant.id,
        party,
        amount="-1234567890.1200",
        document_ref=ODD,
        occurred_at=datetime(2024, 2, 29, 23, 59, 59, 120_000, tzinfo=UTC),
    )
    kept = rows.relationship(
        tenant.id, event, rows.event(tenant.id, None), confidence_score=1e-7, reason=ODD
    )
    rows.add(
        models.PredictedRelationship,
        user_id=tenant.id,
        relationship_id=kept.id,
        prediction_confidence=1,
        prediction_reason=ODD,
        expected_from="2024-03-28",
        expected_to="2024-03-30",
        stale_from="2025-01-01",
        currency="GBP",
        evidence={"b": 1.50, "a": [None, True, ODD], FURTHER: []},
    )
    refresh.refresh()
    return kept.id


def made(answer) -> dict:
    """The serializer's answer, as a client reads it."""
    return json.loads(JSONRenderer().render(answer.data))


def asked(api, question: str, **parameters) -> dict:
    response = api.get(V1 + question, parameters)
    assert response.status_code == 200, response.content
    body = response.json()
    del body["as_of_version"]
    return body


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("limit", [1, 2, 200])
def test_lists(api, tenant, books, limit):
    for filters in ({"edges": "all"}, {"party": str(books.sales)}, {"source": books.sales}):
        rows_read, following = relationships.relationships(tenant.id, filters, most=limit)
        answer = {"results": rows_read, "groups": None, "next": cursors.cursor(following)}
        expected = made(list_serializers.RelationshipsAnswer(answer))
        assert asked(api, "relationships/", limit=limit, **filters) == expected
        assert expected["results"]


@pytest.mark.parametrize("day", DAYS)
def test_one(api, tenant, books, odd, day):
    for one in (books.annotated, books.plain, odd):
        answer = whole_graph.relationship(tenant.id, one, today=day)
        expected = made(list_serializers.RelationshipDetailAnswer(answer))
        assert asked(api, f"relationships/{one}/", today=day) == expected


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("layer", list(BY_NAME))
def test_insights(api, tenant, layer):
    for day in DAYS:
        results, following = insights.insights(tenant.id, layer, today=day)
        answer = {"today": day, "books": [], "results": results, "next": following}
        body = asked(api, f"insights/{layer}/", today=day)
        assert {**body, "books": []} == made(shapes.InsightsAnswer(answer))
        assert results


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("layer", ["fraud", "temporal", "prediction"])
def test_insights_of_a_party(api, tenant, books, layer):
    other = rows.entity(tenant.id, "Acme Ltd")
    models.NormalizedEntity.objects.using("owner").filter(pk=other.pk).update(
        merged_into_id=books.acme
    )
    refresh.refresh()
    for party in (books.acme, other.pk, books.borough):
        parameters = {"today": DAYS[0], "party": str(party)}
        results, following = insights.insights(tenant.id, layer, **parameters)
        answer = {"today": DAYS[0], "books": [], "results": results, "next": following}
        body = asked(api, f"insights/{layer}/", **parameters)
        assert {**body, "books": []} == made(shapes.InsightsAnswer(answer))
        assert bool(results) == (party != books.borough)
        with version.seen_once():
            version.version(tenant.id)
            page = insights.as_json(tenant.id, layer, **parameters, most=50, after=None)
        assert page is not None
        assert page.size == len(results)


@pytest.mark.usefixtures("odd")
def test_some_fields_of_relationships(api, tenant):
    names = ["reason", "id", "amount", "confidence_score", "occurred_at", "source", "layers"]
    whole = asked(api, "relationships/", edges="all")["results"]
    some = asked(api, "relationships/", edges="all", fields=",".join(names))["results"]
    assert some == [{name: row[name] for name in names} for row in whole]
    assert [list(row) for row in some] == [names] * len(some)


@pytest.mark.usefixtures("odd")
def test_entities(api, tenant, books):
    other = rows.entity(tenant.id, "sales & Co")
    models.NormalizedEntity.objects.using("owner").filter(pk=other.pk).update(
        merged_into_id=books.sales, keys={"vat": "GB1"}
    )
    refresh.refresh()
    for filters in ({}, {"kind": "all"}, {"edges": "all", "limit": 1}):
        for one in (books.sales, other.pk, books.dora):
            answer = entities.party(tenant.id, one, **filters)
            assert asked(api, f"entities/{one}/", **filters) == made(
                list_serializers.PartyAnswer(answer)
            )
    assert api.get(f"{V1}entities/{tenant.id}/").status_code == 404


def test_entities_by_name_or_id(api, tenant, books):
    named = rows.entity(tenant.id, ODD)
    models.NormalizedEntity.objects.using("owner").filter(pk=named.pk).update(keys={"vat": "GB1"})
    for parameters, page in (
        ({"limit": 2}, search.entities(tenant.id, "", limit=2)),
        ({"search": "acme"}, search.entities(tenant.id, "acme")),
        ({"search": ODD[:9]}, search.entities(tenant.id, ODD[:9])),
        (
            {"ids": f"{named.pk},{books.acme}"},
            search.EntityPage(search.entities_of(tenant.id, [named.pk, books.acme]), {}, None),
        ),
    ):
        answer = {"results": page.entities, "kinds": page.kinds, "next": None}
        body = asked(api, "entities/", **parameters)
        assert {**body, "next": None} == made(list_serializers.EntitiesAnswer(answer))
        assert body["results"]


def test_pages_of_a_party_join(api, books, odd):
    whole = asked(api, "relationships/", edges="all")["results"]
    pages, cursor = [], {}
    while cursor is not None:
        body = asked(api, "relationships/", edges="all", limit=1, **cursor)
        pages += body["results"]
        cursor = body["next"] and {"cursor": body["next"]}
    assert pages == whole
    assert str(odd) in {row["id"] for row in pages}


def test_another_tenants_rows_are_not_written(api, their_books):
    assert api.get(f"{V1}relationships/{their_books.annotated}/").status_code == 404
    of_theirs = asked(api, "relationships/", party=their_books.sales)
    assert of_theirs == {"results": [], "groups": None, "next": None}


def test_the_functions_write_no_row_of_another_tenant(tenant, other_tenant, their_books):
    """They run with the rights of the transaction's tenant, whichever tenant they are told."""
    calls = {
        "relationships_json(%(user_id)s, ARRAY[%(row)s], NULL)": "[]",
        "insights_json(%(user_id)s, ARRAY[%(row)s], %(today)s, 'fraud')": "[]",
        "entity_json(%(user_id)s, %(party)s, 'all', NULL, 20)": None,
        "(SELECT months FROM cash_flow_parts(%(user_id)s, NULL, NULL, NULL, 'month', %(today)s))": (
            "[]"
        ),
        "(SELECT count(*) FROM open_items_of(%(user_id)s, %(today)s, NULL))": 0,
    }
    arguments = {
        "user_id": other_tenant.id,
        "row": their_books.annotated,
        "party": their_books.sales,
        "today": DAYS[0],
    }
    with tenant_transaction(tenant.id) as connection, connection.cursor() as cursor:
        for call, nothing in calls.items():
            cursor.execute(f"SELECT {call}", arguments)
            assert cursor.fetchone() == (nothing,), call
    with tenant_transaction(other_tenant.id) as connection, connection.cursor() as cursor:
        for call, nothing in list(calls.items())[:4]:
            cursor.execute(f"SELECT {call}", arguments)
            assert cursor.fetchone() != (nothing,), call


@pytest.mark.usefixtures("odd")
@pytest.mark.parametrize("query", KEPT, ids=lambda query: query.name)
def test_a_kept_query_answers_as_its_text(tenant, books, query):
    arguments = {
        "user_id": tenant.id,
        "today": DAYS[0],
        "since": None,
        "until": None,
        "by": "party",
    }
    with current_rows.snapshot(tenant.id) as reader:
        for parties in (None, [books.sales], [books.acme, books.borough]):
            given = {**arguments, "parties": parties}
            answers = reader.rows(query.call, given)
            assert answers == reader.rows(query.text, given)
            assert answers or query is not CASH_FLOW


def test_a_merged_partys_rows_are_those_of_the_one_that_it_was_merged_into(api, tenant, books):
    other = rows.entity(tenant.id, "Sales & Co")
    models.NormalizedEntity.objects.using("owner").filter(pk=other.pk).update(
        merged_into_id=books.sales
    )
    refresh.refresh()
    assert asked(api, "relationships/", party=other.pk) == asked(
        api, "relationships/", party=books.sales
    )


def test_what_changes_between_version_and_question_is_seen(tenant, books):
    """The state that a request has read is checked again in the question's own snapshot."""
    everything = {"edges": "all"}
    with version.seen_once():
        version.version(tenant.id)
        assert relationships.as_json(tenant.id, everything, most=50, after=None)
        assert json_rows.one(tenant.id, books.plain, today=DAYS[0])
        assert insights.as_json(tenant.id, "fraud", today=DAYS[0], most=50, after=None)
        assert entities.as_json(tenant.id, books.sales, limit=20, edges="flow", kind="payment")
        new = rows.payment(tenant.id)
        assert relationships.as_json(tenant.id, everything, most=50, after=None) is None
        with current_rows.snapshot(tenant.id) as reader:
            found = reader.relationships(models.TenantRelationship.objects.filter(id=new))
        assert [row.id for row in found] == [new]


ASSUMING = (
    "relationships/?party={sales}",
    "relationships/{annotated}/?today=2024-03-01",
    "relationships/{annotated}/explain/?today=2024-03-01",
    "entities/{acme}/",
    "insights/fraud/?today=2024-03-01",
    "cash-flow/?today=2024-03-01",
    "spend/?today=2024-03-01",
    "paths/?source={sales}&target={acme}",
)


@pytest.mark.parametrize("question", ASSUMING)
def test_a_remembered_state_is_checked_by_the_statement_that_reads_the_answer(api, books, question):
    """A request that relies on a state of the past is answered again from the current one."""
    url = V1 + question.format(**vars(books))
    assert api.get(url).content == api.get(url).content  # the second from the remembered state
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE raw_events SET amount = amount + 1 WHERE amount > 0")
        cursor.execute("UPDATE normalized_entities SET name = name || ' of old'")
    after = api.get(url)
    version.forget()
    assert after.content == api.get(url).content
    assert after.headers["ETag"] == api.get(url).headers["ETag"]


def test_a_list_of_a_remembered_state_takes_one_statement(api, books):
    url = f"{V1}relationships/?party={books.sales}"
    api.get(url)
    with CaptureQueriesContext(connections["default"]) as queries:
        assert api.get(url).status_code == 200
    assert len(queries) == 1


def test_queries_that_are_sent_at_once_see_one_snapshot_of_one_tenant(tenant, other_tenant):
    level: LiteralString = "SELECT current_setting('transaction_isolation') AS level"
    now: LiteralString = (
        "SELECT current_tenant() AS tenant, pg_current_snapshot()::text AS snapshot"
    )
    ((isolation,), (first,), (second,)) = snapshot_rows(
        tenant.id, Query(level), Query(now), Query(now)
    )
    assert isolation == {"level": "repeatable read"}
    assert first["tenant"] == tenant.id
    assert first == second
    assert tenant_row(other_tenant.id, Query(level)) == {"level": "read committed"}


def test_cash_flow_is_the_same_with_and_without_a_request(tenant, books):
    for parameters in ({}, {"by": "party"}, {"until": datetime(2024, 3, 1, tzinfo=UTC)}):
        alone = cash_flow.cash_flow(tenant.id, today=DAYS[0], **parameters)
        with version.seen_once():
            version.version(tenant.id)
            assert cash_flow.cash_flow(tenant.id, today=DAYS[0], **parameters) == alone
        assert alone["months"]


def test_cash_flow_is_what_the_serializer_makes_of_its_rows(api, tenant, books):
    body = asked(api, "cash-flow/", today=DAYS[0], by="party")
    answer = cash_flow.cash_flow(tenant.id, today=DAYS[0], by="party")
    assert body == made(sum_serializers.CashFlowAnswer(answer))
    assert body["months"]


def test_without_a_request_nothing_is_taken_as_read(tenant, books):
    version.version(tenant.id)
    assert version.seen(tenant.id) is None


@pytest.mark.parametrize("number", ["0.0000", "-12.3400", "1.2E+5", "7", "0.1", "1E-7", "-0.00005"])
def test_money_is_written_as_the_rest_framework_writes_it(number):
    usual = DecimalField(max_digits=20, decimal_places=4)
    value = Decimal(number)
    assert Money().to_representation(value) == usual.to_representation(value)


def test_a_checked_parameter_is_not_shared(api, books):
    """What one request does to its parameters does not reach the next that asks the same."""
    for _ in range(2):
        body = asked(api, "relationships/", fields="id,amount", limit=1, has="fraud")
        assert [set(row) for row in body["results"]] == [{"id", "amount"}]
        wrong = api.get(f"{V1}relationships/", {"limit": "0"})
        assert wrong.status_code == 400
