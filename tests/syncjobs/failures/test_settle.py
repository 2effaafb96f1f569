"""Failures put aside and opened again: what may become what, and who is said to have done it."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connections

from finley.models import User
from graph.database.role import as_owner
from syncjobs import run_state
from syncjobs.errors import ReasonMissing
from syncjobs.failures import outcomes, record, settle
from syncjobs.failures.record import Trouble
from syncjobs.models import JobFailure
from tests.syncjobs import run_rows
from tests.syncjobs.run_rows import again

pytestmark = pytest.mark.usefixtures("owner")

WAYS = {
    "resolve": ("resolved", settle.resolve),
    "ignore": ("ignored", settle.ignore),
    "discard": ("discarded", lambda ids, by: settle.discard(ids, by=by, reason="old")),
    "reopen": ("open", settle.reopen),
}
ALLOWED = {
    ("open", "resolve"),
    ("open", "ignore"),
    ("open", "discard"),
    ("ignored", "resolve"),
    ("ignored", "discard"),
    ("ignored", "reopen"),
    ("resolved", "reopen"),
    ("discarded", "reopen"),
}


@pytest.fixture
def owner(committed):
    with as_owner():
        yield


@pytest.fixture
def staff(committed) -> User:
    return User.objects.create_user("staff@example.org", is_staff=True)


@pytest.mark.parametrize("verb", WAYS)
@pytest.mark.parametrize("status", ["open", "replaying", "resolved", "ignored", "discarded"])
def test_what_may_become_what(status, verb):
    failure = run_rows.failure(status=status, note="before")
    target, way = WAYS[verb]
    outcome = way([failure.pk], by=None)
    after = again(failure)
    if (status, verb) in ALLOWED:
        assert [item.pk for item in outcome.changed] == [failure.pk]
        assert (after.status, after.settled_at is None) == (target, verb == "reopen")
        assert after.note == ("old" if verb == "discard" else "")
    else:
        assert not outcome.changed
        assert outcome.skipped[0].reason
        assert (after.status, after.note) == (status, "before")


def test_a_plan_says_the_same_and_does_nothing():
    for status in ("open", "replaying", "resolved"):
        failure = run_rows.failure(status=status)
        planned = settle.plan([failure.pk], JobFailure.Status.RESOLVED)
        assert again(failure).status == status
        assert settle.resolve([failure.pk], by=None).skipped == [
            verdict for verdict in planned if not verdict.eligible
        ]


def test_many_at_once_with_a_reason_for_each_that_is_skipped(staff, django_assert_max_num_queries):
    failures = run_rows.failures(300)
    JobFailure.objects.filter(pk__in=[item.pk for item in failures[:20]]).update(status="replaying")
    stranger = uuid4()
    ids = [*(item.pk for item in failures), stranger, failures[0].pk]
    with django_assert_max_num_queries(8, using="owner"):
        outcome = settle.discard(ids, by=staff, reason="The account is closed.")
    assert len(outcome.changed) == 280
    assert outcomes.by_reason(outcome.skipped) == [
        ("It is being replayed. Wait for the result.", 20),
        (outcomes.UNKNOWN, 1),
    ]
    notes = JobFailure.objects.filter(status="discarded").values_list("note", flat=True)
    assert set(notes) == {"The account is closed."}
    assert len(notes) == LogEntry.objects.count() == 280
    entry = LogEntry.objects.first()
    assert entry.user == staff
    assert "The account is closed." in entry.get_change_message()


@pytest.mark.parametrize("reason", ["", "  \n", "\0"])
def test_nothing_is_discarded_without_a_reason(reason):
    failure = run_rows.failure()
    with pytest.raises(ReasonMissing):
        settle.discard([failure.pk], by=None, reason=reason)
    assert again(failure).status == "open"


def test_a_note_is_cut_where_it_never_ends():
    failure = run_rows.failure()
    settle.resolve([failure.pk], by=None, note=" \0x" * 5_000)
    assert len(again(failure).note) == settle.NOTE_CHARACTERS


def test_two_who_settle_the_same_failures_in_other_orders_both_end():
    ids = [failure.pk for failure in run_rows.failures(200)]

    def resolve(order: list) -> int:
        with as_owner():
            changed = len(settle.resolve(order, by=None).changed)
            connections["owner"].close()
            return changed

    with ThreadPoolExecutor(2) as pool:
        changed = list(pool.map(resolve, [ids, ids[::-1]]))
    assert sum(changed) == 200


def test_what_is_ignored_stays_so_until_it_changes():
    connection = run_rows.connection()
    known = Trouble("Permanent", "Message 17 is too large.")
    mark = record.fingerprint("gmail_sync", known)
    failure = run_rows.failure(connection, fingerprint=mark)
    settle.ignore([failure.pk], by=None)

    def next_one(trouble: Trouble, of=connection) -> str:
        run = run_rows.run(of, status="queued", error="")
        run_state.failed(run.pk, None, trouble)
        return JobFailure.objects.get(run=run).status

    assert next_one(Trouble("Permanent", "Message 18 is too large.")) == "ignored"
    assert next_one(Trouble("Permanent", "The mailbox is full.")) == "open"
    assert next_one(known, run_rows.connection()) == "open"
