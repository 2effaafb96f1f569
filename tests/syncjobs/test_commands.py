"""From the terminal: connect, sync, sandbox."""

import json
import threading
import time
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections as databases

from syncjobs import connections, queue
from syncjobs.models import SyncRun
from tests.syncjobs.api.conftest import ended, runs_of


@pytest.fixture(autouse=True)
def own_queue(committed, monkeypatch):
    monkeypatch.setattr(queue, "NAME", f"test:{uuid4()}")
    yield
    queue.forget(SyncRun.objects.using("owner").values_list("job_id", flat=True))


@pytest.fixture
def gmail(tenant):
    return connections.register(tenant.pk, "gmail", "mail")


def said(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out, stderr=StringIO())
    return out.getvalue()


def sync(tenant, *more: str) -> dict:
    return json.loads(said("sync", "--user", str(tenant.pk), "--json", *more))


def test_a_connection_is_registered(tenant):
    arguments = ("connect", "--user", tenant.email, "--provider", "gdrive", "--nango-id", "d")
    document = json.loads(said(*arguments, "--every", "3600", "--json"))
    (connection,) = connections.listed(tenant.pk)
    assert document == {"connection": str(connection.pk), "provider": "gdrive", "state": "alive"}
    assert connection.sync_every.total_seconds() == 3600
    with pytest.raises(CommandError, match="already registered"):
        said(*arguments)
    assert "Connected Google Drive e:" in said(*arguments[:-1], "e")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--user", "nobody@example.org"], "No user"),
        (["--every", "59"], "60 seconds"),
        (["--provider", "icloud"], "invalid choice"),
    ],
)
def test_what_cannot_be_connected_is_said(tenant, given, says):
    usual = ["--user", tenant.email, "--provider", "gmail", "--nango-id", "x"]
    with pytest.raises(CommandError, match=says):
        said("connect", *usual, *given)
    assert connections.listed(tenant.pk) == []


def test_a_sync_is_accepted_by_id_or_by_provider(tenant, gmail):
    report = sync(tenant, "--connection", "gmail", "--full")
    assert (report["status"], report["connection"]) == ("queued", str(gmail.pk))
    (run,) = runs_of(gmail)
    assert (str(run.pk), run.payload) == (report["run"], {"full": True})
    with pytest.raises(CommandError, match="queued or running"):
        sync(tenant, "--connection", str(gmail.pk))


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("dropbox", "no dropbox connection"),
        ("icloud", "neither an id nor one of"),
        ("7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f", "no such connection"),
    ],
)
def test_what_cannot_be_synced_is_said(tenant, gmail, named, says):
    with pytest.raises(CommandError, match=says):
        sync(tenant, "--connection", named)


def test_another_tenants_connection_is_not_synced(other_tenant, gmail):
    with pytest.raises(CommandError, match="no such connection"):
        sync(other_tenant, "--connection", str(gmail.pk))


def test_two_of_a_provider_are_told_apart(tenant, gmail):
    other = connections.register(tenant.pk, "gmail", "work")
    with pytest.raises(CommandError, match=str(other.pk)):
        sync(tenant, "--connection", "gmail")


def worked(gmail, error: str = "") -> threading.Thread:
    """A worker that ends the connection's next run."""

    def work() -> None:
        try:
            until = time.monotonic() + 20
            while not (result := runs_of(gmail)) and time.monotonic() < until:
                time.sleep(0.05)
            time.sleep(0.2)
            ended(result[0].pk, error)
        finally:
            databases.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_it_waits_and_shows_how_it_goes(tenant, gmail):
    working, err, out = worked(gmail), StringIO(), StringIO()
    arguments = ("--user", str(tenant.pk), "--connection", "gmail", "--wait")
    call_command("sync", *arguments, stdout=out, stderr=err)
    working.join()
    assert "queued" in err.getvalue()
    assert "succeeded, attempt 1" in out.getvalue()


def test_a_sync_that_fails_is_said_and_is_no_success(tenant, gmail):
    working = worked(gmail, "Connect Gmail again.")
    with pytest.raises(CommandError, match=r"^Connect Gmail again\.$"):
        sync(tenant, "--connection", "gmail", "--wait")
    working.join()


def test_the_sandbox_says_how_to_use_it(monkeypatch):
    seeds = []

    async def serve(world, host, port, stop, listening) -> None:
        listening("http://127.0.0.1:1")
        seeds.append(world.seed)

    monkeypatch.setattr("syncjobs.sandbox.command.serve", serve)
    lines = said("sandbox", "--seed", "9").splitlines()
    assert lines[1:] == ["NANGO_HOST=http://127.0.0.1:1", "NANGO_SECRET_KEY=sandbox"]
    assert seeds == [9]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"a": 7}', '{"a": {}}', '{"a": {"provider": "icloud"}}'], ids=repr
)
def test_a_wrong_file_of_connections_is_said(tmp_path, text):
    path = tmp_path / "connections.json"
    path.write_text(text)
    with pytest.raises(CommandError, match=r"connections\.json"):
        said("sandbox", "--connections", str(path))


def test_a_taken_port_is_said():
    with pytest.raises(CommandError, match="cannot listen"):
        said("sandbox", "--host", "192.0.2.1", "--port", "1")
