"""The admin of the graph's tables: bounded reading, safe searching, honest writing."""

import re
import uuid
from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import connections, transaction
from django.db.models import JSONField
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from finley.models import User
from graph import models
from graph.admin import paginator
from graph.database.role import as_owner
from graph.models.rows import TenantRow
from graph.view import refresh
from syncjobs.models import (
    Duty,
    ExternalItem,
    JobAttempt,
    JobFailure,
    SyncConnection,
    SyncRun,
    Upload,
    UploadPiece,
)
from tests.graph import rows
from tests.syncjobs import run_rows

pytestmark = pytest.mark.usefixtures("committed")

# The barrier over the view shows no more than the view; the others only save repeating work.
# A piece of an uploaded file is bytes.
UNSHOWN = {
    models.TenantRelationship,
    models.SearchedGroup,
    models.RepeatedRequest,
    UploadPiece,
}
TABLES = [
    model
    for label in ("graph", "syncjobs")
    for model in apps.get_app_config(label).get_models()
    if model not in UNSHOWN
]
TENANT_TABLES = [m for m in TABLES if m._meta.app_label == "graph" and issubclass(m, TenantRow)]
JUDGED = {models.EntityResolution, models.DuplicateTransaction, models.PredictedRelationship}
LEDGER = [SyncRun, JobAttempt, ExternalItem]
CASES = {models.PaymentCase, models.PaymentCaseRow, models.PaymentCaseEntry}
OURS = {models.Enrichment, models.AskedQuestion, models.SavedMapping, *CASES}
NO_EVIDENCE = {
    models.EntityMatch,
    models.EntityResolution,
    models.TenantPreference,
    *OURS,
}
LOG = models.EventDeltaLog
WRITTEN = [m for m in TENANT_TABLES if m not in {*JUDGED, *OURS, LOG}]
READ_ONLY = [
    models.EnrichedRelationship,
    models.ViewRefresh,
    models.AskedQuestion,
    LOG,
    models.SavedMapping,
    Upload,
    Duty,
    *LEDGER,
]


STRANGE = [
    "not-a-uuid",
    str(uuid.uuid4()),
    "nobody@example.org",
    "@",
    '"',
    "'",
    "%_\\",
    "a b",
    "9" * 40,
    "½",
    "{" + "0" * 32 + "}",
]


def name_of(model) -> str:
    return model._meta.model_name


@pytest.fixture
def staff(committed) -> Client:
    client = Client()
    with as_owner():
        client.force_login(User.objects.create_superuser("staff@example.org"))
    return client


def url(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def search(staff, model, text, **more):
    return staff.get(url(model, "changelist"), {"q": text, **more})


def found(staff, model, text, **more) -> set:
    response = search(staff, model, text, **more)
    assert response.status_code == 200
    return {row.pk for row in response.context["cl"].result_list}


def execute(statement, *parameters):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else None


def all_layers(user) -> dict[type, TenantRow]:
    """A payment between two entities with a row of every layer, and one of each other table."""
    payer, payee = rows.entity(user, "Adult Care", "department"), rows.entity(user, "ACME Ltd")
    source, target = rows.event(user, payer, amount=-1), rows.event(user, payee)
    evidence = {"user_id": user, "evidence": {"why": ["<b>é</b>"]}}
    temporal = rows.add(
        models.TemporalPattern,
        **evidence,
        key="acme monthly",
        recurrence_score=0.9,
        recurrence_frequency="monthly",
        last_occurrence=rows.DAY.date(),
    )
    seasonal = rows.add(
        models.SeasonalPattern,
        **evidence,
        key="acme winter",
        seasonal_strength=0.5,
        seasonal_months=[1, 12],
    )
    pattern = rows.add(
        models.RelationshipPattern,
        **evidence,
        key="acme rent",
        pattern_name="rent",
        pattern_confidence=0.5,
    )
    about = {
        **evidence,
        "relationship": rows.relationship(
            user,
            source,
            target,
            temporal_pattern=temporal,
            seasonal_pattern=seasonal,
            pattern=pattern,
        ),
    }
    original = rows.relationship(user, rows.event(user, payer, amount=-1), rows.event(user, payee))
    created = [
        rows.asked(user),
        source,
        payer,
        models.EntityMatch.objects.using("owner").get(event=source),
        about["relationship"],
        temporal,
        seasonal,
        pattern,
        rows.add(models.CausalRelationship, **about, causal_score=0.5, causal_direction="forward"),
        rows.add(models.CrossPlatformRelationship, **about, platform_sources=["ledger", "card"]),
        rows.add(
            models.PredictedRelationship,
            **about,
            prediction_confidence=0.5,
            prediction_reason="monthly",
            status="overdue",
        ),
        rows.add(models.RootCauseAnalysis, **about, root_cause_analysis="rent", confidence=0.5),
        rows.add(
            models.EventDeltaLog,
            user_id=user,
            relationship=about["relationship"],
            event_key="test 1",
            change_type="created",
        ),
        rows.add(
            models.DuplicateTransaction,
            **about,
            original_relationship=original,
            duplicate_confidence=0.5,
        ),
        rows.add(
            models.EntityResolution,
            user_id=user,
            kept=payee,
            merged=rows.entity(user, "Acme <b>"),
            confidence=0.8,
            reason="alike <b>",
            evidence=evidence["evidence"],
            decided="open",
        ),
        rows.add(models.Enrichment, user_id=user, wanted_at=rows.DAY),
        rows.add(models.TenantPreference, user_id=user, time_zone="Europe/London"),
        rows.add(models.SavedMapping, user_id=user, layout="<b>", name="<b>", toml="<b>"),
        *case_of(user, about["relationship"]),
        *ledger_of(user),
    ]
    return {type(row): row for row in created}


def case_of(user, relationship) -> list:
    """A case of one row with its history."""
    case = rows.add(
        models.PaymentCase,
        user_id=user,
        kind="paid_twice",
        reason="alike <b>",
        confidence=0.9,
        party="Acme <b>",
        amount_at_risk=5,
        currency="GBP",
        extra_payments=1,
        first_day=rows.DAY.date(),
        last_day=rows.DAY.date(),
        row_keys=["test 1"],
        evidence={"why": ["<b>é</b>"]},
    )
    about = {"user_id": user, "case": case}
    return [
        case,
        rows.add(models.PaymentCaseRow, **about, relationship=relationship, role="extra"),
        rows.add(models.PaymentCaseEntry, **about, action="found", by="<b>", state="open"),
    ]


def ledger_of(user) -> list:
    """A connection with a run, an attempt, an item and a failure; and a duty."""
    hostile = {"page": "<b>"}
    connection = run_rows.connection(user, cursor=hostile)
    run = run_rows.run(connection, payload=hostile, progress=hostile, error="broken <b>")
    edited = [{"payload": hostile, "by": "<b>", "at": "2024-01-31"}]
    return [
        connection,
        run,
        run_rows.attempt(run, error="broken <b>", traceback="<b>"),
        run_rows.item(connection, metadata=hostile, name="<b>"),
        run_rows.failure(
            connection, run=run, error="broken <b>", payload=hostile, payload_history=edited
        ),
        run_rows.duty(found=hostile, error="broken <b>"),
        rows.add(Upload, user_id=user, name="<b>", size=1, choices=hostile, uploaded_by="<b>"),
    ]


@pytest.fixture
def one_of_each(committed):
    row_of = all_layers(rows.tenant_id())
    refresh.refresh()
    row_of[models.EnrichedRelationship] = models.EnrichedRelationship.objects.using("owner").get(
        pk=row_of[models.RelationshipInstance].pk
    )
    row_of[models.ViewRefresh] = models.ViewRefresh.objects.using("owner").latest()
    return row_of


@pytest.fixture
def small_limits(monkeypatch):
    """Limits that a test's few rows exceed."""
    monkeypatch.setattr(paginator, "MOST", 100)
    monkeypatch.setattr(paginator, "MOST_FOUND", 80)
    monkeypatch.setattr(paginator, "MOST_AT_ONCE", 60)


def many_entities(user, count, prefix="Vendor") -> None:
    models.NormalizedEntity.objects.using("owner").bulk_create(
        models.NormalizedEntity(
            user_id=user, kind="vendor", name=f"{prefix} {n:04}", identity=f"{prefix} {n:04}"
        )
        for n in range(count)
    )


# every table


def test_plural_names_are_english():
    """Django adds an "s", which does for most names only."""
    plurals = [str(model._meta.verbose_name_plural) for model in admin.site._registry]
    assert [name for name in plurals if re.search(r"(s|x|ch|sh)s$|[^aeiou]ys$", name)] == []
    assert "view refreshes" in plurals


def test_every_table_has_an_admin_and_every_relation_a_light_widget():
    for model in TABLES:
        table = admin.site.get_model_admin(model)
        assert isinstance(table, paginator.HugeTable)
        light = {*table.raw_id_fields, *table.autocomplete_fields}
        assert {f.name for f in model._meta.fields if f.many_to_one} <= light


@pytest.mark.parametrize("model", TABLES, ids=name_of)
def test_lists_searches_shows_and_logs(staff, one_of_each, model):
    row = one_of_each[model]
    listed = staff.get(url(model, "changelist"))
    assert row.pk in {listed_row.pk for listed_row in listed.context["cl"].result_list}
    assert found(staff, model, str(row.pk)) == {row.pk}
    for page in ("change", "history"):
        assert staff.get(url(model, page, row.pk)).status_code == 200


@pytest.mark.parametrize("model", TABLES, ids=name_of)
def test_what_nobody_is_called_finds_nothing(staff, one_of_each, model):
    texts = [text for text in STRANGE if model is not JobFailure or text != '"']  # JSON has some
    for text in texts:
        assert found(staff, model, text) == set(), text


@pytest.mark.parametrize(
    "model", [*TENANT_TABLES, SyncConnection, *LEDGER, JobFailure], ids=name_of
)
def test_a_tenant_is_found_by_id_and_by_address(staff, model):
    tenant, other = (User.objects.db_manager("owner").create_user(f"{n}@example.org") for n in "ab")
    mine, theirs = all_layers(tenant.id)[model], all_layers(other.id)[model]
    for text in (str(tenant.id), tenant.id.hex.upper(), "A@example.org"):
        assert mine.pk in found(staff, model, text)
        assert theirs.pk not in found(staff, model, text)


@pytest.mark.parametrize("model", TABLES, ids=name_of)
def test_a_list_takes_as_many_queries_for_six_rows_as_for_one(staff, model):
    def queries() -> int:
        with CaptureQueriesContext(connections["owner"]) as captured:
            staff.get(url(model, "changelist"))
        return len(captured)

    all_layers(rows.tenant_id())
    refresh.refresh()
    few = queries()
    for _ in range(5):
        all_layers(rows.tenant_id())
    refresh.refresh()
    assert queries() == few <= 10


@pytest.mark.parametrize("model", READ_ONLY, ids=name_of)
def test_programs_tables_can_only_be_read(staff, one_of_each, model):
    pk = one_of_each[model].pk
    assert staff.get(url(model, "add")).status_code == 403
    assert staff.post(url(model, "delete", pk), {"post": "yes"}).status_code == 403
    assert staff.post(url(model, "change", pk), {}).status_code == 403
    with_actions = model in {SyncRun, ExternalItem}  # cancel, read again
    listed = staff.get(url(model, "changelist")).content
    assert (b"_selected_action" in listed) == with_actions
    assert b"delete_selected" not in listed


@pytest.mark.parametrize(
    "model", [models.RawEvent, models.EventDeltaLog, SyncRun, models.Enrichment], ids=name_of
)
def test_a_list_names_tenants_by_address_and_strangers_by_id(staff, tenant, model):
    stranger = rows.tenant_id()
    for user in (tenant.pk, stranger):
        all_layers(user)
    text = staff.get(url(model, "changelist")).content.decode()
    assert f'<span title="{tenant.pk}">tenant@example.org</span>' in text
    assert f'<span title="{stranger}">{stranger}</span>' in text


def test_only_staff_come_in(committed):
    for model in TABLES:
        assert Client().get(url(model, "changelist")).status_code == 302


@pytest.mark.parametrize("model", [*TENANT_TABLES, *LEDGER, JobFailure], ids=name_of)
def test_json_is_shown_indented_and_escaped_and_cannot_be_posted(staff, one_of_each, model):
    row = one_of_each[model]
    names = [f.name for f in model._meta.fields if isinstance(f, JSONField)]
    text = staff.get(url(model, "change", row.pk)).content.decode()
    assert text.count("<pre>") >= len(names)
    assert "<b>" not in text
    assert not any(re.search(rf'name="{name}"', text) for name in ("id", *names))
    if "evidence" in names:
        assert "&quot;&lt;b&gt;é&lt;/b&gt;&quot;" in text


# counting and paging


def test_an_unfiltered_list_is_estimated_and_nothing_counts_it(staff, small_limits):
    many_entities(rows.tenant_id(), 500)
    execute("ANALYZE normalized_entities")
    with CaptureQueriesContext(connections["owner"]) as captured:
        response = staff.get(url(models.NormalizedEntity, "changelist"))
    assert "about 500 normalized entities" in response.content.decode()
    assert not [q for q in captured if "COUNT(" in q["sql"].upper()]
    assert len(response.context["cl"].result_list) == 50


def test_a_filtered_list_is_counted_up_to_the_limit(staff, small_limits):
    many_entities(rows.tenant_id(), 101)
    with CaptureQueriesContext(connections["owner"]) as captured:
        response = staff.get(url(models.NormalizedEntity, "changelist"), {"kind__exact": "vendor"})
    assert "more than 100 normalized entities" in response.content.decode()
    counts = [q["sql"] for q in captured if "COUNT(" in q["sql"].upper()]
    assert counts
    assert all("LIMIT 101" in count for count in counts)


def test_a_small_count_is_exact_whatever_the_statistics_say(staff, small_limits):
    many_entities(rows.tenant_id(), 100)
    execute("ANALYZE normalized_entities")
    execute("DELETE FROM normalized_entities WHERE name LIKE '%%7'")
    response = staff.get(url(models.NormalizedEntity, "changelist"))
    assert "90 normalized entities" in response.content.decode()


def test_pages_end_at_the_limit(staff, small_limits):
    many_entities(rows.tenant_id(), 500)
    execute("ANALYZE normalized_entities")
    place = url(models.NormalizedEntity, "changelist")
    last = staff.get(place, {"p": 2}).context["cl"].result_list
    assert [row.name for row in last][-1] == "Vendor 0099"
    assert staff.get(place, {"p": 3}).status_code == 302


def test_a_search_finds_so_many_and_no_more(staff, small_limits):
    tenant = rows.tenant_id()
    many_entities(rows.tenant_id(), 150)
    many_entities(tenant, 3)
    response = search(staff, models.NormalizedEntity, "vendor")
    assert response.context["cl"].result_count == 80
    assert len(found(staff, models.NormalizedEntity, f"{tenant} vendor")) == 3


def test_a_paginator_of_a_list_counts_it():
    assert paginator.BoundedPaginator(list(range(7)), 3).num_pages == 3
    assert paginator.BoundedPaginator([], 3).num_pages == 1


# searching


def test_an_event_is_found_by_any_of_its_own_keys(staff):
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
        assert found(staff, models.RawEvent, text) == {event.pk}
    assert found(staff, models.RawEvent, f"{users[1]} {event.external_id}") == {event.pk}
    assert found(staff, models.RawEvent, f"{users[0]} {event.external_id}") == set()
    assert found(staff, models.RawEvent, event.external_id + "x") == set()


def test_one_key_is_found_in_every_tenants_books(staff):
    events = [rows.event(rows.tenant_id(), document_ref="INV-1") for _ in range(5)]
    assert found(staff, models.RawEvent, "INV-1") == {event.pk for event in events}


def test_a_key_that_looks_like_an_id_is_found_as_a_key(staff):
    key = str(uuid.uuid4())
    event = rows.event(rows.tenant_id(), document_ref=key)
    assert found(staff, models.RawEvent, key) == {event.pk}


def test_an_entity_is_found_by_part_of_its_name(staff):
    user = rows.tenant_id()
    acme, percent, short = (rows.entity(user, n) for n in ("ACME Ltd", "100% Wool", "BT"))
    rows.entity(user, "Nobody")
    for text, entity in [("cme", acme), ("ACME LTD", acme), ("0% w", percent), ("bt", short)]:
        assert found(staff, models.NormalizedEntity, text) == {entity.pk}
    assert found(staff, models.NormalizedEntity, "me") == set()
    assert found(staff, models.NormalizedEntity, "%") == set()
    assert found(staff, models.NormalizedEntity, f"{user} acme") == {acme.pk}
    assert found(staff, models.NormalizedEntity, f"acme {rows.tenant_id()}") == set()


def test_rows_are_found_by_the_ids_they_refer_to(staff, one_of_each):
    relationship = one_of_each[models.RelationshipInstance]
    for model in TENANT_TABLES:
        if any(f.name == "relationship" for f in model._meta.fields):
            assert found(staff, model, str(relationship.pk)) == {one_of_each[model].pk}
    for pointer in (relationship.temporal_pattern_id, relationship.source_event_id):
        assert found(staff, models.RelationshipInstance, str(pointer)) == {relationship.pk}
    match = one_of_each[models.EntityMatch]
    assert found(staff, models.EntityMatch, str(match.event_id)) == {match.pk}
    row = one_of_each[models.EnrichedRelationship]
    assert row.pk in found(staff, models.EnrichedRelationship, str(row.source_entity_id))


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
