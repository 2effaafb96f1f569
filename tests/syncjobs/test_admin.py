"""The admin of dead letters and of the ledger: seen, searched, acted on by those who may."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from finley.models import User
from graph.database.role import as_owner
from syncjobs.models import JobFailure, SyncConnection, SyncRun
from tests.syncjobs import run_rows
from tests.syncjobs.run_rows import WHEN, again

pytestmark = pytest.mark.usefixtures("own_queue")

LIST = "/admin/syncjobs/jobfailure/"
GROUPS = f"{LIST}groups/"
HOSTILE = "<script>alert(1)</script><b>'\"&"
DEEDS = ["replay", "resolve", "ignore", "discard", "reopen"]
REPLAY = {"view_jobfailure", "replay_jobfailure"}
SETTLE = {"view_jobfailure", "settle_jobfailure"}


def person(*codenames: str, **more) -> Client:
    """Somebody of the staff with these permissions."""
    client = Client(**more)
    with as_owner():
        user = User.objects.create_user(f"{uuid4().hex}@example.org", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(user)
    return client


def page(failure: JobFailure) -> str:
    return reverse("admin:syncjobs_jobfailure_change", args=[failure.pk])


def act(name: str) -> str:
    return reverse("admin:syncjobs_jobfailure_act", args=[name])


def text_of(response) -> str:
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def listed(client: Client, **query) -> list[JobFailure]:
    response = client.get(LIST, query)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def do(client: Client, name: str, *failures: JobFailure, **form):
    ids = ",".join(str(failure.pk) for failure in failures)
    return client.post(act(name), {"ids": ids, **form})


def told(response) -> list[str]:
    return [str(message) for message in response.wsgi_request._messages]


def one(**values) -> JobFailure:
    return run_rows.failure(run_rows.connection(), **values)


# the list


def test_the_list_shows_what_waits_for_somebody_and_the_rest_when_asked(staff):
    by_status = {
        status: one(status=status, note="x")
        for status in ("open", "replaying", "resolved", "ignored", "discarded")
    }
    assert set(listed(staff)) == {by_status["open"], by_status["replaying"]}
    for status, failure in by_status.items():
        assert listed(staff, status__exact=status) == [failure]
    assert len(listed(staff, status__exact="all")) == 5
    assert listed(staff, q=str(by_status["resolved"].pk)) == [by_status["resolved"]]


def test_filters(staff):
    gmail = one(error_class="TimeoutError")
    none = run_rows.failure(function="view", error_class="ValueError")
    old = one(last_failed_at=WHEN, first_failed_at=WHEN, provider="zoho_mail", function="x")
    for query, expected in [
        ({"provider": "gmail"}, {gmail}),
        ({"provider": "none"}, {none}),
        ({"function": "view"}, {none}),
        ({"error_class": "TimeoutError"}, {gmail}),
        ({"last_failed_at__gte": str(timezone.now() - timedelta(days=1))}, {gmail, none}),
        ({"fingerprint": run_rows.LETTER}, {gmail, none, old}),
        ({"provider": "gmail", "function": "view"}, set()),
    ]:
        assert set(listed(staff, **query)) == expected, query
    page = text_of(staff.get(LIST))
    for choice in ("view", "ValueError", "dropbox"):
        assert f'<option value="{choice}"' in page


def test_a_text_in_error_or_payload_is_found(staff):
    error = one(error="The Mailbox is full.")
    payload = one(payload={"folder": "mailbox"}, status="resolved")
    one(error="fine")
    assert set(listed(staff, q="MAILBOX")) == {error, payload}
    assert listed(staff, q="mailbox", status__exact="resolved") == [payload]
    assert listed(staff, q=f"{error.user_id} mailbox") == [error]
    for text in (error.run_id, error.correlation_id or error.run.correlation_id):
        assert listed(staff, q=str(text)) == [error]


def test_counts_lead_to_what_they_count(staff):
    run_rows.failures(3)
    run_rows.failures(2, status="resolved")
    run_rows.failures(1, provider="", function="view")
    page = text_of(staff.get(LIST, {"status__exact": "discarded"}))
    table = page.split('<table class="counts">')[1].split("</table>")[0]
    links = re.findall(r'href="([^"]+)">(\d+)<', table)
    assert len(links) == 5
    for place, count in links:
        result = staff.get(place.replace("&amp;", "&")).context["cl"].result_count
        assert result == int(count), place


def test_ten_thousand_failures_take_as_many_queries_as_one(staff):
    def queries(place: str, **query) -> int:
        with CaptureQueriesContext(connections["owner"]) as captured:
            assert staff.get(place, query).status_code == 200
        assert not [q for q in captured if "traceback" in q["sql"]]
        return len(captured)

    places = [(LIST, {}), (LIST, {"q": "broken"}), (GROUPS, {}), (LIST, {"p": 1})]
    one()
    few = [queries(place, **query) for place, query in places]
    run_rows.failures(10_000)
    many = [queries(place, **query) for place, query in places]
    assert many == few
    assert max(many) <= 12


# groups


def test_groups_count_and_lead_to_their_failures(staff):
    run_rows.failures(3, fingerprint="a", error="first kind")
    run_rows.failures(2, fingerprint="a", error="first kind", status="resolved")
    run_rows.failures(1, fingerprint="b", error="second kind", provider="dropbox")
    response = staff.get(GROUPS)
    page = text_of(response)
    result = response.context["cl"].result_list
    assert {(group.fingerprint, group.count, group.open) for group in result} == {
        ("a", 3, 3),
        ("b", 1, 1),
    }
    place = f"{LIST}?status__exact=all&amp;fingerprint=a"
    assert place in page
    assert len(staff.get(place.replace("&amp;", "&")).context["cl"].result_list) == 5
    assert "second kind" not in text_of(staff.get(GROUPS, {"provider": "gmail"}))
    assert "first kind" not in text_of(staff.get(GROUPS, {"q": "second"}))
    everything = staff.get(GROUPS, {"status__exact": "all"}).context["cl"].result_list
    assert {group.count for group in everything} == {5, 1}


def test_groups_have_pages(staff):
    for n in range(51):
        run_rows.failures(1, fingerprint=f"f{n}")
    first, second = (staff.get(GROUPS, {"p": n}).context["cl"] for n in (1, 2))
    assert (len(first.result_list), len(second.result_list)) == (50, 1)
    assert first.result_count == 51
    assert staff.get(GROUPS, {"p": 3}).status_code == 302
    assert staff.get(GROUPS, {"p": 0}).status_code == 302
    assert staff.post(GROUPS).status_code == 405


def test_a_whole_group_is_what_is_not_settled_yet(staff):
    unsettled = {*run_rows.failures(2), *run_rows.failures(1, status="ignored")}
    settled = run_rows.failures(4, status="resolved")
    run_rows.failures(1, fingerprint="other")
    group = {"fingerprint": run_rows.LETTER}
    selection = staff.get(act("resolve"), group).context["chosen"]
    assert set(selection.ids) == {failure.pk for failure in unsettled}
    staff.post(act("resolve"), {"ids": ",".join(map(str, selection.ids))})
    assert {again(failure).status for failure in unsettled} == {"resolved"}
    reopened = staff.get(act("reopen"), group).context["chosen"]
    assert len(reopened.ids) == len(unsettled) + len(settled)


# one failure


def test_a_failures_page_tells_its_story(staff):
    connection = run_rows.connection()
    failure = run_rows.failure(
        connection,
        error="The mailbox is full.",
        payload={"full": True, "token": "hunter2"},
        payload_history=[{"payload": {"full": False}, "by": "me@example.org", "at": "2024"}],
        traceback="Traceback of the last",
    )
    run_rows.attempt(failure.run, 1, outcome="retried", error="A timeout.", traceback="Frame 1")
    replay = run_rows.run(connection, trigger="replay", replay_of=failure, status="cancelled")
    run_rows.attempt(replay, 7, outcome="cancelled")
    page_of = text_of(staff.get(page(failure)))
    items = [
        "The mailbox is full.",
        "What to do.",
        "Fix the cause",
        "A timeout.",
        "Frame 1",
        "Try 7",
        str(replay.pk),
        "Traceback of the last",
        "&quot;full&quot;: true",
        "&quot;full&quot;: false",
        "me@example.org",
    ]
    places = [page_of.index(item) for item in items]
    assert places[:4] == sorted(places[:4])
    assert "hunter2" not in page_of
    for model, key in ((SyncRun, failure.run_id), (SyncConnection, connection.pk)):
        assert reverse(f"admin:syncjobs_{model._meta.model_name}_change", args=[key]) in page_of
    assert f"fingerprint={failure.fingerprint}" in page_of
    assert page_of.count("<details>") == 3


def test_a_page_of_a_failure_with_nothing_known(staff):
    bare = run_rows.failure(fingerprint="", connection_id="not-a-uuid")
    text = text_of(staff.get(page(bare)))
    assert "cannot be replayed" in text
    assert act("replay") not in text
    assert act("discard") in text
    assert staff.get(f"{LIST}{uuid4()}/change/").status_code == 302


def test_what_was_written_by_strangers_is_escaped_everywhere(staff):
    connection = run_rows.connection(nango_connection_id=HOSTILE, state_reason=HOSTILE)
    failure = run_rows.failure(
        connection,
        error=HOSTILE,
        error_class=HOSTILE,
        function=HOSTILE,
        location=HOSTILE,
        traceback=HOSTILE,
        note=HOSTILE,
        fingerprint=HOSTILE,
        correlation_id=HOSTILE,
        payload={HOSTILE: HOSTILE},
        payload_history=[{"payload": HOSTILE, "by": HOSTILE, "at": HOSTILE}],
    )
    run_rows.attempt(failure.run, error=HOSTILE, traceback=HOSTILE, worker=HOSTILE)
    SyncRun.objects.using("owner").filter(pk=failure.run_id).update(error=HOSTILE)
    ids = {"ids": str(failure.pk)}
    run = reverse("admin:syncjobs_syncrun_change", args=[failure.run_id])
    places = [
        (LIST, {"q": HOSTILE}),
        (LIST, {"function": HOSTILE, "fingerprint": HOSTILE}),
        (GROUPS, {}),
        (page(failure), {}),
        (run, {}),
        ("/admin/syncjobs/syncrun/", {}),
        (reverse("admin:syncjobs_syncconnection_change", args=[connection.pk]), {}),
        *((act(name), ids) for name in DEEDS),
        (act("resolve"), {"fingerprint": HOSTILE, "back": HOSTILE}),
    ]
    for place, query in places:
        text = text_of(staff.get(place, query))
        assert "<script>alert" not in text, place
        assert "&lt;script&gt;" in text, place
    do(staff, "resolve", failure, note=HOSTILE)
    for place in ("/admin/", f"{LIST}{failure.pk}/history/"):
        assert "<script>alert" not in text_of(staff.get(place))


# connections


def edited(client: Client, connection: SyncConnection, **posted):
    place = reverse("admin:syncjobs_syncconnection_change", args=[connection.pk])
    return client.post(place, {"state": connection.state, "sync_every": "", **posted})


def test_a_connection_is_paused_resumed_and_given_a_schedule_and_nothing_else(staff):
    connection = run_rows.connection(cursor={"secret": "cursor-1"})
    url = reverse("admin:syncjobs_syncconnection_change", args=[connection.pk])
    assert "cursor-1" not in text_of(staff.get(url))
    posted = {"state": "paused", "sync_every": "01:00:00", "cursor": "{}", "provider": "dropbox"}
    assert edited(staff, connection, **posted).status_code == 302
    after = again(connection)
    assert (after.state, after.sync_every) == ("paused", timedelta(hours=1))
    assert (after.cursor, after.provider) == ({"secret": "cursor-1"}, "gmail")
    edited(staff, after, state="alive", sync_every="01:00:00")
    after = again(connection)
    assert after.state == "alive"
    assert after.next_sync_at is not None


@pytest.mark.parametrize("bad", [{"state": "dead"}, {"sync_every": "00:00:10"}, {"state": "x"}])
def test_what_no_person_may_say_of_a_connection_is_refused(staff, bad):
    connection = run_rows.connection()
    refused = edited(staff, connection, **bad)
    assert refused.context["errors"]
    assert again(connection).state == "alive"


def test_connections_are_changed_by_those_who_may(committed):
    connection, removed = run_rows.connection(), run_rows.connection(state="removed")
    reader = person("view_syncconnection")
    assert edited(reader, connection, state="paused").status_code == 403
    writer = person("view_syncconnection", "change_syncconnection")
    assert edited(writer, connection, state="paused").status_code == 302
    assert edited(writer, removed, state="alive").status_code == 403
    assert writer.get("/admin/syncjobs/syncconnection/add/").status_code == 403


# the ledger


def test_a_run_leads_to_its_failure_and_shows_its_attempts(staff):
    connection = run_rows.connection()
    failure = run_rows.failure(connection)
    run_rows.attempt(failure.run, error="A timeout.", traceback="Frame 1")
    replay = run_rows.run(connection, trigger="replay", replay_of=failure)
    for run, words in ((failure.run, "A timeout."), (replay, "No worker has begun it")):
        place = reverse("admin:syncjobs_syncrun_change", args=[run.pk])
        text = text_of(staff.get(place))
        assert words in text
        assert page(failure) in text


def test_the_ledger_is_found_by_what_it_belongs_to(staff):
    def ids(table: str, text: object) -> set:
        response = staff.get(f"/admin/syncjobs/{table}/", {"q": str(text)})
        return {row.pk for row in response.context["cl"].result_list}

    for _ in range(2):
        connection = run_rows.connection()
        failure = run_rows.failure(connection)
        run = run_rows.run(connection, trigger="replay", replay_of=failure)
        attempt, item = run_rows.attempt(run), run_rows.item(connection)
        duty = run_rows.duty()
    assert ids("syncrun", connection.pk) == {failure.run_id, run.pk}
    assert ids("syncrun", failure.pk) == ids("syncrun", run.job_id) == {run.pk}
    assert ids("jobattempt", run.pk) == {attempt.pk}
    assert ids("externalitem", connection.pk) == ids("externalitem", item.external_id) == {item.pk}
    assert ids("syncconnection", connection.nango_connection_id) == {connection.pk}
    assert ids("duty", duty.name) == {duty.name}


def test_every_page_is_served_without_anything_from_elsewhere(staff):
    failure = one()
    ids = {"ids": str(failure.pk)}
    for place, query in [("/admin/", {}), (LIST, {}), (page(failure), {}), (act("replay"), ids)]:
        text = text_of(staff.get(place, query))
        loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', text)
        assert loaded
        assert all(item.startswith("/") and not item.startswith("//") for item in loaded), loaded
    assert "syncjobs/admin.css" in text
