"""The filters of the operators' lists: what they select, what they cost, and saved ones."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.db import connections, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from graph.database.role import as_owner
from syncjobs.admin import list_filters
from syncjobs.models import JobAttempt, JobFailure, SavedFilter, SyncRun
from tests.syncjobs import run_rows
from tests.syncjobs.test_admin import person, text_of
from tests.syncjobs.test_console import failures, queued
from tests.syncjobs.test_console_pages import many_runs

pytestmark = pytest.mark.usefixtures("committed")
FAILURES = "/admin/syncjobs/jobfailure/"
RUNS = "/admin/syncjobs/syncrun/"
ATTEMPTS = "/admin/syncjobs/jobattempt/"
SAVED = f"{RUNS}filters/save/"


def shown(client, place: str, **query) -> int:
    """The number of rows that the list has with these parameters."""
    response = client.get(f"{place}?{urlencode(query)}")
    assert response.status_code == 200, response.headers.get("Location")
    return len(response.context_data["cl"].result_list)


def age(model, key, **columns) -> None:
    model.objects.using("owner").filter(pk=key).update(**columns)


def test_failures_are_narrowed_by_tenant_time_and_attempts(staff, tenant, other_tenant):
    mine = run_rows.failure(user_id=tenant.pk, error_class="Full", tries=5)
    other = run_rows.failure(user_id=other_tenant.pk, tries=1)
    earlier = timezone.now() - timedelta(days=3)
    age(JobFailure, other.pk, first_failed_at=earlier, last_failed_at=earlier)
    age(JobFailure, mine.pk, last_failed_at=timezone.now())
    for query, count in [
        ({}, 2),
        ({"tenant": tenant.email}, 1),
        ({"tenant": tenant.email[:4]}, 1 + other_tenant.email.startswith(tenant.email[:4])),
        ({"tenant": str(tenant.pk)}, 1),
        ({"since": "2 d"}, 1),
        ({"until": "2 d"}, 1),
        ({"since": "4 d", "until": "1 min"}, 1),
        ({"tries": "5"}, 1),
        ({"tries": "6"}, 0),
        ({"error_class": "Full"}, 1),
        ({"tenant": tenant.email, "tries": "2", "since": "1 h", "error_class": "Full"}, 1),
    ]:
        assert shown(staff, FAILURES, **query) == count, query


def test_runs_and_attempts_are_narrowed(staff, tenant):
    run = run_rows.failure(user_id=tenant.pk) and queued()
    now = timezone.now()
    age(
        SyncRun,
        run.pk,
        status="failed",
        error="The mailbox is full.",
        tries=3,
        started_at=now - timedelta(minutes=10),
        finished_at=now - timedelta(minutes=5),
    )
    JobAttempt.objects.using("owner").create(
        run_id=run.pk,
        user_id=run.user_id,
        fence=1,
        try_number=3,
        worker="w1",
        started_at=now - timedelta(minutes=10),
        ended_at=now - timedelta(minutes=5),
        outcome="failed",
        error_class="Full",
    )
    for place, query, count in [
        (RUNS, {"error_class": "Full"}, 1),
        (RUNS, {"error_class": "Empty"}, 0),
        (RUNS, {"error": "MAILBOX"}, 1),
        (RUNS, {"took": "5 min"}, 1),
        (RUNS, {"took": "6 min"}, 0),
        (RUNS, {"tries": "3", "status__exact": "failed"}, 1),
        (RUNS, {"tries": "4"}, 0),
        (ATTEMPTS, {"error_class": "Full", "outcome__exact": "failed", "tries": "3"}, 1),
        (ATTEMPTS, {"took": "299 s"}, 1),
        (ATTEMPTS, {"took": "6 min"}, 0),
        (ATTEMPTS, {"since": "5 min"}, 0),
    ]:
        assert shown(staff, place, **query) == count, (place, query)


@pytest.mark.parametrize(
    "query",
    [
        {"since": "yesterday"},
        {"until": "9" * 400},
        {"since": "2026-13-45 10:00"},
        {"tries": "many"},
        {"tries": "99999999999"},
        {"took": "nan"},
        {"took": "-1 s"},
        {"tenant": "nobody@nowhere.example"},
        {"tenant": "00000000-0000-4000-8000-00000000dead"},
    ],
)
def test_what_cannot_be_read_selects_nothing_and_says_so(staff, query):
    queued()
    response = staff.get(f"{RUNS}?{urlencode(query)}")
    assert "is no " in text_of(response)
    assert shown(staff, RUNS, **query) == 0


def test_lists_show_tenants_by_address_and_no_bare_id(staff, tenant):
    run_rows.failure(user_id=tenant.pk)
    text = text_of(staff.get(FAILURES))
    assert f'<span title="{tenant.pk}">{tenant.email}</span>' in text
    assert f">{tenant.pk}<" not in text


# their cost


def test_a_filter_reads_the_newest_rows_only_of_a_hundred_thousand(staff, monkeypatch):
    monkeypatch.setattr(list_filters, "NEWEST", 1_000)
    many_runs()
    for query in (
        {"status__exact": "failed"},
        {"provider__exact": "zoho"},
        {"error": "no such error"},
        {"tries": "9"},
        {"took": "9 d"},
        {"error_class": "Nothing"},
        {"provider__exact": "gmail", "error": "no such error", "tries": "1"},
    ):
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            before = read(cursor)
            assert shown(staff, RUNS, **query) <= 50
            assert read(cursor) - before < 10_000, query


def read(cursor) -> int:
    cursor.execute(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables "
        "WHERE relname = 'sync_runs'"
    )
    return cursor.fetchone()[0]


def test_the_number_of_queries_does_not_grow_with_the_rows(staff):
    def count() -> int:
        with CaptureQueriesContext(connections["owner"]) as captured:
            shown(staff, ATTEMPTS, since="1 d")
        return len(captured)

    few = count()
    for _ in range(5):
        failures("new", 0.1)
    assert count() <= few + 2


# saved filters


def test_a_filter_is_saved_opened_shared_renamed_and_deleted(staff):
    queued()
    query = {"tries": "0", "status__exact": "queued", "q": ""}
    answer = staff.post(SAVED, {"name": "waits", "query": urlencode(query), "shared": "on"})
    assert answer.headers["Location"] == f"{RUNS}?tries=0&status__exact=queued"
    row = SavedFilter.objects.using("owner").get()
    assert f"{RUNS}?tries=0&amp;status__exact=queued" in text_of(staff.get(RUNS))
    colleague = person("view_syncrun")
    assert "waits" in text_of(colleague.get(RUNS))
    own = f"{RUNS}filters/{row.pk}/"
    assert colleague.post(own, {"do": "delete"}).status_code == 404
    staff.post(own, {"name": "is waiting"})
    assert "is waiting" in text_of(staff.get(RUNS))
    assert "is waiting" not in text_of(colleague.get(RUNS))
    staff.post(own, {"do": "delete"})
    assert not SavedFilter.objects.using("owner").exists()


@pytest.mark.parametrize(
    "query",
    ["", "next=https://evil.example", "tries=1&user_id__gt=0", "%00", "tries=%00", "x" * 3000],
)
def test_a_query_that_the_list_does_not_understand_is_refused(staff, query):
    assert staff.post(SAVED, {"name": "x", "query": query}).status_code == 400
    assert not SavedFilter.objects.using("owner").exists()


def test_saved_names_and_addresses_are_escaped(staff):
    for name, status in (("<script>alert(1)</script>", 302), ("", 302), ("x" * 61, 302)):
        answer = staff.post(SAVED, {"name": name, "query": "error=<b>"})
        assert answer.status_code == status
    assert SavedFilter.objects.using("owner").count() == 1
    text = text_of(staff.get(RUNS))
    assert "<script>alert" not in text
    assert "error=%3Cb%3E" in text


def test_only_who_may_see_a_list_saves_its_filters(staff, tenant):
    query = {"name": "x", "query": "tries=1"}
    assert person("view_jobfailure").post(SAVED, query).status_code == 403
    assert person("view_jobfailure").post(f"{FAILURES}filters/save/", query).status_code == 302
    assert staff.get(SAVED).status_code == 405
    with as_owner():
        assert [row.list_name for row in SavedFilter.objects.all()] == ["syncjobs_jobfailure"]
