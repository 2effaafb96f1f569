"""The admin's searches: what is found by which key, and through which index."""

import uuid

import pytest
from django.contrib import admin
from django.db import transaction
from django.urls import reverse

from graph import models
from graph.admin import paginator
from graph.database.role import as_owner
from tests.graph import rows
from tests.graph.admin.test_table_admin import TENANT_TABLES, execute, found, many_entities

pytestmark = pytest.mark.usefixtures("committed")


# searching


def test_an_event_is_found_by_any_of_its_own_keys():
    users = [rows.tenant_id() for _ in range(3)]
    for user in users:
        for _ in range(3):
            rows.event(user)
    sought = rows.event(users[1], document_ref="INV 7  b")
    execute(
        "UPDATE raw_events SET source = source || posting, posting = 2 WHERE id = %s", sought.pk
    )
    event = models.RawEvent.objects.using("owner").get(pk=sought.pk)
    for text in (event.external_id, event.transaction_ref, "INV 7  b"):
        assert found(models.RawEvent, text) == {event.pk}
    assert found(models.RawEvent, f"{users[1]} {event.external_id}") == {event.pk}
    assert found(models.RawEvent, f"{users[0]} {event.external_id}") == set()
    assert found(models.RawEvent, event.external_id + "x") == set()


def test_one_key_is_found_in_every_tenants_books():
    events = [rows.event(rows.tenant_id(), document_ref="INV-1") for _ in range(5)]
    assert found(models.RawEvent, "INV-1") == {event.pk for event in events}


def test_a_key_that_looks_like_an_id_is_found_as_a_key():
    key = str(uuid.uuid4())
    event = rows.event(rows.tenant_id(), document_ref=key)
    assert found(models.RawEvent, key) == {event.pk}


def test_an_entity_is_found_by_part_of_its_name():
    user = rows.tenant_id()
    acme, percent, short = (rows.entity(user, n) for n in ("ACME Ltd", "100% Wool", "BT"))
    rows.entity(user, "Nobody")
    for text, entity in [("cme", acme), ("ACME LTD", acme), ("0% w", percent), ("bt", short)]:
        assert found(models.NormalizedEntity, text) == {entity.pk}
    assert found(models.NormalizedEntity, "me") == set()
    assert found(models.NormalizedEntity, "%") == set()
    assert found(models.NormalizedEntity, f"{user} acme") == {acme.pk}
    assert found(models.NormalizedEntity, f"acme {rows.tenant_id()}") == set()


def test_rows_are_found_by_the_ids_they_refer_to(one_of_each):
    relationship = one_of_each[models.RelationshipInstance]
    for model in TENANT_TABLES:
        if any(f.name == "relationship" for f in model._meta.fields):
            assert found(model, str(relationship.pk)) == {one_of_each[model].pk}
    for pointer in (relationship.temporal_pattern_id, relationship.source_event_id):
        assert found(models.RelationshipInstance, str(pointer)) == {relationship.pk}
    match = one_of_each[models.EntityMatch]
    assert found(models.EntityMatch, str(match.event_id)) == {match.pk}
    row = one_of_each[models.EnrichedRelationship]
    assert row.pk in found(models.EnrichedRelationship, str(row.source_entity_id))


def test_searches_use_their_indexes(staff):
    user = rows.tenant_id()
    many_entities(user, 3000)
    rows.entity(user, "Xylophone Makers")
    rows.event(user)
    execute("ANALYZE normalized_entities")
    with as_owner(), transaction.atomic(using="owner"):
        execute("SET LOCAL enable_seqscan = off")  # a small table is read whole otherwise
        entities = models.NormalizedEntity.objects.all()
        plan = paginator.containing(entities, "name", "xylophone").explain()
    assert "normalized_entities_name_trgm" in plan
    execute(
        "INSERT INTO raw_events (user_id, source, platform, external_id, transaction_ref,"
        " occurred_at, document_ref)"
        " SELECT %s, 'test', 'ledger', 'k' || n, 't' || n, now(), 'd' || n"
        " FROM generate_series(1, 50000) AS n",
        user,
    )
    execute("ANALYZE raw_events")
    with as_owner():
        events = admin.site.get_model_admin(models.RawEvent)
        plan = events.named(models.RawEvent.objects.all(), "k77").explain()
    assert "Seq Scan on raw_events" not in plan
    for index in ("raw_events_source_key", "raw_events_transaction", "raw_events_document"):
        assert f"using {index} on raw_events found" in plan, plan


def test_autocomplete_searches_too(staff):
    acme = rows.entity(rows.tenant_id(), "ACME Ltd")
    rows.entity(rows.tenant_id(), "Nobody")
    for term in ("acme", "ac\0me"):
        response = staff.get(
            reverse("admin:autocomplete"),
            {
                "app_label": "graph",
                "model_name": "entitymatch",
                "field_name": "entity",
                "term": term,
            },
        )
        assert [result["id"] for result in response.json()["results"]] == [str(acme.pk)]
