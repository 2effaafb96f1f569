"""The admin of the graph's tables: bounded reading, safe searching, honest writing."""

import re
import uuid

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connections
from django.db.models import JSONField
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from finley.models import User
from graph import models
from graph.admin import paginator
from graph.database.role import as_owner
from graph.models.tenant_row import TenantRow
from graph.view import refresh
from syncjobs.models import (
    AlertRule,
    Duty,
    ExternalItem,
    JobAttempt,
    JobFailure,
    ReplayItem,
    SavedFilter,
    SyncConnection,
    SyncRun,
    TenantExportPiece,
    Upload,
    UploadPiece,
    WorkerProcess,
)
from tests.graph import rows
from tests.graph.admin.layered_rows import all_layers

pytestmark = pytest.mark.usefixtures("committed")

# The barrier over the view shows no more than the view; the others only save repeating work.
# Pieces of files are bytes. Other pages show rules, workers, filters, a replay's items.
UNSHOWN = {
    models.TenantRelationship,
    models.SearchedGroup,
    models.RepeatedRequest,
    UploadPiece,
    TenantExportPiece,
    AlertRule,
    ReplayItem,
    SavedFilter,
    WorkerProcess,
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


def url(model, page: str, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def search(staff, model, text, **more):
    return staff.get(url(model, "changelist"), {"q": text, **more})


def found(model, text) -> set:
    """What the list finds, as the page's view reads it; drawing the page takes most of the time."""
    request = RequestFactory().get("/", {"q": text})
    with as_owner():
        request.user = User(is_staff=True, is_superuser=True)
        changes = admin.site.get_model_admin(model).get_changelist_instance(request)
        return {row.pk for row in changes.result_list}


def execute(statement, *parameters):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else None


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


def test_lists_searches_shows_and_logs(staff, one_of_each):
    for model in TABLES:
        row = one_of_each[model]
        for query in ({}, {"q": str(row.pk)}):
            listed = staff.get(url(model, "changelist"), query).context["cl"].result_list
            assert row.pk in {listed_row.pk for listed_row in listed}, (model, query)
        assert found(model, str(row.pk)) == {row.pk}, model
        for page in ("change", "history"):
            assert staff.get(url(model, page, row.pk)).status_code == 200, (model, page)


def test_what_nobody_is_called_finds_nothing(staff, one_of_each):
    for text in STRANGE:
        listed = search(staff, models.NormalizedEntity, text).context["cl"].result_list
        assert list(listed) == [], text
        for model in TABLES:
            if model is not JobFailure or text != '"':  # JSON has some
                assert found(model, text) == set(), (model, text)


def test_a_tenant_is_found_by_id_and_by_address(committed):
    tenant, other = (User.objects.db_manager("owner").create_user(f"{n}@example.org") for n in "ab")
    mine, theirs = all_layers(tenant.id), all_layers(other.id)
    for model in (*TENANT_TABLES, SyncConnection, *LEDGER, JobFailure):
        for text in (str(tenant.id), tenant.id.hex.upper(), "A@example.org"):
            rows_of_tenant = found(model, text)
            assert mine[model].pk in rows_of_tenant, (model, text)
            assert theirs[model].pk not in rows_of_tenant, (model, text)


def test_a_list_takes_as_many_queries_for_six_rows_as_for_one(staff):
    def queries() -> dict[str, int]:
        counts = {}
        for model in TABLES:
            with CaptureQueriesContext(connections["owner"]) as captured:
                staff.get(url(model, "changelist"))
            counts[name_of(model)] = len(captured)
        return counts

    all_layers(rows.tenant_id())
    refresh.refresh()
    few = queries()
    for _ in range(5):
        all_layers(rows.tenant_id())
    refresh.refresh()
    assert queries() == few
    assert max(few.values()) <= 10


def test_programs_tables_can_only_be_read(staff, one_of_each):
    for model in READ_ONLY:
        pk = one_of_each[model].pk
        assert staff.get(url(model, "add")).status_code == 403, model
        assert staff.post(url(model, "delete", pk), {"post": "yes"}).status_code == 403, model
        assert staff.post(url(model, "change", pk), {}).status_code == 403, model
        with_actions = model in {SyncRun, ExternalItem}  # cancel, read again
        listed = staff.get(url(model, "changelist")).content
        assert (b"_selected_action" in listed) == with_actions, model
        assert b"delete_selected" not in listed, model


def test_a_list_names_tenants_by_address_and_strangers_by_id(staff, tenant):
    stranger = rows.tenant_id()
    for user in (tenant.pk, stranger):
        all_layers(user)
    for model in (models.RawEvent, models.EventDeltaLog, SyncRun, models.Enrichment):
        text = staff.get(url(model, "changelist")).content.decode()
        assert f'<span title="{tenant.pk}">tenant@example.org</span>' in text, model
        assert f'<span title="{stranger}">no user ({str(stranger)[:8]}…)</span>' in text, model


def test_only_staff_come_in(committed):
    for model in TABLES:
        assert Client().get(url(model, "changelist")).status_code == 302


def test_json_is_shown_indented_and_escaped_and_cannot_be_posted(staff, one_of_each):
    for model in (*TENANT_TABLES, *LEDGER, JobFailure):
        names = [f.name for f in model._meta.fields if isinstance(f, JSONField)]
        text = staff.get(url(model, "change", one_of_each[model].pk)).content.decode()
        assert text.count("<pre>") >= len(names), model
        assert "<b>" not in text, model
        assert not any(re.search(rf'name="{name}"', text) for name in ("id", *names)), model
        if "evidence" in names:
            assert "&quot;&lt;b&gt;é&lt;/b&gt;&quot;" in text, model


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
    assert len(found(models.NormalizedEntity, f"{tenant} vendor")) == 3


def test_a_paginator_of_a_list_counts_it():
    assert paginator.BoundedPaginator(list(range(7)), 3).num_pages == 3
    assert paginator.BoundedPaginator([], 3).num_pages == 1
