"""The admin's actions on failures: replay, edit, resolve, ignore, discard, and who may do them."""

import json
import re
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from graph.database.role import as_owner
from syncjobs.admin import confirmation
from syncjobs.failures import bulk_replay, replay
from syncjobs.models import ReplayBatch, SyncRun
from tests.syncjobs import run_rows
from tests.syncjobs.run_rows import again
from tests.syncjobs.test_admin import (
    DEEDS,
    GROUPS,
    LIST,
    REPLAY,
    SETTLE,
    act,
    do,
    one,
    page,
    person,
    text_of,
    told,
)

pytestmark = pytest.mark.usefixtures("own_queue")


# acting


def test_a_replay_is_shown_before_it_starts(staff):
    eligible, resolved, bare = one(), one(status="resolved"), run_rows.failure()
    ids = ",".join(str(item.pk) for item in (eligible, resolved, bare))
    response = staff.get(act("replay"), {"ids": ids})
    text = text_of(response)
    assert "1 of 3 would be replayed" in text
    assert response.context["reasons"] == [
        (replay.NOT_REPLAYABLE["resolved"], 1),
        (replay.NOTHING, 1),
    ]
    assert not SyncRun.objects.using("owner").filter(trigger="replay").exists()
    assert 'name="per_minute"' in text
    assert 'name="payload"' not in text
    done = staff.post(act("replay"), {"ids": ids, "per_minute": "6", "back": f"{LIST}?p=1"})
    batch = ReplayBatch.objects.using("owner").get()
    assert done.url == f"/admin/syncjobs/replaybatch/{batch.pk}/change/"
    assert bulk_replay.advance() == {"started": 1}
    assert again(eligible).status == "replaying"
    progress = bulk_replay.progress(batch.pk)
    assert (progress.started, progress.waiting, progress.skipped) == (1, 2, 0)


def test_only_so_many_of_those_skipped_are_listed(staff):
    ids = ",".join(str(failure.pk) for failure in run_rows.failures(30, status="resolved"))
    response = staff.get(act("replay"), {"ids": ids})
    assert len(response.context["first_skipped"]) == 20
    assert response.context["reasons"] == [(replay.NOT_REPLAYABLE["resolved"], 30)]
    assert 'type="submit" class="button-main"' not in text_of(response)


def test_a_payload_is_edited_for_one_failure(staff):
    failure = one(payload={"full": False})
    form = staff.get(act("replay"), {"ids": str(failure.pk)}).context["form"]
    assert json.loads(form["payload"].value()) == {"full": False}
    for bad in ("nope", "[]", '"x"', "{", '{"x": NaN}', '{"x": "\\u0000"}', '{"run": "other"}'):
        refused = do(staff, "replay", failure, payload=bad)
        assert refused.context["form"].errors["payload"], bad
        assert again(failure).status == "open"
    assert "not JSON" in text_of(do(staff, "replay", failure, payload="nope"))
    unknown = text_of(do(staff, "replay", failure, payload='{"fulll": true}'))
    assert "The payload has no key &#x27;fulll&#x27;. The keys are full (true: list" in unknown
    assert unknown.count("The keys are full") == 2  # in the error and below the field
    assert again(failure).status == "open"
    do(staff, "replay", failure, payload='{"full": true}')
    after = again(failure)
    assert (after.status, after.payload) == ("replaying", {"full": True})
    (was,) = after.payload_history
    assert (was["payload"], was["by"]) == ({"full": False}, "staff@example.org")
    assert SyncRun.objects.using("owner").get(replay_of=failure).payload == {"full": True}


def test_an_unchanged_payload_is_no_edit(staff):
    failure = one(payload={"full": False})
    form = staff.get(act("replay"), {"ids": str(failure.pk)}).context["form"]
    do(staff, "replay", failure, payload=form["payload"].value())
    assert again(failure).payload_history == []


@pytest.mark.parametrize("pace", ["0", "-1", "x", "1e9"])
def test_a_pace_that_cannot_be_is_said_in_the_form(staff, pace):
    failures = one(), one()
    refused = do(staff, "replay", *failures, per_minute=pace)
    assert refused.context["form"].errors["per_minute"]
    assert {again(failure).status for failure in failures} == {"open"}


@pytest.mark.parametrize(
    ("name", "given", "status", "note"),
    [
        ("resolve", {"note": "mended"}, "resolved", "mended"),
        ("resolve", {}, "resolved", ""),
        ("ignore", {"note": "known"}, "ignored", "known"),
        ("discard", {"reason": "closed"}, "discarded", "closed"),
    ],
)
def test_failures_are_put_aside_and_nothing_else_of_them_changed(staff, name, given, status, note):
    failure = one(payload={"page": 3})
    do(staff, name, failure, **given, error="fine", payload="{}", tries="9")
    after = again(failure)
    assert (after.status, after.note) == (status, note)
    assert (after.error, after.payload, after.tries) == ("broken", {"page": 3}, 1)
    entry = LogEntry.objects.using("owner").get()
    assert (entry.object_id, entry.user.email) == (str(failure.pk), "staff@example.org")
    assert note in entry.change_message
    do(staff, "reopen", failure)
    assert again(failure).status == "open"
    assert len(text_of(staff.get(f"{LIST}{failure.pk}/history/")).split(str(status))) > 1


def test_nothing_is_discarded_without_a_reason(staff):
    failure = one()
    for reason in ("", "   "):
        refused = do(staff, "discard", failure, reason=reason)
        assert "Give a reason" in text_of(refused)
        assert again(failure).status == "open"


def test_nobody_stops_a_replay_by_hand(staff):
    failure = one(status="replaying")
    for name in DEEDS:
        skipped = do(staff, name, failure, reason="x")
        assert told(skipped)[0].startswith("0 failures"), name
    assert staff.post(page(failure), {"status": "open"}).status_code == 403
    assert again(failure).status == "replaying"


def selected(client: Client, name: str, failures, across: bool = False, **query):
    ids = [str(failure.pk) for failure in failures]
    posted = {"action": name, "_selected_action": ids, "select_across": "1" if across else "0"}
    place = f"{LIST}?{'&'.join(f'{key}={value}' for key, value in query.items())}"
    return client.post(place, {**posted, "index": "0"})


def test_those_selected_in_the_list_are_acted_on(staff):
    failure, other = one(), one()
    response = selected(staff, "discard", [failure], provider="gmail")
    assert list(response.context["chosen"].ids) == [failure.pk]
    assert response.context["chosen"].back == f"{LIST}?provider=gmail"
    assert (again(failure).status, again(other).status) == ("open", "open")


def test_everything_that_the_filters_match_is_acted_on_across_pages(staff):
    owners = [run_rows.connection() for _ in range(60)]
    mine = [run_rows.failure(owner, run=None) for owner in owners]
    other = one(provider="dropbox")
    response = selected(staff, "replay", mine[:1], across=True, provider="gmail")
    assert "60 of 60 would be replayed" in text_of(response)
    late = run_rows.failure(run_rows.connection())
    form = re.search(r'name="ids" value="([^"]+)"', text_of(response))
    staff.post(act("replay"), {"ids": form[1], "per_minute": ""})
    assert bulk_replay.advance() == {"started": 60}
    assert {again(owner).status for owner in mine} == {"replaying"}
    assert {again(owner).status for owner in (other, late)} == {"open"}
    runs = SyncRun.objects.using("owner").filter(trigger="replay").order_by("next_try_at")
    assert runs.count() == 60


def test_more_than_can_be_taken_at_once_is_said(staff, monkeypatch):
    monkeypatch.setattr(confirmation, "MOST", 5)
    failures = run_rows.failures(7)
    response = selected(staff, "resolve", failures[:1], across=True)
    assert list(response.context["chosen"].ids) == [item.pk for item in failures[:1:-1]]
    assert "More than 5 match" in text_of(response)


@pytest.mark.parametrize(
    "query", [{}, {"ids": "x"}, {"ids": "1,2"}, {"ids": ",".join([str(uuid4())] * 10_001)}], ids=len
)
def test_a_bad_choice_is_a_bad_request(staff, query):
    assert staff.get(act("resolve"), query).status_code == 400


def test_an_unknown_deed_is_no_page_and_a_stranger_is_skipped(staff):
    assert staff.get(f"{LIST}act/delete/", {"ids": ""}).status_code == 404
    response = staff.post(act("resolve"), {"ids": str(uuid4())})
    assert told(response) == ["0 failures resolved.", "1 skipped: There is no such failure."]
    assert staff.get(act("replay"), {"ids": ""}).status_code == 200


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/admin/logout/", "x"])
def test_nobody_is_sent_elsewhere(staff, back):
    response = do(staff, "resolve", one(), back=back)
    assert response.url == LIST
    confirmation_page = staff.get(act("resolve"), {"ids": str(one().pk), "back": back})
    assert confirmation_page.context["chosen"].back == LIST


# who may


@pytest.mark.parametrize(
    ("permissions", "allowed"),
    [
        ({"view_jobfailure"}, set()),
        (REPLAY, {"replay"}),
        (SETTLE, {"resolve", "ignore", "discard"}),
        (REPLAY | SETTLE, {"replay", "resolve", "ignore", "discard"}),
        ({"change_jobfailure", "delete_jobfailure", "view_jobfailure"}, set()),
    ],
    ids=["view", "replay", "settle", "both", "change"],
)
def test_people_see_and_do_what_they_may(permissions, allowed):
    client = person(*permissions)
    failure = one()
    text_ = text_of(client.get(page(failure)))
    grouped = text_of(client.get(GROUPS))
    actions = client.get(LIST).context["action_form"]
    offered = {name for name, _ in actions.fields["action"].choices} if actions else {""}
    for name in ["replay", "resolve", "ignore", "discard"]:
        assert (act(name) in text_) == (act(name) in grouped) == (name in allowed), name
        assert (name in offered) == (name in allowed), name
        response = client.get(act(name), {"ids": str(failure.pk)})
        assert response.status_code == (200 if name in allowed else 403), name
        if name not in allowed:
            assert do(client, name, failure, reason="x").status_code == 403
            assert selected(client, name, [failure]).status_code == 403
    assert again(failure).status == "open"
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{failure.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(page(failure), {"status": "resolved"}).status_code == 403
    for name in allowed:
        item = one()
        assert do(client, name, item, reason="x").status_code == 302
        assert again(item).status != "open"


@pytest.mark.parametrize("permissions", [{"replay_jobfailure", "settle_jobfailure"}, set()])
def test_who_may_not_look_may_do_nothing(permissions):
    client = person(*permissions)
    failure = one()
    for place in (LIST, GROUPS, page(failure)):
        assert client.get(place).status_code == 403
    for name in DEEDS:
        assert do(client, name, failure, reason="x").status_code == 403
    assert again(failure).status == "open"


def test_who_is_no_staff_comes_nowhere(tenant):
    failure = one()
    client = Client()
    with as_owner():
        client.force_login(tenant)
    for anyone in (client, Client()):
        for place in (LIST, GROUPS, page(failure), act("replay")):
            assert anyone.get(place).status_code == 302
        assert do(anyone, "resolve", failure).status_code == 302
    assert again(failure).status == "open"


def test_forged_posts_are_refused():
    client = person(*REPLAY, *SETTLE, enforce_csrf_checks=True)
    failure = one()
    assert do(client, "resolve", failure).status_code == 403
    assert selected(client, "resolve", [failure]).status_code == 403
    form = text_of(client.get(act("resolve"), {"ids": str(failure.pk)}))
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)[1]
    assert do(client, "resolve", failure, csrfmiddlewaretoken=token).status_code == 302
    assert again(failure).status == "resolved"
