"""Bulk replays: none lost, none doubled, in order, paced, stopped, and their page."""

import re
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connections
from django.utils import timezone

from graph.database.role import as_owner
from syncjobs.failures import bulk_replay
from syncjobs.models import JobFailure, ReplayBatch, ReplayItem, SyncConnection, SyncRun
from tests.syncjobs import run_rows
from tests.syncjobs.run_rows import again
from tests.syncjobs.test_admin import person, text_of

pytestmark = pytest.mark.usefixtures("own_queue")

# Every queued run ends as a worker would end it; each tenth replay fails again.
ENDED = """
WITH begun AS (
    UPDATE sync_runs
    SET status = 'running', fence = fence + 1, worker = 'w1', started_at = now(),
        lease_until = now() + interval '1 minute'
    WHERE status = 'queued'
    RETURNING id
)
SELECT count(*) FROM begun;
UPDATE sync_runs
SET status = CASE WHEN hashtext(replay_of_id::text) % 10 = 0 THEN 'failed' ELSE 'succeeded' END,
    error = 'broken', lease_until = NULL, finished_at = clock_timestamp()
WHERE status = 'running';
UPDATE job_failures
SET status = CASE WHEN hashtext(id::text) % 10 = 0 THEN 'open' ELSE 'resolved' END,
    settled_at = CASE WHEN hashtext(id::text) % 10 = 0 THEN NULL ELSE clock_timestamp() END,
    last_failed_at = greatest(last_failed_at, clock_timestamp())
WHERE status = 'replaying'
"""


def failures(count: int, accounts: int) -> list[JobFailure]:
    owned = [run_rows.connection() for _ in range(accounts)]
    each = count // accounts
    return [failure for of in owned for failure in run_rows.failures(each, of)]


def worked() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(ENDED)


def begun(rows: list[JobFailure], **options) -> ReplayBatch:
    return bulk_replay.begin([row.pk for row in rows], by=None, **options)


def finished(batch: ReplayBatch) -> bulk_replay.Progress:
    for _ in range(1_000):
        bulk_replay.advance()
        if again(batch).ended_at:
            return bulk_replay.progress(batch.pk)
        worked()
    raise AssertionError(f"it does not end: {bulk_replay.progress(batch.pk)}")


def check(count: int, accounts: int) -> bulk_replay.Progress:
    """Replay so many failures of so many accounts; none is lost, doubled or out of order."""
    rows = failures(count, accounts)
    batch = begun(rows)
    progress = finished(batch)
    replayed = SyncRun.objects.using("owner").filter(trigger="replay")
    by_failure = Counter(replayed.values_list("replay_of_id", flat=True))
    assert set(by_failure) == {row.pk for row in rows}, "none is lost"
    assert set(by_failure.values()) == {1}, "none is doubled"
    again_failed = JobFailure.objects.using("owner").filter(status="open").count()
    assert (progress.succeeded, progress.failed) == (count - again_failed, again_failed)
    assert progress.total == count
    places = {row.pk: n for n, row in enumerate(rows)}  # of each connection in their order
    for account in SyncConnection.objects.using("owner").all():
        order = replayed.filter(connection=account).order_by("created_at")
        numbers = [places[key] for key in order.values_list("replay_of_id", flat=True)]
        assert all(a < b for a, b in pairwise(numbers))
    return progress


def test_a_thousand_are_replayed_once_each_and_in_order():
    assert check(1_000, 200).failed > 0


def test_the_page_counts_what_has_ended_before_it_is_noted(staff):
    rows = failures(20, 10)
    batch = begun(rows)
    page = f"/admin/syncjobs/replaybatch/{batch.pk}/change/"
    live = page.replace("change", "progress")

    def shown() -> tuple[str, dict[str, int]]:
        text = text_of(staff.get(live))
        tiles = re.findall(r"<dt>([^<]+)</dt><dd><a[^>]*>(\d+)", text)
        return re.search(r"(\d+ of \d+) done", text)[1], {words: int(n) for words, n in tiles}

    assert shown()[0] == "0 of 20"
    bulk_replay.advance()
    assert shown()[1]["replaying"] == 10
    worked()
    done, tiles = shown()
    assert done == "10 of 20"
    assert tiles["failed again"] + tiles["succeeded"] == 10
    text = text_of(staff.get(page))
    assert text.count("<main") == 1
    assert "Stop: start no more of them" in text
    assert staff.post(page.replace("change", "stop"), follow=True).status_code == 200
    bulk_replay.advance()
    assert again(batch).ended_at
    assert shown()[1]["not started"] == 10
    assert "Stop: start" not in text_of(staff.get(page))
    assert "broken" in text_of(staff.get(f"{page}?state=stopped"))
    for wrong in ("?state=x", "?page=-1", "?page=x", "?page=9999999999999999999999"):
        assert staff.get(page + wrong).status_code == 200
    assert text_of(staff.get("/admin/syncjobs/replaybatch/")).count("bulk replay of") >= 1


def test_who_may_see_and_stop_it():
    batch = begun(failures(2, 1))
    page = f"/admin/syncjobs/replaybatch/{batch.pk}/change/"
    assert person().get(page).status_code == 403
    reader = person("view_jobfailure")
    assert reader.get(page).status_code == 200
    assert reader.post(page.replace("change", "stop")).status_code == 403
    assert again(batch).stopped_at is None


def test_a_pace_is_kept():
    batch = begun(failures(10, 10), per_minute=60)
    assert bulk_replay.advance() == {"started": 1}
    started_at = timezone.now() - timedelta(seconds=4.5)
    ReplayBatch.objects.using("owner").filter(pk=batch.pk).update(created_at=started_at)
    assert bulk_replay.advance() == {"started": 4}
    idle = timezone.now() - timedelta(minutes=9)
    ReplayBatch.objects.using("owner").filter(pk=batch.pk).update(created_at=idle, per_minute=6)
    assert bulk_replay.advance() == {"started": 1}  # 5 of the last minute, and none to catch up


def test_what_cannot_be_replayed_is_skipped_and_what_is_busy_waits():
    resolved = run_rows.failure(run_rows.connection(), status="resolved")
    free = run_rows.failure(run_rows.connection())
    taken = run_rows.connection()
    busy = run_rows.failure(taken)
    active = run_rows.run(taken, status="queued", error="")
    batch = begun([resolved, free, busy])
    assert bulk_replay.advance() == {"started": 1}
    progress = bulk_replay.progress(batch.pk)
    assert (progress.skipped, progress.started, progress.waiting) == (1, 1, 1)
    item = ReplayItem.objects.using("owner").get(failure=resolved)
    assert item.reason == "It is resolved. Reopen it first."
    with as_owner():
        SyncRun.objects.filter(pk=active.pk).update(status="cancelled", finished_at=timezone.now())
    assert bulk_replay.advance() == {"started": 1}
