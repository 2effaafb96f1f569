"""The admin's first page: what runs, waits and failed, read from PostgreSQL at a bounded cost."""

import re
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from finley.models import User
from graph.database.role import as_owner
from graph.view import maintenance, refresh
from syncjobs.admin import charts, console_state, durations, throughput
from syncjobs.models import JobFailure, SyncRun
from tests.finley import browser
from tests.graph import rows
from tests.graph.api.conftest import serving
from tests.syncjobs import run_rows
from tests.syncjobs.test_admin import HOSTILE, person, text_of

pytestmark = pytest.mark.usefixtures("committed", "uncounted_hours")

PAGE, PART = "/admin/", "/admin/console/"
MANY_RUNS = """
INSERT INTO sync_runs (
    id, user_id, connection_id, provider, function, trigger, payload, correlation_id, status,
    job_number, job_id, tries, fence, worker, progress, error, created_at, finished_at
)
SELECT
    gen_random_uuid(), %(user)s, %(connection)s, 'gmail', 'gmail_sync', 'schedule', '{}', '',
    CASE WHEN n %% 10 = 0 THEN 'failed' ELSE 'succeeded' END,
    1, gen_random_uuid()::text, 1, 1, 'w1', '{}', CASE WHEN n %% 10 = 0 THEN 'broken' ELSE '' END,
    now() - interval '90 days' * n / 100000, now() - interval '90 days' * n / 100000
FROM generate_series(1, 100000) AS n
"""


@pytest.fixture
def uncounted_hours():
    throughput.hours.forget()
    yield
    throughput.hours.forget()


@pytest.fixture
def staff(committed) -> Client:
    client = Client()
    with as_owner():
        client.force_login(User.objects.create_superuser("staff@example.org"))
    return client


def running(of=None, **values):
    now = timezone.now()
    return run_rows.run(
        of or run_rows.connection(),
        **{
            "status": "running",
            "error": "",
            "worker": "w1",
            "lease_until": now + timedelta(seconds=30),
            "started_at": now - timedelta(minutes=5),
            "fence": 1,
            "tries": 1,
            **values,
        },
    )


def queued(**values):
    return run_rows.run(run_rows.connection(), status="queued", error="", **values)


def ended(status: str, ago: timedelta):
    error = "broken" if status == "failed" else ""
    finished_at = timezone.now() - ago
    connection = run_rows.connection()
    return run_rows.run(connection, status=status, error=error, finished_at=finished_at)


# what it shows


def test_active_runs_are_counted_by_what_they_wait_for():
    now = timezone.now()
    oldest = queued(next_try_at=None, created_at=now - timedelta(hours=2))
    queued(next_try_at=now - timedelta(minutes=1), created_at=now - timedelta(hours=3))
    queued(next_try_at=now + timedelta(hours=1), created_at=now - timedelta(hours=4))
    running()
    running(cancel_requested_at=now)
    running(lease_until=now - timedelta(seconds=1))
    ended("succeeded", timedelta(0))
    active = console_state.active()
    assert (active.waiting, active.scheduled, active.running) == (2, 1, 3)
    assert (active.cancelling, active.expired) == (1, 1)
    assert active.oldest == oldest.pk
    assert 7200 <= active.queue_age < 7260
    assert active.age == "2 h"


def test_nothing_active_has_no_age():
    active = console_state.active()
    assert (active.waiting, active.oldest, active.queue_age) == (0, None, None)


def test_a_running_run_names_its_tenant_by_address_and_its_attempts_start(tenant):
    connection = run_rows.connection(tenant.pk, nango_connection_id="mailbox")
    run = running(connection, fence=2, tries=2)
    began = timezone.now() - timedelta(seconds=90)
    run_rows.attempt(run, 2, outcome="running", started_at=began, ended_at=None)
    stranger = running(cancel_requested_at=timezone.now())
    first, second = console_state.running()
    assert (first.id, first.tenant, first.state) == (
        stranger.pk,
        str(stranger.user_id),
        "cancelling",
    )
    assert (second.tenant, second.connection, second.began) == (
        "tenant@example.org",
        "mailbox",
        began,
    )
    assert second.duration.startswith("1 min 3")


def test_workers_are_known_by_leases_ended_runs_and_periodic_tasks(settings):
    settings.SYNC_LEASE = 30.0
    now = timezone.now()
    running(worker="busy", lease_until=now + timedelta(seconds=26))
    running(worker="busy", lease_until=now + timedelta(seconds=10))
    running(worker="silent", lease_until=now - timedelta(hours=1))
    run_rows.duty(name="recover", worker="idle", started_at=now, lease_until=now + timedelta(12))
    run_rows.duty(name="enrich", worker="gone", started_at=now - timedelta(hours=1))
    workers = {worker.name: worker for worker in console_state.workers()}
    assert set(workers) == {"busy", "silent", "idle"}
    assert (workers["busy"].runs, workers["busy"].silent) == (2, False)
    assert 3 <= (timezone.now() - workers["busy"].seen_at).total_seconds() < 8
    assert workers["silent"].silent
    assert (workers["idle"].runs, workers["idle"].tasks) == (0, "recover")


def test_ended_runs_are_counted_in_the_periods_in_which_they_ended():
    for status, ago in [
        ("succeeded", timedelta(minutes=1)),
        ("failed", timedelta(minutes=1)),
        ("succeeded", timedelta(hours=5)),
        ("cancelled", timedelta(hours=5)),
        ("failed", timedelta(days=3)),
        ("succeeded", timedelta(days=8)),
    ]:
        ended(status, ago)
    for _ in range(2):  # the second time, from the hours that were counted
        hour, day, week = (chart.sum for chart in throughput.charts(timezone.now()))
        assert (hour.succeeded, hour.failed, hour.cancelled) == (1, 1, 0)
        assert (day.succeeded, day.failed, day.cancelled) == (2, 1, 1)
        assert (week.succeeded, week.failed, week.cancelled) == (2, 2, 1)


def test_hours_that_are_over_are_counted_once_and_later_ends_are_added():
    now = timezone.now()
    ended("succeeded", timedelta(hours=5))
    throughput.charts(now)
    ended("failed", timedelta(seconds=1))
    with CaptureQueriesContext(connections["owner"]) as captured:
        week = throughput.charts(timezone.now())[2].sum
    assert (week.succeeded, week.failed) == (1, 1)
    since = min(float(query["sql"].split("to_timestamp(")[1].split(")")[0]) for query in captured)
    assert now.timestamp() - since < 3 * throughput.HOUR


def test_bars_are_as_high_as_their_share():
    chart = charts.Chart(
        "x", "x", [charts.Ends("a", 3, 1, 0), charts.Ends("b"), charts.Ends("c", 1)]
    )
    assert chart.highest == 4
    heights = [(bar.kind, bar.height) for bar in chart.bars]
    assert heights == [("failed", 16), ("succeeded", 48), ("succeeded", 16)]
    assert [bar.y for bar in chart.bars] == [48, 0, 48]
    assert charts.Chart("x", "x", [charts.Ends("a")]).bars == []


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (-3, "0 s"),
        (0.4, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3661, "1 h 1 min"),
        (3601, "1 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_are_read_by_people(seconds, text):
    assert durations.text(seconds) == text


def test_pending_change_records_are_those_that_a_refresh_would_read(tenant, other_tenant):
    refresh.refresh()
    assert console_state.view().marks == 0
    for user in (tenant, other_tenant, tenant):
        paying, paid = (rows.event(user.pk) for _ in range(2))
        rows.relationship(user.pk, paying, paid)
    view, expected = console_state.view(), maintenance.pending()
    assert view.marks == expected.marks > 0
    assert (view.named, view.rows, view.unknown) == (expected.named, expected.rows, False)
    refresh.refresh()
    assert (console_state.view().marks, console_state.view().oldest) == (0, "-")


def test_a_periodic_task_says_when_it_ran_and_when_it_is_due():
    now = timezone.now()
    run_rows.duty(name="late", due_at=now - timedelta(minutes=5))
    run_rows.duty(name="works", due_at=now, lease_until=now + timedelta(seconds=9))
    times = {"finished_at": now - timedelta(seconds=65), "due_at": now + timedelta(seconds=65)}
    run_rows.duty(name="fine", **times)
    run_rows.duty(name="broken", error="no disk", **times)
    tasks = {task.name: task for task in console_state.tasks()}
    assert {name: task.state for name, task in tasks.items()} == {
        "late": "late",
        "works": "running",
        "fine": "succeeded",
        "broken": "failed",
    }
    assert (tasks["fine"].ago, tasks["fine"].due_in) == ("1 min 5 s", "1 min 4 s")


def failures(fingerprint: str, *days_ago: float, **values) -> list[JobFailure]:
    now = timezone.now()
    rows_ = []
    for ago in days_ago:
        at = now - timedelta(days=ago)
        times = {"first_failed_at": at, "last_failed_at": at}
        rows_ += run_rows.failures(1, fingerprint=fingerprint, **{**times, **values})
    return rows_


def test_groups_are_new_or_growing_or_not_listed():
    failures("new", 0.1, 0.2)
    failures("growing", 0.1, 0.2, 0.3, 3.5, 40)
    failures("steady", 0.1, 0.2, 0.3, 1.5, 1.6, 2.5, 3.5, 4.5, 5.5, 5.6, 5.7, 6.1)
    failures("old", 2, 3)
    failures("settled", 0.1, status="resolved")
    failures("was there", 0.1, 30)
    result = console_state.groups()
    assert [(group.fingerprint, group.state) for group in result.groups] == [
        ("growing", "growing"),
        ("new", "new"),
    ]
    assert [group.days for group in result.groups] == [[0, 0, 0, 1, 0, 0, 3], [0, 0, 0, 0, 0, 0, 2]]
    assert (result.since, result.more) == (None, 0)


def test_nothing_is_said_to_grow_where_not_all_failures_were_read(monkeypatch):
    failures("growing", 0.1, 0.2, 0.3, 3.5, 40)
    failures("new", 0.15)
    monkeypatch.setattr(console_state, "FAILURES", 4)
    result = console_state.groups()
    assert [group.fingerprint for group in result.groups] == ["new"]
    assert timezone.now() - result.since < timedelta(days=1)


def test_connections_are_counted_by_state():
    for state in ("alive", "alive", "dead"):
        run_rows.connection(state=state)
    counts = {cell.state: cell.count for cell in console_state.connections_by_state()}
    assert counts == {"alive": 2, "suspect": 0, "dead": 1, "paused": 0, "removed": 0}


# the page


def test_the_page_and_its_part_show_the_same(staff, tenant):
    running(run_rows.connection(tenant.pk))
    queued()
    failures("new", 0.1, error="The mailbox is full.")
    run_rows.duty(name="recover")
    page, part = text_of(staff.get(PAGE)), text_of(staff.get(PART))
    sections = re.findall(r'<section id="(part-[a-z]+)"', part)
    assert sections == re.findall(r'<section id="(part-[a-z]+)"', page)
    assert len(sections) == 7
    for text in (page, part):
        assert "The mailbox is full." in text
        assert "tenant@example.org" in text
        assert 'aria-label="Last hour, by 5 minutes' in text
    assert page.count("<main") == 1
    assert "syncjobs/console.js" in page
    assert "<html" not in part


def test_an_empty_database_is_shown(staff):
    text = text_of(staff.get(PAGE))
    assert "No worker has shown a sign of life" in text
    assert "nothing waits" in text


def test_links_lead_to_pages(staff):
    running()
    queued()
    failures("a & b", 0.1)
    run_rows.duty(name="recover")
    text = text_of(staff.get(PART))
    places = set(re.findall(r'href="([^"]+)"', text))
    assert len(places) > 10
    for place in places:
        assert staff.get(place.replace("&amp;", "&")).status_code == 200, place


def test_what_strangers_wrote_is_escaped(staff):
    connection = run_rows.connection(nango_connection_id=HOSTILE)
    running(connection, worker=HOSTILE)
    failures(HOSTILE, 0.1, error=HOSTILE, error_class=HOSTILE, function=HOSTILE)
    run_rows.duty(name="x", error=HOSTILE, worker=HOSTILE)
    for place in (PAGE, PART):
        assert "<script>alert" not in text_of(staff.get(place))


def test_people_see_what_they_may():
    failures("new", 0.1, error="The mailbox is full.")
    for permissions, parts in [
        (["view_jobfailure"], ["part-groups"]),
        (["view_syncconnection"], ["part-connections"]),
        (["view_syncrun", "view_duty"], ["jobs", "throughput", "running", "tasks"]),
        ([], []),
    ]:
        client = person(*permissions)
        text = text_of(client.get(PART))
        names = [f"part-{part.removeprefix('part-')}" for part in parts]
        assert re.findall(r'<section id="(part-[a-z]+)"', text) == names
        assert ("The mailbox is full." in text) == (permissions == ["view_jobfailure"])
        assert text_of(client.get(PAGE)).count("<main") == 1


def test_nobody_else_sees_anything(tenant):
    client = Client()
    for _ in range(2):
        for place in (PAGE, PART):
            assert client.get(place).status_code == 302
        with as_owner():
            client.force_login(tenant)


def test_only_reading_is_allowed_and_nothing_is_cached(staff):
    assert staff.post(PART).status_code == 405
    assert "no-store" in staff.get(PART).headers["Cache-Control"]


@pytest.mark.skipif(not browser.installed(), reason="no chromium with its chromedriver here")
def test_a_browser_updates_the_page_but_not_while_it_is_hidden(staff, tmp_path):
    waiting = "return document.querySelector('#part-jobs dd').textContent.trim()"
    hide = "Object.defineProperty(document, 'hidden', {configurable: true, get: () => %s});"
    changed = "document.dispatchEvent(new Event('visibilitychange'))"
    with serving() as server, browser.browser(tmp_path / "profile") as window:
        window.open(f"{server.address}/healthz")
        window.keep("sessionid", staff.cookies["sessionid"].value)
        window.open(f"{server.address}{PAGE}")
        assert window.run(waiting) == "0"
        queued()
        window.until(f"{waiting} === '1'")
        window.run(hide % "true" + changed)
        queued()
        time.sleep(3)
        assert window.run(waiting) == "1"
        window.run(hide % "false" + changed)
        window.until(f"{waiting} === '2'")
        assert window.run("return document.getElementById('console-stale').hidden")
        window.run("document.getElementById('console').dataset.from = '/nowhere'")
        window.until("return !document.getElementById('console-stale').hidden")


# its cost


def many_runs() -> None:
    connection = run_rows.connection()
    values = {"user": connection.user_id, "connection": connection.pk}
    with connections["owner"].cursor() as cursor:
        cursor.execute(MANY_RUNS, values)
        cursor.execute("ANALYZE sync_runs, job_failures, job_attempts")


def rows_read(work) -> tuple[int, int]:
    """How many rows of sync_runs the work reads by sequential scans, and through indexes."""
    query = (
        "SELECT seq_tup_read, idx_tup_fetch FROM pg_stat_xact_user_tables "
        "WHERE relname = 'sync_runs'"
    )
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(query)
        scanned_before, fetched_before = cursor.fetchone()
        work()
        cursor.execute(query)
        scanned, fetched_after = cursor.fetchone()
    return scanned - scanned_before, fetched_after - fetched_before


def read_everything() -> None:
    throughput.charts(console_state.active().moment)
    for read in (
        console_state.running,
        console_state.workers,
        console_state.view,
        console_state.tasks,
        console_state.groups,
        console_state.connections_by_state,
    ):
        read()


def test_a_hundred_thousand_past_runs_are_never_scanned():
    many_runs()
    scanned, first = rows_read(read_everything)
    assert scanned == 0
    assert 7_000 < first < 12_000  # the last week's, of 90 days
    scanned, again = rows_read(read_everything)
    assert scanned == 0
    assert again < 500
    assert throughput.charts(timezone.now())[2].sum.total > 6_000


def test_a_scan_of_all_runs_would_be_seen():
    """The test above can fail."""
    many_runs()
    scanned, _ = rows_read(lambda: SyncRun.objects.using("owner").filter(error="x").count())
    assert scanned == 100_000


def test_the_number_of_queries_is_always_the_same(staff):
    def queries() -> int:
        with CaptureQueriesContext(connections["owner"]) as captured:
            text_of(staff.get(PART))
        return len(captured)

    few = queries()
    for _ in range(30):
        running()
        queued()
        failures(str(uuid4()), 0.1)
        run_rows.duty()
    assert queries() <= few + 1 <= 14  # the tenants' addresses, where there are any
