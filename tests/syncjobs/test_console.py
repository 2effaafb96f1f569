"""The admin's first page: what runs, waits and failed, read from PostgreSQL at a bounded cost."""

from datetime import timedelta

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from graph.view import maintenance, refresh
from syncjobs.admin import charts, console_state, durations, throughput
from syncjobs.models import JobFailure
from tests.graph import rows
from tests.syncjobs import run_rows

pytestmark = pytest.mark.usefixtures("committed", "uncounted_hours")

PAGE, PART = "/admin/", "/admin/console/"


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
