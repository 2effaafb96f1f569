"""`manage.py job_failures`: what people read, what programs read, and what it refuses."""

import io
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command

from finley.models import User
from graph.database.role import as_owner
from syncjobs.models import JobFailure, SyncRun
from tests.syncjobs import run_rows
from tests.syncjobs.run_rows import WHEN, again

pytestmark = pytest.mark.usefixtures("own_queue")


def said(*arguments: object) -> str:
    out = io.StringIO()
    call_command("job_failures", *map(str, arguments), stdout=out)
    return out.getvalue()


def read(*arguments: object):
    return json.loads(said(*arguments, "--json"))


def one(**values) -> JobFailure:
    return run_rows.failure(run_rows.connection(), **values)


@pytest.fixture
def staff(committed) -> User:
    with as_owner():
        User.objects.create_user("clerk@example.org")
        return User.objects.create_user("staff@example.org", is_staff=True)


# reading


def test_the_list_is_newest_first_and_filtered():
    first, second = run_rows.failures(2, error="two\nlines")
    settled = one(status="resolved", provider="dropbox", function="dropbox_sync", error="fine")
    text = said("list")
    assert text.index(str(second.pk)) < text.index(str(first.pk))
    assert "two lines" in text
    assert text.endswith("2 failures\n")
    assert said("list", "--limit", 1).endswith("1 failure, and there are more\n")
    result = read("list", "--status", "all", "--limit", 2)
    assert [failure["id"] for failure in result["failures"]] == [str(settled.pk), str(second.pk)]
    assert result["more"] is True
    for filters in (
        ["--status", "resolved"],
        ["--status", "all", "--provider", "dropbox"],
        ["--status", "all", "--function", "dropbox_sync"],
        ["--status", "all", "--search", "FINE"],
        ["--status", "all", "--since", "1h"],
        ["--status", "all", "--since", (datetime.now(UTC) - timedelta(hours=1)).isoformat()],
        ["--status", "all", "--since", "2024-02-01"],
    ):
        (only,) = read("list", *filters)["failures"]
        assert only["id"] == str(settled.pk), filters
    assert (only["status"], only["tries"]) == ("resolved", 1)


def test_groups_are_counted():
    run_rows.failures(3, fingerprint="a", location="syncjobs/sync.py:pages")
    run_rows.failures(1, fingerprint="b", last_failed_at=WHEN + timedelta(days=1))
    result = read("groups")
    assert [(group["fingerprint"], group["count"]) for group in result["groups"]] == [
        ("b", 1),
        ("a", 3),
    ]
    assert result["total"] == 2
    text = said("groups")
    assert "a  3 (3 open)" in text
    assert "gmail_sync at syncjobs/sync.py:pages: broken 2" in text
    assert text.endswith("2 groups\n")
    assert said("groups", "--limit", 1).endswith("1 group, and there are more\n")


def test_one_is_shown_with_its_story():
    failure = one(payload={"full": True}, traceback="Traceback of it", note="known")
    run_rows.attempt(failure.run, error="A timeout.", traceback="Frame 1")
    report = read("show", failure.pk)
    assert report["error"] == "broken"
    assert report["payload"] == {"full": True}
    assert report["what_to_do"].startswith("Fix")
    (run,) = report["runs"]
    assert (run["id"], run["attempts"][0]["traceback"]) == (str(failure.run_id), "Frame 1")
    text = said("show", failure.pk)
    assert text.startswith("broken\n")
    for part in ("What to do: Fix", "A timeout.", "Traceback of it", '"full": true', "known"):
        assert part in text


# acting


def test_a_replay_is_planned_and_started(staff):
    failure, resolved = one(), one(status="resolved")
    ids = [failure.pk, resolved.pk]
    planned = read("replay", *ids, "--dry-run")
    assert planned["replayed"] == [{"id": str(failure.pk), "run_id": None}]
    assert list(planned["reasons"].values()) == [1]
    assert again(failure).status == "open"
    assert "1 would be replayed, 1 skipped" in said("replay", *ids, "--dry-run")
    report = read("replay", *ids, "--as", "Staff@example.org", "--per-minute", 60)
    run = SyncRun.objects.using("owner").get(trigger="replay")
    assert report["replayed"] == [{"id": str(failure.pk), "run_id": str(run.pk)}]
    assert LogEntry.objects.using("owner").get().user == staff


def test_everything_that_matches_is_replayed_at_a_pace():
    failures = [one() for _ in range(3)]
    other = one(provider="dropbox")
    arguments = ["replay", "--all-matching", "--provider", "gmail", "--per-minute", 6]
    assert len(read(*arguments, "--dry-run")["replayed"]) == 3
    assert len(read(*arguments)["replayed"]) == 3
    assert {again(item).status for item in failures} == {"replaying"}
    assert again(other).status == "open"
    assert read(*arguments)["replayed"] == []
    limited = read("resolve", "--all-matching", "--provider", "dropbox", "--limit", 1)
    assert len(limited["resolved"]) == 1


def test_a_payload_comes_from_a_file_or_from_stdin(tmp_path, monkeypatch):
    first, second = one(), one()
    file = tmp_path / "payload.json"
    file.write_text('{"full": true}')
    read("replay", first.pk, "--payload", file)
    monkeypatch.setattr("sys.stdin", io.StringIO('{"full": false}'))
    read("replay", second.pk, "--payload", "-")
    assert [again(item).payload for item in (first, second)] == [{"full": True}, {"full": False}]


@pytest.mark.parametrize(
    ("verb", "given", "status", "note"),
    [
        ("resolve", ["--note", "mended"], "resolved", "mended"),
        ("ignore", [], "ignored", ""),
        ("discard", ["--reason", "closed"], "discarded", "closed"),
    ],
)
def test_failures_are_put_aside_and_reopened(staff, verb, given, status, note):
    failure = one()
    assert f"1 {status}, 0 skipped" in said(verb, failure.pk, *given, "--as", staff.email)
    after = again(failure)
    assert (after.status, after.note) == (status, note)
    assert "1 reopened" in said("reopen", failure.pk)
    assert again(failure).status == "open"
    assert LogEntry.objects.using("owner").count() == 1
    assert "1 would be" in said(verb, failure.pk, *given, "--dry-run")
    assert again(failure).status == "open"


# what it refuses


def refused(*arguments: object) -> str:
    with pytest.raises(CommandError) as error:
        said(*arguments)
    return str(error.value)


def test_bad_input_is_a_sentence(staff, tmp_path, monkeypatch):
    failure, other = one(), one()
    stranger = uuid4()
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "bytes.json").write_bytes(b"\xff")
    key = failure.pk
    for arguments, sentence in [
        (["show", stranger], f"No failure has the id {stranger}."),
        (["replay", key, stranger], f"No failure has the id {stranger}."),
        (["show", "x"], "'x' is not the id of a failure"),
        (["replay"], "Give the ids"),
        (["replay", key, "--all-matching"], "Give the ids"),
        (["discard", key], "Give a reason"),
        (["discard", key, "--reason", " "], "Give a reason"),
        (["replay", key, "--payload", bad], "not JSON"),
        (["replay", key, "--payload", tmp_path / "list.json"], "JSON object"),
        (["replay", key, "--payload", tmp_path / "bytes.json"], "cannot be read"),
        (["replay", key, "--payload", tmp_path / "none.json"], "cannot be read"),
        (["replay", key, "--payload", tmp_path], "cannot be read"),
        (["replay", key, "--per-minute", 0], "per minute must be a whole number"),
        (["replay", key, "--per-minute", "x"], "invalid int value"),
        (["resolve", key, "--as", "nobody@example.org"], "There is no staff user"),
        (["resolve", key, "--as", "clerk@example.org"], "There is no staff user"),
        (["list", "--since", "yesterday"], "neither a date nor a period"),
        (["list", "--limit", "0"], "not a whole number from 1"),
        (["list", "--status", "lost"], "invalid choice"),
        ([], "required"),
    ]:
        assert sentence in refused(*arguments), arguments
    monkeypatch.setattr("sys.stdin", io.StringIO("{}"))
    assert "exactly one" in refused("replay", key, other.pk, "--payload", "-")
    assert {again(item).status for item in (failure, other)} == {"open"}


def test_none_done_is_an_error_and_some_done_is_not():
    settled, failure = one(status="resolved"), one()
    assert refused("resolve", settled.pk) == "None was resolved."
    assert refused("replay", settled.pk, "--dry-run") == "None would be replayed."
    assert "1 resolved, 1 skipped" in said("resolve", settled.pk, failure.pk)
    assert "0 resolved, 0 skipped" in said("resolve", "--all-matching")
