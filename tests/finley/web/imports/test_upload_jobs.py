"""The jobs that read uploaded files: told again, given up, waiting for their turn, and done."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from arq import Retry, create_pool
from arq.connections import RedisSettings
from django.db import connections

from graph.database.tenancy import tenant_transaction
from syncjobs.models import Upload
from syncjobs.uploads import enqueue_uploads, upload_supervisor
from tests.finley.web.conftest import text_of
from tests.finley.web.imports.test_import_choices import ORDER
from tests.finley.web.imports.test_imports import events, newest, send
from tests.syncjobs import workers


def test_what_redis_lost_is_told_again_and_what_never_ends_is_given_up(client, quiet):
    upload = send(client)
    owned = Upload.objects.using("owner").filter(pk=upload.pk)
    owned.update(updated_at="2024-01-01T00:00:00Z")
    assert enqueue_uploads.recovered() == 0, "Redis knows its job"
    workers.clean(quiet)
    assert enqueue_uploads.recovered() == 1
    assert newest().jobs == upload.jobs + 1
    owned.update(updated_at="2024-01-01T00:00:00Z", tries=enqueue_uploads.TRIES)
    enqueue_uploads.recovered()
    assert newest().state == "failed"
    assert enqueue_uploads.unseen(upload.job_id)
    assert not enqueue_uploads.unseen("x")


def test_recovery_waits_for_no_row_that_a_running_import_holds(client, tenant, quiet):
    locked, other = send(client), send(client, ORDER, "dates.csv")
    owned = Upload.objects.using("owner").filter(user_id=tenant.pk)
    owned.update(updated_at="2024-01-01T00:00:00Z", tries=enqueue_uploads.TRIES)
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET lock_timeout = '2s'")
    try:
        with tenant_transaction(tenant.pk):
            Upload.objects.select_for_update().get(pk=locked.pk)
            assert enqueue_uploads.recovered() == 1
    finally:
        with connections["owner"].cursor() as cursor:
            cursor.execute("RESET lock_timeout")
    states = dict(owned.values_list("pk", "state"))
    assert states == {locked.pk: "reading", other.pk: "failed"}


def test_an_upload_that_waits_for_its_turn_holds_no_slot(own_queue, settings):
    async def second_of_two() -> int:
        redis = await create_pool(RedisSettings.from_dsn(str(settings.REDIS_URL)))
        job = {"job_id": "waits:1", "job_try": 1, "redis": redis}
        await redis.set(f"arq:retry:{job['job_id']}", 1, ex=60)
        async with upload_supervisor._turn:
            with pytest.raises(Retry) as retried:
                await upload_supervisor.run(job, "tenant/upload")
        tries = int(await redis.get(f"arq:retry:{job['job_id']}"))
        await redis.aclose()
        assert retried.value.defer_score == 1_000
        return tries

    assert asyncio.run(second_of_two()) == 0, "the attempt does not count"


def test_a_worker_reads_and_imports_it(client, tenant, own_queue, tmp_path: Path):
    with workers.worker(tmp_path / "worker.log", ARQ_JOB_TIMEOUT="60"):
        upload = send(client)
        wait_for(upload, "ready")
        assert re.search("Acme Wool Ltd", text_of(client.get(f"/import/{upload.pk}/")))
        client.post(f"/import/{upload.pk}/confirm/")
        wait_for(upload, "done")
    assert events(tenant) == 6


def wait_for(upload: Upload, state: str, seconds: float = 60) -> None:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        upload.refresh_from_db()
        if upload.state == state:
            return
        time.sleep(0.2)
    raise AssertionError(f"{upload.state}: {upload.error}")
