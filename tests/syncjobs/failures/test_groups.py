"""Failures found and grouped: against the slow, obvious ways, and in a fixed number of queries."""

import random
from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from graph.database.role import as_owner
from syncjobs.failures import groups, search, timeline
from syncjobs.models import JobFailure
from tests.syncjobs import run_rows
from tests.syncjobs.run_rows import WHEN

pytestmark = pytest.mark.usefixtures("owner")

STATES = ["open", "open", "replaying", "resolved", "ignored"]


@pytest.fixture
def owner(committed):
    with as_owner():
        yield


def some(number: int, seed: int = 1) -> list[JobFailure]:
    chance = random.Random(seed)
    failures = [
        JobFailure(
            function=chance.choice(["gmail_sync", "dropbox_sync"]),
            provider=chance.choice(["gmail", "dropbox", ""]),
            status=chance.choice(STATES),
            fingerprint=chance.choice(["", "a", "b", "c"]),
            error=f"broken {n}",
            error_class=chance.choice(["Permanent", "TimeoutError"]),
            location=chance.choice(["syncjobs/sync.py:pages", ""]),
            first_failed_at=(last := WHEN + timedelta(seconds=chance.randrange(40)))
            - timedelta(minutes=chance.randrange(5)),
            last_failed_at=last,
        )
        for n in range(number)
    ]
    return JobFailure.objects.bulk_create(failures)


def newest_of(failures: list[JobFailure]) -> JobFailure:
    return min(failures, key=lambda item: (-item.last_failed_at.timestamp(), item.pk))


@pytest.mark.parametrize("seed", range(5))
def test_groups_are_what_counting_by_hand_gives(seed):
    failures = [item for item in some(60, seed) if item.status in search.CURRENT]
    alike = defaultdict(list)
    for item in failures:
        alike[item.fingerprint].append(item)
    page = groups.page(search.matching())
    assert page.total == len(page.groups) == len(alike)
    for group in page.groups:
        members = alike.pop(group.fingerprint)
        sample = newest_of(members)
        assert group.count == len(members)
        assert group.open == sum(item.status == "open" for item in members)
        assert group.newest == max(item.last_failed_at for item in members)
        assert group.oldest == min(item.first_failed_at for item in members)
        assert group.providers == sorted({item.provider for item in members} - {""})
        assert (group.sample_id, group.error, group.error_class) == (
            sample.pk,
            sample.error,
            sample.error_class,
        )
        assert (group.function, group.location) == (sample.function, sample.location)


def test_pages_of_groups_hold_each_group_once(django_assert_num_queries):
    for n in range(7):
        run_rows.failures(n + 1, fingerprint=f"f{n}")
    pages = []
    for offset in range(0, 9, 3):
        with django_assert_num_queries(1, using="owner"):
            pages.append(groups.page(search.matching(), limit=3, offset=offset))
    assert [page.total for page in pages] == [7, 7, 7]
    listed = [group.fingerprint for page in pages for group in page.groups]
    assert listed == [f"f{n}" for n in reversed(range(7))]
    assert groups.page(search.matching(), offset=9) == groups.Page([], 0)
    assert groups.page(JobFailure.objects.none()) == groups.Page([], 0)


def test_counts_are_by_provider_and_state(django_assert_num_queries):
    failures = some(80)
    with django_assert_num_queries(1, using="owner"):
        cells = groups.counts()
    assert {(item.provider, item.status): item.count for item in cells} == Counter(
        (item.provider, item.status) for item in failures
    )


# finding


def test_filters_leave_what_they_name():
    failures = some(80)

    def left(**filters) -> set:
        return {item.pk for item in search.matching(**filters)}

    def expected(test) -> set:
        return {item.pk for item in failures if test(item)}

    assert left() == expected(lambda item: item.status in ("open", "replaying"))
    assert left(statuses=()) == expected(lambda item: True)
    assert left(statuses=("resolved",), provider="gmail") == expected(
        lambda item: (item.status, item.provider) == ("resolved", "gmail")
    )
    assert left(statuses=(), function="gmail_sync", fingerprint="a") == expected(
        lambda item: (item.function, item.fingerprint) == ("gmail_sync", "a")
    )
    since = WHEN + timedelta(seconds=20)
    assert left(statuses=(), since=since) == expected(lambda item: item.last_failed_at >= since)


def test_the_newest_come_first():
    failures = run_rows.failures(5)
    assert list(search.matching()) == failures[::-1]


def test_a_text_is_found_in_error_and_payload_and_by_every_key():
    connection = run_rows.connection()
    failure = run_rows.failure(
        connection,
        error="The mailbox is Full: 100% used",
        payload={"folder": "Größe_1"},
        job_id="job-1",
        correlation_id="corr-1",
        fingerprint="f00",
    )
    run_rows.failure(run_rows.connection(), error="fine", payload={"folder": "X"})
    texts = ["is full", "100% u", "größe_1", "folder", "job-1", "corr-1", "f00"]
    keys = [failure.pk, failure.run_id, connection.pk, connection.user_id]
    for text in [*texts, *map(str, keys)]:
        result = list(search.matching(search=text))
        assert failure in result, text
        assert len(result) == (2 if text == "folder" else 1)
    for text in ("nothing", "%", "_1x", "job", "\\", "X\0Y"):
        assert list(search.matching(search=text)) == ([failure] if text == "%" else []), text


def test_a_text_is_sought_in_the_newest_that_the_filters_leave(monkeypatch):
    monkeypatch.setattr(search, "NEWEST", 10)
    run_rows.failures(5, error="old one", provider="dropbox")
    run_rows.failures(10, error="new one", last_failed_at=WHEN + timedelta(days=1))
    assert search.matching(search="one").count() == 10
    assert search.matching(search="old one").count() == 0
    assert search.matching(search="old one", provider="dropbox").count() == 5


# a failure's story


def test_a_story_is_the_run_and_its_replays_with_their_attempts(django_assert_num_queries):
    connection = run_rows.connection()
    failure = run_rows.failure(connection)
    run_rows.attempt(failure.run, 1, outcome="retried", retry_after=30)
    run_rows.attempt(failure.run, 2)
    replay = run_rows.run(connection, trigger="replay", replay_of=failure)
    run_rows.attempt(replay, 1)
    run_rows.run(connection)
    with django_assert_num_queries(2, using="owner"):
        report = list(timeline.runs_of(failure))
    assert report == [failure.run, replay]
    assert [item.try_number for item in report[0].tried] == [2, 1]
    assert len(report[1].tried) == 1


def test_a_long_story_is_told_from_its_end(monkeypatch):
    monkeypatch.setattr(timeline, "MOST_RUNS", 2)
    monkeypatch.setattr(timeline, "MOST_ATTEMPTS", 3)
    connection = run_rows.connection()
    failure = run_rows.failure(connection)
    runs = [run_rows.run(connection, trigger="replay", replay_of=failure) for _ in range(3)]
    for number in range(1, 6):
        run_rows.attempt(runs[-1], number)
    report = timeline.runs_of(failure)
    assert list(report) == runs[1:]
    assert [item.fence for item in report[-1].tried] == [5, 4, 3]


@pytest.mark.parametrize(
    ("status", "state", "said"),
    [
        ("open", "alive", "Fix the cause"),
        ("open", "dead", "connect the account again"),
        ("open", "paused", "Resume it first"),
        ("open", "removed", "was removed"),
        ("replaying", "alive", "replay is queued or running"),
        ("resolved", "alive", "resolved"),
        ("ignored", "alive", "known"),
        ("discarded", "alive", "given up"),
    ],
)
def test_the_advice_fits(status, state, said):
    connection = run_rows.connection(state=state)
    failure = run_rows.failure(connection, status=status, note="x")
    assert said in timeline.advice(failure)


def test_what_names_no_connection_is_not_to_be_replayed():
    assert "cannot be replayed" in timeline.advice(run_rows.failure())


def test_groups_are_sorted_by_their_last_failure_their_number_or_their_age(staff):
    times = {"old": (9, 3), "many": (5, 2), "new": (1, 1)}
    for mark, (first, last) in times.items():
        for _ in range(2 if mark == "many" else 1):
            run_rows.failure(
                fingerprint=mark,
                error=mark,
                first_failed_at=run_rows.WHEN - timedelta(days=first),
                last_failed_at=run_rows.WHEN - timedelta(days=last),
            )
    orders = {"1": ["new", "many", "old"], "2": ["many", "new", "old"], "3": ["old", "many", "new"]}
    for number, marks in {**orders, "x": orders["1"]}.items():
        response = staff.get("/admin/syncjobs/jobfailure/groups/", {"o": number})
        assert [group.fingerprint for group in response.context["cl"].result_list] == marks, number
