"""A tenant's owner exports everything, and has everything erased, over the API."""

import errno
import hashlib
import io
import json
import zipfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import IntegrityError, connections, transaction
from django.db.models import F
from redis import Redis
from rest_framework.test import APIClient

from finley.models import Erasure, Role, User
from finley.tenant_data import erase, erasure_requests, export_requests, work
from graph.database.role import as_owner
from graph.view import refresh
from syncjobs.models import TenantExport, TenantExportPiece
from tests.conftest import client_of
from tests.finley.api.test_session import member_of, signed_in
from tests.finley.test_tenant_data import CANARY, found, full, in_redis, quick  # noqa: F401
from tests.finley.web.conftest import PASSWORD
from tests.leaks import whole
from tests.problems import wrong as wrong_fields

V1 = "/api/v1/"


@pytest.fixture
def owner(full) -> User:  # noqa: F811
    with as_owner():
        full.set_password(PASSWORD)
        full.save()
    return full


@pytest.fixture
def browser(owner) -> APIClient:
    return signed_in(APIClient(), owner)


def downloaded(browser: APIClient, export: dict) -> bytes:
    answer = browser.get(f"{V1}exports/{export['id']}/file/")
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"] == "application/zip"
    assert answer["Cache-Control"] == "private, no-store"
    return async_to_sync(whole)(answer)


def due() -> None:
    """Let the time until the erasure pass."""
    with as_owner():
        Erasure.objects.update(erase_at=F("erase_at") - timedelta(days=2))


def test_an_export_is_made_by_a_worker_and_brings_the_same_tenant_back(
    browser, owner, tmp_path, monkeypatch
):
    monkeypatch.setattr("syncjobs.models.exports.PIECE_BYTES", 4_096)
    monkeypatch.setattr(export_requests, "PIECE_BYTES", 4_096)
    answer = browser.post(f"{V1}exports/")
    assert answer.status_code == 202, answer.content
    export = answer.json()
    assert (export["state"], export["requested_by"]) == ("waiting", owner.email)
    assert answer["Location"].endswith(f"{V1}exports/{export['id']}/")
    assert browser.get(f"{V1}exports/{export['id']}/file/").status_code == 400, "no file yet"
    assert browser.delete(f"{V1}exports/{export['id']}/").status_code == 400
    assert browser.post(f"{V1}exports/").status_code == 429, "one at a time"
    assert work.work()["exports"] == 1
    (export,) = browser.get(f"{V1}exports/").json()["results"]
    data = downloaded(browser, export)
    assert export["state"] == "done"
    assert len(data) == export["size"] > 3 * 4_096, "several pieces"
    assert hashlib.sha256(data).hexdigest() == export["sha256"]
    (tmp_path / "download.zip").write_bytes(data)
    before = _sums(data)
    assert "tables/tenant_exports.jsonl" not in before
    erase.erase(owner)
    call_command("tenant", "import", str(tmp_path / "download.zip"))
    refresh.refresh()
    call_command("tenant", "export", user=str(owner.pk), into=tmp_path / "again.zip")
    assert _sums((tmp_path / "again.zip").read_bytes()) == before


def _sums(data: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return json.loads(archive.read("manifest.json"))["sha256"]


def test_only_an_owner_s_session_gets_an_export(browser, owner, other_tenant):
    browser.post(f"{V1}exports/")
    work.work()
    (export,) = browser.get(f"{V1}exports/").json()["results"]
    paths = [f"{V1}exports/", *(f"{V1}exports/{export['id']}/{end}" for end in ("", "file/"))]
    token = client_of(owner)
    assert {token.get(path).status_code for path in paths} == {403}
    assert token.post(f"{V1}exports/").status_code == 403
    reviewer = signed_in(APIClient(), member_of(owner, Role.REVIEWER), owner)
    assert {reviewer.get(path).status_code for path in paths} == {403}
    assert reviewer.post(f"{V1}exports/").status_code == 403
    with as_owner():
        other_tenant.set_password(PASSWORD)
        other_tenant.save()
    stranger = signed_in(APIClient(), other_tenant)
    assert stranger.get(paths[0]).json() == {"results": []}
    assert {stranger.get(path).status_code for path in paths[1:]} == {404}
    assert stranger.delete(paths[1]).status_code == 404
    assert {APIClient().get(path).status_code for path in paths} == {401}
    assert browser.delete(paths[1]).status_code == 204
    assert browser.get(paths[2]).status_code == 404
    with as_owner():
        assert not TenantExportPiece.objects.exists()


def test_exports_are_few_and_their_files_do_not_stay(browser, owner):
    for _ in range(export_requests.MOST_A_DAY):
        assert browser.post(f"{V1}exports/").status_code == 202
        work.work()
    answer = browser.post(f"{V1}exports/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "3600")
    with as_owner():
        TenantExport.objects.update(
            updated_at=F("updated_at") - timedelta(hours=25),
            expires_at=F("expires_at") - timedelta(hours=25),
        )
    assert browser.get(f"{V1}exports/").json() == {"results": []}
    assert work.work()["expired"] > 0
    with as_owner():
        assert not TenantExport.objects.exists()
        assert not TenantExportPiece.objects.exists()


def test_an_export_whose_worker_dies_is_made_again_and_given_up_in_the_end(
    browser, owner, monkeypatch
):
    browser.post(f"{V1}exports/")
    monkeypatch.setattr(export_requests.archive, "export", _dies)
    for _ in range(export_requests.TRIES):
        with pytest.raises(SystemExit):
            work.work()
        assert work.work()["exports"] == 0, "another worker may still make it"
        lease_over()
    work.work()
    (export,) = browser.get(f"{V1}exports/").json()["results"]
    assert (export["state"], export["error"]) == ("failed", export_requests.GIVEN_UP)


def test_what_a_dead_worker_had_written_is_deleted(browser, owner, settings, monkeypatch):
    folder = Path(settings.STATE_DIR) / "exports"
    folder.mkdir(parents=True)
    (folder / ".tenant.zip.part").write_text(CANARY)
    work.work()
    assert not folder.exists()
    browser.post(f"{V1}exports/")
    monkeypatch.setattr(export_requests.archive, "export", _disk_is_full)
    work.work()
    (export,) = browser.get(f"{V1}exports/").json()["results"]
    assert export["error"] == "The file could not be written: No space left on device."
    assert list(folder.iterdir()) == []


def lease_over() -> None:
    """Let the time pass after which a worker is taken for dead."""
    with as_owner():
        TenantExport.objects.update(
            updated_at=F("updated_at") - export_requests.LEASE - timedelta(seconds=1)
        )


def test_deleted_exports_are_counted(browser, owner):
    for _ in range(export_requests.MOST_A_DAY):
        address = f"{V1}exports/{browser.post(f'{V1}exports/').json()['id']}/"
        work.work()
        assert browser.delete(address).status_code == 204
        assert browser.get(address).status_code == 404
        assert browser.delete(address).status_code == 404
    assert browser.get(f"{V1}exports/").json() == {"results": []}
    assert browser.post(f"{V1}exports/").status_code == 429
    with as_owner():
        assert not TenantExportPiece.objects.exists()


def _disk_is_full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _dies(*_: object) -> None:
    raise SystemExit


def test_a_tenant_is_erased_after_the_wait_and_only_the_certificate_is_left(
    browser, owner, other_tenant, settings
):
    for wrong in ("", "yes", other_tenant.email):
        refused = browser.post(f"{V1}erasure/", {"confirm": wrong}, format="json")
        assert refused.status_code == 400
        assert wrong_fields(refused).keys() == {"confirm"}
    asked = browser.post(f"{V1}erasure/", {"confirm": owner.email.upper()}, format="json")
    assert asked.status_code == 202, asked.content
    certificate = asked.json()["certificate"]
    assert browser.get(f"{V1}erasure/").json()["state"] == "waiting"
    assert browser.post(f"{V1}erasure/", {"confirm": owner.email}, format="json").status_code == 400
    assert work.work()["erasures"] == 0, "the wait is not over"
    assert APIClient().get(certificate).json()["state"] == "waiting"
    due()
    assert work.work()["erasures"] == 1
    assert APIClient().get(certificate).json() == {
        "state": "begun", "erase_at": None, "certificate": None,
    }  # fmt: skip
    assert work.work()["erasures"] == 1, "again, for tokens that other processes still accept"
    assert found(CANARY, str(owner.pk), owner.pk.hex) == []
    with closing(Redis.from_url(str(settings.REDIS_URL))) as redis:
        assert in_redis(str(owner.pk), redis) == []
    assert not list(Path(settings.STATE_DIR).rglob("*.csv"))
    answer = APIClient().get(certificate).json()
    assert answer["state"] == "ended"
    statement = answer["certificate"]
    assert statement["tenant"] == str(owner.pk)
    assert statement["rows_erased"]["finley_user"] == 1
    assert statement["files_erased"] == 1
    assert statement["rows_kept"] == {}
    assert browser.get(f"{V1}session/").json()["person"] is None
    assert work.work()["erasures"] == 0
    with as_owner():
        assert User.objects.filter(pk=other_tenant.pk).exists()
        Erasure.objects.update(ended_at=F("ended_at") - timedelta(days=91))
    work.work()
    assert APIClient().get(certificate).status_code == 404


def test_an_erasure_can_be_cancelled_until_it_begins(browser, owner):
    assert browser.delete(f"{V1}erasure/").status_code == 404
    browser.post(f"{V1}erasure/", {"confirm": owner.email}, format="json")
    assert browser.delete(f"{V1}erasure/").status_code == 204
    due()
    assert work.work()["erasures"] == 0
    assert browser.get(f"{V1}erasure/").json()["state"] == "none"


def test_only_the_tenant_s_own_user_has_it_erased(owner):
    body = {"confirm": owner.email}
    assert client_of(owner).post(f"{V1}erasure/", body, format="json").status_code == 403
    assert APIClient().post(f"{V1}erasure/", body, format="json").status_code == 401
    partner = signed_in(APIClient(), member_of(owner, Role.OWNER), owner)
    assert partner.get(f"{V1}erasure/").json()["state"] == "none"
    refused = partner.post(f"{V1}erasure/", body, format="json")
    assert refused.status_code == 400
    assert wrong_fields(refused).keys() == {"tenant"}
    with as_owner():
        assert not Erasure.objects.exists()


@pytest.mark.parametrize("who", ["operator", "owner"])
def test_a_legal_hold_keeps_the_books(browser, owner, who):
    body = {"confirm": owner.email}
    if who == "owner":
        body["legal_hold"] = "HGB 257"
    with as_owner():
        User.objects.filter(pk=owner.pk).update(legal_hold="HGB 257" if who == "operator" else "")
    certificate = browser.post(f"{V1}erasure/", body, format="json").json()["certificate"]
    due()
    work.work()
    work.work()
    statement = APIClient().get(certificate).json()["certificate"]
    assert statement["legal_hold"] == "HGB 257"
    assert statement["rows_kept"]["raw_events"] > 0
    assert not User.objects.using("owner").filter(pk=owner.pk).exists()


def test_what_a_dead_worker_had_erased_is_in_the_certificate(browser, owner, monkeypatch, settings):
    """It dies after the rows are deleted, before the files are."""
    browser.post(f"{V1}erasure/", {"confirm": owner.email}, format="json")
    certificate = browser.get(f"{V1}erasure/")
    assert certificate.json()["state"] == "waiting"
    with monkeypatch.context() as patch:
        patch.setattr(erase, "_emptied", _dies)
        due()
        with pytest.raises(SystemExit):
            work.work()
    assert list(Path(settings.STATE_DIR).rglob("*.csv"))
    due()
    work.work()
    assert not list(Path(settings.STATE_DIR).rglob("*.csv"))
    with as_owner():
        (row,) = Erasure.objects.all()
        statement = erasure_requests._unsealed(row)["certificate"]
    assert statement["rows_erased"]["finley_user"] == 1
    assert statement["rows_erased"]["raw_events"] > 0
    assert statement["files_erased"] == 1


def test_a_certificate_s_address_cannot_be_guessed_for_long(committed, settings):
    settings.FAILED_TOKENS_PER_MINUTE = 3
    where = {"REMOTE_ADDR": "192.0.2.77"}
    answers = [APIClient().get(f"{V1}erasures/guess{n}/", **where).status_code for n in range(6)]
    assert answers[0] == 404
    assert answers[-1] == 429


def test_an_ended_erasure_cannot_name_its_tenant(owner):
    with (
        as_owner(),
        pytest.raises(IntegrityError, match="forgets_the_tenant"),
        transaction.atomic(using="owner"),
    ):
        Erasure(
            tenant_id=owner.pk, digest="d", erase_at="2026-01-01T00:00Z",
            ended_at="2026-01-02T00:00Z",
        ).save(force_insert=True)  # fmt: skip
    connections["owner"].close()
