"""Exports and erasures while something else happens: a cancellation, an upload, another worker."""

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connections, transaction
from django.db.models import F
from django.db.models.functions import Now
from rest_framework.test import APIClient

from finley.auth import members
from finley.models import Erasure, Role, User
from finley.tenant_data import erase, erasure_requests, export_requests, work
from graph.database.role import as_owner
from graph.errors import QuestionError
from syncjobs.models import TenantExport, TenantExportPiece
from syncjobs.uploads import lifecycle
from tests.finley.api.test_tenant_data import (
    V1,
    browser,  # noqa: F401
    downloaded,
    due,
    lease_over,
    owner,  # noqa: F401
)
from tests.finley.test_tenant_data import CANARY, found, full, quick  # noqa: F401
from tests.graph.api.conftest import books, both_books, their_books  # noqa: F401
from tests.graph.ingest.processes import until, waiting


def _before(monkeypatch, module, name: str, act) -> None:
    """Let the function `name` of the module do something first, once."""
    original = getattr(module, name)

    def first(*args, **options):
        monkeypatch.setattr(module, name, original)
        act()
        return original(*args, **options)

    monkeypatch.setattr(module, name, first)


def _cancel(browser: APIClient, status: int) -> None:  # noqa: F811
    answer = browser.delete(f"{V1}erasure/")
    assert answer.status_code == status, answer.content


def in_thread(pool: ThreadPoolExecutor, act, *args) -> Future:
    """Do it in a thread, with connections of its own."""

    def then_close():
        try:
            return act(*args)
        finally:
            connections.close_all()

    return pool.submit(then_close)


def test_an_erasure_that_is_cancelled_while_its_worker_waits_is_not_carried_out(
    browser,  # noqa: F811
    owner,  # noqa: F811
    monkeypatch,
):
    browser.post(f"{V1}erasure/", {"confirm": owner.email}, format="json")
    due()
    _before(monkeypatch, erase, "alone", lambda: _cancel(browser, 204))
    work.work()
    with as_owner():
        assert not Erasure.objects.exists()
        assert User.objects.filter(pk=owner.pk).exists()
    assert found(CANARY)


def test_a_cancellation_during_the_erasure_waits_and_is_refused(browser, owner, monkeypatch):  # noqa: F811
    browser.post(f"{V1}erasure/", {"confirm": owner.email}, format="json")
    due()
    answers = []
    with ThreadPoolExecutor(1) as pool:

        def cancels() -> None:
            access = members.Access(owner, owner.pk, owner.email, Role.OWNER)
            answers.append(in_thread(pool, erasure_requests.cancel, access))
            until(lambda: waiting("transactionid") > 0)

        _before(monkeypatch, erase, "_account", cancels)
        assert work.work()["erasures"] == 1
        with pytest.raises(QuestionError, match="has begun"):
            answers[0].result()
    assert found(CANARY) == []


def test_two_workers_on_one_erasure_count_once(browser, owner, monkeypatch):  # noqa: F811
    """The second takes over while the first waits, and carries out the whole erasure."""
    certificate = browser.post(f"{V1}erasure/", {"confirm": owner.email}, format="json").json()
    due()

    def takes_over() -> None:
        due()
        work.work()
        work.work()

    _before(monkeypatch, erase, "alone", takes_over)
    work.work()
    statement = APIClient().get(certificate["certificate"]).json()["certificate"]
    assert statement["rows_erased"]["finley_user"] == 1
    assert statement["rows_erased"]["raw_events"] > 0


def test_a_worker_that_comes_back_does_not_overwrite_the_certificate(browser, owner, monkeypatch):  # noqa: F811
    """It has deleted the rows when another takes over, and still removes files afterwards."""
    certificate = browser.post(f"{V1}erasure/", {"confirm": owner.email}, format="json").json()
    due()

    def takes_over() -> None:
        due()
        work.work()

    _before(monkeypatch, erase, "_emptied", takes_over)
    work.work()
    answer = APIClient().get(certificate["certificate"]).json()
    assert answer["state"] == "ended"
    assert answer["certificate"]["rows_erased"]["finley_user"] == 1


def test_an_erasure_that_fails_blocks_neither_others_nor_the_deletion_of_exports(
    browser,  # noqa: F811
    owner,  # noqa: F811
    other_tenant,
    monkeypatch,
):
    browser.post(f"{V1}exports/")
    work.work()
    browser.post(f"{V1}erasure/", {"confirm": owner.email}, format="json")
    due()
    with as_owner():
        Erasure(tenant_id=other_tenant.pk, digest="d", erase_at=Now()).save(force_insert=True)
        TenantExport.objects.update(updated_at=F("updated_at") - timedelta(hours=25))

    def fails() -> None:
        raise OperationalError("deadlock detected")

    _before(monkeypatch, erase, "alone", fails)
    with pytest.raises(OperationalError, match="deadlock"):
        work.work()
    with as_owner():
        assert not TenantExport.objects.exists(), "expired"
        assert User.objects.filter(pk=owner.pk).exists()
    assert work.work()["erasures"] == 1
    with as_owner():
        assert not User.objects.filter(pk=other_tenant.pk).exists(), "the other is not blocked"
        assert User.objects.filter(pk=owner.pk).exists(), "not due again yet"
    due()
    work.work()
    work.work()
    with as_owner():
        assert not User.objects.filter(pk=owner.pk).exists(), "tried again"


def test_a_waiting_erasure_lets_an_upload_be_imported_first(owner):  # noqa: F811
    """An import locks the upload's row, then takes the lock of imports. No deadlock follows."""
    lifecycle.begin(owner.pk, "books.csv", 5, owner.email)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute("SELECT FROM uploads WHERE user_id = %s FOR UPDATE", [owner.pk])
            erasing = in_thread(pool, erase.erase, owner)
            until(lambda: waiting("transactionid") > 0)
            key = f"import {owner.pk}"
            cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [key])
            assert cursor.fetchone() == (True,)
        assert erasing.result().rows["uploads"] == 1


def test_two_workers_on_one_export_store_it_once(browser, owner, monkeypatch):  # noqa: F811
    """The second takes over while the first is making the file."""
    browser.post(f"{V1}exports/")

    def takes_over() -> None:
        assert work.work()["exports"] == 0, "the lease has not run out"
        lease_over()
        assert work.work()["exports"] == 1

    _before(monkeypatch, export_requests, "_keep", takes_over)
    assert work.work()["exports"] == 1
    (export,) = browser.get(f"{V1}exports/").json()["results"]
    assert hashlib.sha256(downloaded(browser, export)).hexdigest() == export["sha256"]


def test_nothing_is_stored_of_an_export_whose_tenant_was_erased_meanwhile(
    browser,  # noqa: F811
    owner,  # noqa: F811
    monkeypatch,
):
    browser.post(f"{V1}exports/")
    _before(monkeypatch, export_requests, "_keep", lambda: erase.erase(owner))
    work.work()
    with as_owner():
        assert not TenantExportPiece.objects.exists()
