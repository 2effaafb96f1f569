"""What an operator does in the admin: sync now, pause, resume, cancel."""

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from finley.models import User
from graph.database.role import as_owner
from syncjobs import run_state, worker_signs
from syncjobs.admin import console_state, selected_actions
from syncjobs.models import SyncConnection, SyncRun, WorkerProcess
from tests.syncjobs import run_rows
from tests.syncjobs.burst import work
from tests.syncjobs.run_rows import again
from tests.syncjobs.test_admin import person, text_of
from tests.syncjobs.test_console import running

pytestmark = [
    pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning"),
    pytest.mark.usefixtures("own_queue"),
]

CONNECTIONS, RUNS = (f"/admin/syncjobs/{name}/" for name in ("syncconnection", "syncrun"))


@pytest.fixture
def staff(committed) -> Client:
    client = Client()
    with as_owner():
        client.force_login(User.objects.create_superuser("staff@example.org"))
    return client


def act(client: Client, place: str, name: str, *selected, across: bool = False):
    ids = [str(row.pk) for row in selected]
    posted = {"action": name, "_selected_action": ids, "select_across": "1" if across else "0"}
    return client.post(place, {**posted, "index": "0"})


def said(response) -> list[str]:
    """The messages of this response; earlier ones that no page has shown are left out."""
    return [str(message) for message in response.wsgi_request._messages._queued_messages]


def page(row) -> str:
    return reverse(f"admin:syncjobs_{row._meta.model_name}_change", args=[row.pk])


def buttons(client: Client, row) -> set[str]:
    text = text_of(client.get(page(row)))
    names = {"sync_now", "sync_fully", "pause", "resume", "cancel"}
    return {name for name in names if f'name="action" value="{name}"' in text}


def entries(row) -> list[tuple[str, str]]:
    log = LogEntry.objects.using("owner").filter(object_id=str(row.pk)).order_by("pk")
    return [(entry.user.email, entry.change_message) for entry in log]


@pytest.mark.parametrize(("name", "payload"), [("sync_now", {}), ("sync_fully", {"full": True})])
def test_a_sync_is_requested_and_logged(staff, name, payload):
    connection = run_rows.connection(cursor={"at": 7})
    response = act(staff, CONNECTIONS, name, connection)
    run = SyncRun.objects.using("owner").get(connection=connection)
    assert (run.status, run.trigger, run.payload) == ("queued", "request", payload)
    assert run.enqueued_at is not None
    assert again(connection).cursor == (None if payload else {"at": 7})
    (entry,) = entries(connection)
    assert entry[0] == "staff@example.org"
    assert said(response) == [f"{entry[1]} (1 of 1)."]


def test_a_selection_is_synced_and_what_cannot_be_is_said(staff):
    eligible = [run_rows.connection() for _ in range(3)]
    active = run_rows.connection()
    running(active)
    paused, removed = (run_rows.connection(state=state) for state in ("paused", "removed"))
    response = act(staff, CONNECTIONS, "sync_now", *eligible, active, paused, removed)
    assert set(said(response)) == {
        "Sync requested (3 of 6).",
        "1 skipped: A sync of this connection is queued or running.",
        "1 skipped: This connection is paused. Resume it first.",
        "1 skipped: This connection was removed.",
    }
    synced = SyncRun.objects.using("owner").filter(status="queued").values_list("connection_id")
    assert {key for (key,) in synced} == {connection.pk for connection in eligible}
    assert entries(active) == entries(paused) == []


def test_a_connection_is_paused_and_resumed(staff):
    connection, dead = run_rows.connection(), run_rows.connection(state="dead")
    assert said(act(staff, CONNECTIONS, "pause", connection, dead)) == [
        "Paused (1 of 2).",
        "1 skipped: A dead connection cannot become paused. Connect Gmail again, or request a "
        "sync, which checks the connection.",
    ]
    assert (again(connection).state, again(dead).state) == ("paused", "dead")
    assert said(act(staff, CONNECTIONS, "pause", connection)) == [
        "1 skipped: The connection is paused already."
    ]
    assert said(act(staff, CONNECTIONS, "resume", connection)) == ["Resumed (1 of 1)."]
    assert again(connection).state == "alive"
    assert [message for _, message in entries(connection)] == ["Paused", "Resumed"]


def test_a_run_is_cancelled_at_once_or_by_its_worker(staff):
    connection = run_rows.connection()
    failure = run_rows.failure(connection, status="replaying")
    queued = run_rows.run(
        connection, status="queued", error="", trigger="replay", replay_of=failure
    )
    active, ended = running(), run_rows.run(run_rows.connection())
    messages = said(act(staff, RUNS, "cancel", queued, active, ended))
    assert set(messages) == {
        "Cancelled (1 of 3).",
        "Cancellation requested; the worker ends the run within seconds (1 of 3).",
        "1 skipped: This run has already failed.",
    }
    assert (again(queued).status, again(failure).status) == ("cancelled", "open")
    assert again(active).status == "running"
    assert again(active).cancel_requested_at <= timezone.now()
    assert [len(entries(run)) for run in (queued, active, ended)] == [1, 1, 0]


def test_pages_offer_what_makes_sense_now(staff):
    for state, offered in [
        ("alive", {"sync_now", "sync_fully", "pause"}),
        ("suspect", {"sync_now", "sync_fully", "pause"}),
        ("dead", {"sync_now", "sync_fully"}),
        ("paused", {"resume"}),
        ("removed", set()),
    ]:
        assert buttons(staff, run_rows.connection(state=state)) == offered, state
    assert buttons(staff, running()) == {"cancel"}
    assert buttons(staff, run_rows.run(run_rows.connection())) == set()


def test_a_button_acts_on_its_row_alone(staff):
    connection, other = run_rows.connection(), run_rows.connection()
    text = text_of(staff.get(page(connection)))
    place = text.split('class="buttons operate" method="post" action="')[1].split('"')[0]
    response = act(staff, place, "pause", connection)
    assert response.url == place
    assert (again(connection).state, again(other).state) == ("paused", "alive")


def test_too_many_are_refused_whole(staff, monkeypatch):
    monkeypatch.setattr(selected_actions, "MOST_AT_ONCE", 2)
    rows = [run_rows.connection() for _ in range(3)]
    assert "at most 2" in said(act(staff, CONNECTIONS, "pause", *rows))[0]
    assert {again(row).state for row in rows} == {"alive"}


@pytest.mark.parametrize(
    ("permissions", "may"),
    [(["view_syncconnection", "view_syncrun"], False), (["change_syncconnection"], True)],
)
def test_only_those_who_may_operate(permissions, may):
    client = person("view_syncconnection", "view_syncrun", *permissions)
    connection, run = run_rows.connection(), running()
    assert bool(buttons(client, connection)) == may
    assert buttons(client, run) == set()
    act(client, CONNECTIONS, "sync_now", connection)
    act(client, RUNS, "cancel", run)
    assert SyncRun.objects.using("owner").filter(connection=connection).exists() == may
    assert again(run).cancel_requested_at is None


def test_forged_posts_are_refused():
    client = person("view_syncconnection", "change_syncconnection", enforce_csrf_checks=True)
    connection = run_rows.connection()
    assert act(client, CONNECTIONS, "pause", connection).status_code == 403
    assert SyncConnection.objects.using("owner").get().state == "alive"


# workers, logs, providers


def test_a_worker_tells_of_itself_until_it_stops(staff, own_queue):
    run_rows.duty(name="recover", worker="w9")
    worker_signs.tell("w9", ["gmail_sync", "gmail_sync"])
    worker_signs.tell("w9", ["gmail_sync"])
    (worker,) = console_state.workers()
    assert (worker.name, worker.kinds) == ("w9", "1 gmail_sync")
    assert worker.version == worker_signs.version()
    assert worker.started_at < worker.seen_at
    assert worker.version in text_of(staff.get("/admin/console/"))
    worker_signs.forget("w9")
    assert console_state.workers() == []
    work()  # a real worker forgets itself
    assert not WorkerProcess.objects.using("owner").exists()


def test_the_log_of_a_run_keeps_its_last_saves(staff, monkeypatch):
    monkeypatch.setattr(run_state, "LOG_LINES", 3)
    run = run_rows.run(run_rows.connection(), status="queued", error="")
    request = run_state.ClaimRequest(run.pk, run.job_id, 1)
    (claim,) = run_state.claimed([request], "w1")
    for number in range(1, 6):
        save = run_state.Save({"items": number - 1, "note": "x"})
        save.progress["items"] = number * 2
        with run_state.fenced(claim, save):
            pass
    lines = again(run).log
    assert len(lines) == 3
    assert lines[-1].endswith("attempt 1 saved: +6 items")
    page = text_of(staff.get(f"/admin/syncjobs/syncrun/{run.pk}/change/"))
    assert lines[0] in page.replace("&#x27;", "'")
    (shown,) = console_state.running()
    assert shown.progress == "10 items"


def test_a_provider_is_paused_and_resumed_as_a_whole(staff):
    alive, suspect = run_rows.connection(), run_rows.connection(state="suspect")
    by_hand = run_rows.connection(state="paused")
    other = run_rows.connection(provider="dropbox")
    listed = "/admin/syncjobs/syncconnection/"
    place = f"{listed}provider/gmail/"
    assert person("view_syncconnection").post(place, {"do": "pause"}).status_code == 403
    assert "2 connections of gmail paused" in text_of(
        staff.post(place, {"do": "pause"}, follow=True)
    )
    states = [again(row).state for row in (alive, suspect, by_hand, other)]
    assert states == ["paused", "paused", "paused", "alive"]
    assert "Resume 2" in text_of(staff.get(listed))
    staff.post(place, {"do": "resume"})
    states = [again(row).state for row in (alive, suspect, by_hand, other)]
    assert states == ["alive", "alive", "paused", "alive"]
