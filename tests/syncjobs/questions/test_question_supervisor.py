"""Questions answered by real workers, whose processes end at a limit, a cancel, a signal."""

import json
import os
import signal
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from arq.constants import job_key_prefix
from django.db import connections
from django.db.models.functions import Now

from graph.models import AskedQuestion
from graph.questions import whole_graph
from graph.questions.heavy import deferred
from graph.questions.heavy.deferred import QuestionKey
from graph.view import refresh
from syncjobs import periodic, queue, recover
from syncjobs.questions import enqueue_questions, question_state
from syncjobs.questions.question_state import End
from tests.graph import rows
from tests.syncjobs import workers
from tests.syncjobs.workers import Process, until, worker

UNHURRIED = {"ARQ_JOB_TIMEOUT": "120"}
HEAVY = {"algorithm": "betweenness", "top": "3", "direction": "any", "edges": "flow"}


@pytest.fixture
def user(own_queue, tenant):
    entities = [rows.entity(tenant.pk, name) for name in ("Mill", "Bank", "Shop")]
    rows.payment(tenant.pk, entities[0], entities[1])
    rows.payment(tenant.pk, entities[1], entities[2])
    refresh.refresh()
    return tenant.pk


@pytest.fixture
def heavy(user):
    """So many parties and payments that betweenness takes most of a second."""
    return filled(user, parties=2000, payments=5000)


@pytest.fixture
def large(user):
    """More than a request computes betweenness of."""
    return filled(user, parties=4000, payments=12000)


def filled(user, **counts: int):
    with connections["owner"].cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, {"user": user, **counts})
    refresh.refresh()
    return user


FILL = (
    "INSERT INTO normalized_entities (user_id, kind, name, identity) "
    "SELECT %(user)s, 'vendor', 'Party ' || n, n FROM generate_series(1, %(parties)s) AS n",
    "INSERT INTO raw_events (user_id, source, platform, external_id, posting, transaction_ref, "
    "occurred_at, amount, currency, party_kind, party_name) "
    "SELECT %(user)s, 'many', 'ledger', n, side + 1, n, timestamptz '2020-01-01', 1, 'GBP', "
    "'vendor', '' FROM generate_series(1, %(payments)s) AS n, generate_series(0, 1) AS side",
    "ANALYZE",
    "INSERT INTO entity_matches (user_id, event_id, entity_id, confidence) "
    "SELECT %(user)s, event.id, entity.id, 1 FROM raw_events AS event "
    "JOIN normalized_entities AS entity ON entity.identity = "
    "(1 + abs(hashtext(event.id::text)) %% %(parties)s)::text WHERE event.source = 'many'",
    "INSERT INTO relationship_instances (user_id, source_event_id, target_event_id, "
    "relationship_type, edge_class, confidence_score, detection_method) "
    "SELECT %(user)s, payer.id, payee.id, 'payment', 'flow', 1, 'test' "
    "FROM raw_events AS payer JOIN raw_events AS payee "
    "ON payee.external_id = payer.external_id AND payer.posting = 1 AND payee.posting = 2 "
    "WHERE payer.source = 'many' AND payee.source = 'many'",
)


def ask(user, question: str = "importance", **parameters: str) -> AskedQuestion:
    defaults = HEAVY if question == "importance" else {}
    return deferred.accept(user, QuestionKey(question, {**defaults, **parameters}, "1"))


def reread(question: AskedQuestion) -> AskedQuestion:
    return AskedQuestion.objects.using("owner").get(pk=question.pk)


def ended(question: AskedQuestion, process: Process, seconds: float = 60) -> AskedQuestion:
    def over() -> AskedQuestion | None:
        result = reread(question)
        return result if result.finished_at else None

    result: AskedQuestion = until(over, seconds, process.explained)
    return result


def children(process: Process) -> list[int]:
    """The processes that answer for this worker."""
    parent = process.process.pid
    processes = (place for place in Path("/proc").iterdir() if place.name.isdecimal())
    return [int(place.name) for place in processes if _is_child(place, parent)]


def _is_child(place: Path, parent: int) -> bool:
    try:
        is_process = b"syncjobs.questions.question_process" in (place / "cmdline").read_bytes()
        return is_process and f"\nPPid:\t{parent}\n" in (place / "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def running(question: AskedQuestion, process: Process) -> int:
    """The process that answers it, once it has begun."""
    until(lambda: reread(question).status == "running", 30, process.explained)
    (pid,) = until(lambda: children(process), 10, process.explained)
    return int(pid)


def gone(pid: int) -> bool:
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def backdated(question: AskedQuestion, **values: Any) -> None:
    AskedQuestion.objects.using("owner").filter(pk=question.pk).update(**values)


def test_a_worker_answers_what_a_request_would(user, tmp_path):
    questions = [ask(user), ask(user, "stats"), ask(user, "communities", top="2", members="5", seed="3", edges="all")]  # fmt: skip  # noqa: E501
    with worker(tmp_path / "log", **UNHURRIED) as process:
        importance, stats, communities = (ended(item, process) for item in questions)
    assert {item.status for item in (importance, stats, communities)} == {"done"}
    direct = whole_graph.importance(user, algorithm="betweenness", top=3)
    assert json.loads(importance.answer) == json.loads(json.dumps(direct))
    assert json.loads(importance.answer)["results"][0]["name"] == "Bank"
    assert json.loads(stats.answer)["edges"] == 2
    assert json.loads(communities.answer)["seed"] == 3
    assert importance.expires_at - importance.finished_at == timedelta(hours=24)


def test_what_the_graph_refuses_is_a_failure_in_its_words(user, tmp_path):
    nobody = "7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f"
    question = ask(user, "path", source=nobody, target=nobody)
    with worker(tmp_path / "log", **UNHURRIED) as process:
        result = ended(question, process)
    assert (result.status, result.failure) == ("failed", "refused")
    assert result.error == "There is no such entity in your graph."


def test_compiled_code_ends_at_the_limit(heavy, tmp_path):
    question = ask(heavy)
    with worker(tmp_path / "log", **UNHURRIED, FINLEY_QUESTION_SECONDS="0.2") as process:
        pid = running(question, process)
        result = ended(question, process, 40)
        until(lambda: gone(pid), 5)
    assert (result.status, result.failure) == ("failed", "too_long")
    assert "0.2 s" in result.error
    assert "Narrow it" in result.error


def test_a_cancel_ends_its_process_and_the_next_one_is_answered(heavy, tmp_path):
    question, other = ask(heavy), ask(heavy, "stats")
    with worker(tmp_path / "log", **UNHURRIED) as process:
        pid = running(question, process)
        deferred.forget(heavy, question.pk)
        until(lambda: gone(pid), 10, process.explained)
        assert ended(question, process).status == "cancelled"
        assert ended(other, process).status == "done"


def test_one_at_a_time_and_syncs_are_not_kept_waiting(heavy, tmp_path):
    questions = [ask(heavy), ask(heavy, "stats")]
    with worker(tmp_path / "log", **UNHURRIED) as process:
        running(questions[0], process)
        run = workers.run(heavy, do="succeed")
        assert workers.ended(run, 20, process.explained).status == "succeeded"
        most = 0
        while not all(reread(item).finished_at for item in questions):
            most = max(most, len(children(process)))
            time.sleep(0.1)
        assert most == 1
        assert {reread(item).status for item in questions} == {"done"}


def test_a_process_that_is_killed_is_a_failure_that_says_so(heavy, tmp_path):
    question = ask(heavy)
    with worker(tmp_path / "log", **UNHURRIED) as process:
        os.kill(running(question, process), signal.SIGKILL)
        result = ended(question, process)
    assert (result.status, result.failure) == ("failed", "broken")
    assert "SIGKILL" in result.error
    assert result.expires_at - result.finished_at == timedelta(minutes=5), (
        "then it may be asked again"
    )


def test_a_large_tenant_s_betweenness_is_a_worker_s_and_its_pagerank_is_not(large, api, tmp_path):
    """As it is set by default; both over HTTP."""
    path = "/api/v1/graph/importance/"
    assert api.get(path).status_code == 200
    accepted = api.get(path, {"algorithm": "betweenness", "top": 3})
    assert accepted.status_code == 202
    with worker(tmp_path / "log", **UNHURRIED) as process:
        waits = accepted.headers["Location"]
        until(lambda: api.get(waits).json()["status"] == "done", 90, process.explained)
    response = api.get(path, {"algorithm": "betweenness", "top": 3})
    assert response.status_code == 200
    assert response.json()["results"] == api.get(waits).json()["answer"]["results"]
    assert len(response.json()["results"]) == 3


def test_a_worker_that_dies_takes_its_process_along_and_another_answers(heavy, tmp_path):
    question = ask(heavy)
    with worker(tmp_path / "log", **UNHURRIED) as process:
        pid = running(question, process)
        process.kill()
        until(lambda: gone(pid), 5)
        assert reread(question).status == "running"
    with worker(tmp_path / "second", **UNHURRIED) as process:
        result = ended(question, process, 90)
    assert (result.status, result.tries) == ("done", 2)
    assert result.job_id == f"{question.pk}:2"


def test_a_worker_that_is_told_to_stop_gives_it_back(heavy, tmp_path):
    question = ask(heavy)
    with worker(tmp_path / "log", **UNHURRIED) as process:
        pid = running(question, process)
        process.stop()
        assert gone(pid)
    assert (reread(question).status, reread(question).tries) == ("queued", 0)
    with worker(tmp_path / "second", **UNHURRIED) as process:
        assert ended(question, process, 60).status == "done"


def test_what_redis_lost_is_answered(user, tmp_path):
    question = ask(user)
    with closing(workers.redis()) as redis:
        redis.delete(job_key_prefix + question.job_id, queue.NAME)
    backdated(question, created_at=Now() - timedelta(minutes=1))
    assert enqueue_questions.recovered() == 1
    assert enqueue_questions.recovered() == 0, "it is in the queue now"
    with worker(tmp_path / "log", "--no-housekeeping", **UNHURRIED) as process:
        assert ended(question, process).status == "done"


def test_what_redis_was_never_told_of_is_answered(user, settings, monkeypatch):
    def away(*_: Any) -> None:
        raise ConnectionError("no Redis")

    monkeypatch.setattr(queue, "enqueue", away)
    question = ask(user)
    monkeypatch.undo()
    assert reread(question).status == "queued"


def test_who_kills_two_workers_is_not_given_to_a_third(user):
    asked_question = ask(user)
    for tries in (1, 2):
        question = reread(asked_question)
        claim = question_state.claimed(asked_question.pk, question.job_id, "worker:1")
        assert claim.fence == tries
        backdated(asked_question, lease_until=Now() - timedelta(seconds=1))
        assert recover.recover()["question_lost"] == 1
        assert not question_state.ended(claim.id, claim.fence, End(answer="{}")), (
            "its fence is void"
        )
    result = reread(asked_question)
    assert (result.status, result.failure) == ("failed", "broken")
    assert "Two workers died on it" in result.error


def test_who_was_to_be_cancelled_and_lost_its_worker_is_cancelled(user):
    question = ask(user)
    for _ in range(2):
        question_state.claimed(question.pk, reread(question).job_id, "worker:1")
        deferred.forget(user, question.pk)
        backdated(question, lease_until=Now() - timedelta(seconds=1))
        recover.recover()
    assert reread(question).status == "cancelled"


def test_a_job_that_arq_ends_by_itself_is_no_question_s_end(user):
    question = ask(user)
    recover.unseen(question.job_id, recover.BROKEN, "it cannot be read", b"\x80")
    assert (reread(question).status, reread(question).job_id) == ("queued", f"{question.pk}:2")
    recover.unseen(question.job_id, recover.USED_UP, "an old job", None)
    assert reread(question).status == "queued"
    recover.unseen(f"{question.pk}:2", recover.UNKNOWN, "No worker knows it.", None)
    result = reread(question)
    assert (result.status, result.error) == ("failed", "No worker knows it.")


def test_answers_are_forgotten_in_time(user):
    expired, current = ask(user), ask(user, "stats")
    for item in (expired, current):
        claim = question_state.claimed(item.pk, item.job_id, "worker:1")
        assert question_state.ended(claim.id, claim.fence, End(answer="{}"))
    backdated(expired, expires_at=Now() - timedelta(seconds=1))
    assert periodic.TASKS["forget_answers"].work() == {"questions": 1, "keys": 0}
    assert [item.pk for item in AskedQuestion.objects.using("owner").all()] == [current.pk]
