"""The admin's pages of one row: evidence, forms, and deletion."""

import uuid
from datetime import UTC, datetime

import pytest
from django.contrib.messages import get_messages
from django.db import connections
from django.test.utils import CaptureQueriesContext

from graph import models
from tests.graph import rows
from tests.graph.admin.test_table_admin import (
    NO_EVIDENCE,
    TENANT_TABLES,
    WRITTEN,
    execute,
    many_entities,
    name_of,
    search,
    url,
)

pytestmark = pytest.mark.usefixtures("committed")


def test_an_unfilled_view_is_an_empty_list_that_says_what_to_do(staff):
    execute("REFRESH MATERIALIZED VIEW view_enriched_relationships WITH NO DATA")
    response = search(staff, models.EnrichedRelationship, str(uuid.uuid4()))
    assert response.status_code == 200
    assert "refresh_enriched_view" in response.content.decode()


def test_a_view_row_leads_to_its_evidence(staff, one_of_each):
    row = one_of_each[models.EnrichedRelationship]
    text = staff.get(url(models.EnrichedRelationship, "change", row.pk)).content.decode()
    for model in TENANT_TABLES:
        if model not in NO_EVIDENCE:
            assert url(model, "change", one_of_each[model].pk) in text


# writing


def test_an_event_can_be_added_and_changed_but_not_moved_to_another_tenant(staff):
    user = rows.tenant_id()
    posted = {
        "user_id": str(user),
        "kind": "posting",
        "source": "manual",
        "platform": "ledger",
        "external_id": "1",
        "posting": "1",
        "transaction_ref": "1",
        "occurred_at_0": "2024-01-31",
        "occurred_at_1": "00:00:00",
        "precision": "day",
        "amount": "",
        "currency": "",
        "document_ref": "",
    }
    assert staff.post(url(models.RawEvent, "add"), posted).status_code == 302
    event = models.RawEvent.objects.using("owner").get()
    assert (event.currency, event.document_ref, event.party_keys) == (None, None, {})
    changed = {**posted, "party_name": "ACME", "user_id": str(rows.tenant_id())}
    assert staff.post(url(models.RawEvent, "change", event.pk), changed).status_code == 302
    after = models.RawEvent.objects.using("owner").get()
    assert (after.party_name, after.user_id) == ("ACME", user)
    assert after.updated_at > event.updated_at
    again = staff.post(url(models.RawEvent, "add"), posted)
    assert again.status_code == 200
    assert again.context["errors"]


@pytest.mark.parametrize("model", WRITTEN, ids=name_of)
def test_every_form_takes_back_what_it_shows(staff, one_of_each, model):
    row = one_of_each[model]
    place = url(model, "change", row.pk)
    response = staff.post(place, shown_in(staff.get(place)))
    assert response.status_code == 302, response.context["errors"]
    assert model.objects.using("owner").filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", WRITTEN, ids=name_of)
def test_an_empty_form_is_refused_and_a_filled_one_adds_a_row(staff, one_of_each, model):
    refused = staff.post(url(model, "add"), {})
    assert refused.status_code == 200
    assert refused.context["errors"]
    row = one_of_each[model]
    posted = shown_in(staff.get(url(model, "change", row.pk)))
    posted["user_id"] = str(row.user_id)
    model.objects.using("owner").filter(pk=row.pk).delete()
    response = staff.post(url(model, "add"), posted)
    assert response.status_code == 302, response.context["errors"]
    assert model.objects.using("owner").filter(user_id=row.user_id).exclude(pk=row.pk).exists()


def shown_in(response) -> dict[str, str]:
    """What a browser would post back unchanged."""
    form = response.context["adminform"].form
    return {
        part: datum
        for bound in form
        if not form.fields[bound.name].disabled
        for part, datum in _parts(bound, form[bound.name].value())
        if datum is not None
    }


def _parts(bound, value):
    if isinstance(value, datetime):
        local = value.astimezone(UTC)
        yield f"{bound.name}_0", local.strftime("%Y-%m-%d")
        yield f"{bound.name}_1", local.strftime("%H:%M:%S.%f")
    elif isinstance(value, list):
        yield bound.name, ",".join(map(str, value))
    elif isinstance(value, bool):
        yield bound.name, "on" if value else None
    else:
        yield bound.name, None if value is None else str(value)


def test_a_relation_to_another_tenants_row_is_a_sentence_not_a_crash(staff):
    event = rows.event(rows.tenant_id())
    entity = rows.entity(rows.tenant_id(), "ACME Ltd")
    response = staff.post(
        url(models.EntityMatch, "add"),
        {
            "user_id": str(event.user_id),
            "event": str(event.pk),
            "entity": str(entity.pk),
            "confidence": "1",
        },
    )
    assert response.status_code == 200
    assert "This row belongs to another tenant." in response.content.decode()
    assert not models.EntityMatch.objects.using("owner").exists()


# deleting


def test_deleting_an_event_asks_little_and_takes_along_what_refers_to_it(staff, one_of_each):
    event = one_of_each[models.RawEvent]
    place = url(models.RawEvent, "delete", event.pk)
    with CaptureQueriesContext(connections["owner"]) as captured:
        page = staff.get(place)
    text = page.content.decode()
    assert "entity matches" in text
    assert "root cause analyses" in text
    assert not [q for q in captured if "relationship_instances" in q["sql"]]
    assert staff.post(place, {"post": "yes"}).status_code == 302
    assert not models.RelationshipInstance.objects.using("owner").filter(
        pk=one_of_each[models.RelationshipInstance].pk
    )
    assert models.EventDeltaLog.objects.using("owner").get().relationship_id is None


def test_some_rows_can_be_deleted_at_once_but_not_a_whole_table(staff, small_limits):
    many_entities(rows.tenant_id(), 61)
    place = url(models.NormalizedEntity, "changelist")
    ids = [str(row.pk) for row in staff.get(place).context["cl"].result_list]
    action = {"action": "delete_selected", "_selected_action": ids[:2]}
    refused = staff.post(place, {**action, "select_across": "1", "post": "yes"})
    assert "60" in str(next(iter(get_messages(refused.wsgi_request))))
    assert models.NormalizedEntity.objects.using("owner").count() == 61
    assert staff.post(place, action).status_code == 200
    staff.post(place, {**action, "post": "yes"})
    assert models.NormalizedEntity.objects.using("owner").count() == 59
