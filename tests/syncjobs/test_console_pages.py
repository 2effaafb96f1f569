"""The console as pages: links, escaping, permissions, and the number of queries."""

import os
import re
import time
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from graph.database.role import as_owner
from syncjobs import worker_signs
from syncjobs.admin import console_state, throughput
from syncjobs.failures import bulk_replay
from syncjobs.models import OPERATORS, DeliveryEndpoint, SyncRun
from tests.finley import browser
from tests.graph import rows
from tests.graph.api.conftest import serving
from tests.syncjobs import run_rows
from tests.syncjobs.test_admin import HOSTILE, person, text_of
from tests.syncjobs.test_console import PAGE, PART, failures, queued, running

pytestmark = pytest.mark.usefixtures("committed", "uncounted_hours")


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
    throughput.charts(console_state.active().as_of)
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


AXE = Path(__file__).resolve().parents[2] / "build" / "assets" / "axe.min.js"
SIDEWAYS = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.skipif(not browser.installed(), reason="no chromium with its chromedriver here")
@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not here: make assets fetches it")
@pytest.mark.parametrize(
    "looks",
    [
        [(1360, "light"), (390, "dark")],
        pytest.param([(1360, "dark"), (390, "light")], marks=pytest.mark.thorough),
    ],
)
def test_the_operators_pages_are_accessible_wide_and_narrow_light_and_dark(
    staff, tmp_path, tenant, looks
):
    running(run_rows.connection(tenant.pk), progress={"items": 12})
    worker_signs.tell("w1", ["gmail_sync"])
    letters = run_rows.failures(3, run_rows.connection(tenant.pk), last_failed_at=timezone.now())
    run_rows.duty(name="recover", error="It cannot be reached.")
    batch = bulk_replay.begin([letter.pk for letter in letters], by=None)
    add_endpoint()
    saved = {"name": "mine", "query": "tries=1", "shared": "on"}
    assert staff.post("/admin/syncjobs/jobfailure/filters/save/", saved).status_code == 302
    pages = [
        PAGE,
        f"/admin/syncjobs/replaybatch/{batch.pk}/change/",
        "/admin/syncjobs/jobfailure/",
        "/admin/syncjobs/jobfailure/?tenant=tenant&tries=1",
        "/admin/syncjobs/syncrun/?since=1+d",
        "/admin/syncjobs/jobattempt/",
        "/admin/syncjobs/delivery/",
        f"/admin/syncjobs/jobfailure/{letters[0].pk}/change/",
        "/admin/syncjobs/syncconnection/",
        "/admin/syncjobs/deliveryendpoint/",
        "/admin/syncjobs/deliveryendpoint/add/",
    ]
    found = []
    with serving() as server, browser.browser(tmp_path / "profile") as window:
        window.open(f"{server.address}/healthz")
        window.keep("sessionid", staff.cookies["sessionid"].value)
        for width, scheme in looks:
            window.look_like(width, scheme)
            for page in pages:
                window.open(f"{server.address}{page}")
                found += [f"{page} {width} {scheme}: {each}" for each in faults(window)]
                if folder := os.environ.get("PICTURES"):
                    name = f"{width}-{scheme}-{page.strip('/').replace('/', '-')[:40]}.png"
                    (Path(folder) / name).write_bytes(window.picture())
    assert found == []


def add_endpoint() -> None:
    values = {"name": "pager", "channel": "email", "address": "me@example.org"}
    rows.add(DeliveryEndpoint, user_id=OPERATORS, **values)


def faults(window: browser.Browser) -> list[str]:
    """What axe finds against WCAG 2.2 AA in the page's part; and whether it scrolls sideways."""
    window.run(AXE.read_text())
    found = window.run_async(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document.querySelector('#content, main') || document,"
        " {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],"
        " resultTypes: ['violations']}).then((result) => done(result.violations.map("
        "(each) => `${each.id}: ${each.nodes[0].html} ${each.nodes[0].failureSummary}`)))"
    )
    return [*found, *(["it scrolls sideways"] if window.run(SIDEWAYS) > 0 else [])]
