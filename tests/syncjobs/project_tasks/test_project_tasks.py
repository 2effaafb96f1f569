"""A project's tasks from `enqueue` to their end, over real PostgreSQL and Redis."""

from contextlib import closing
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connections, transaction
from django.db.utils import ProgrammingError
from django.tasks import TaskResultStatus, default_task_backend
from django.tasks.exceptions import InvalidTask, TaskResultDoesNotExist
from django.tasks.signals import task_finished
from django.urls import reverse
from django.utils import timezone

from graph.database.role import as_owner
from syncjobs import periodic, queue, recover
from syncjobs.failures import bulk_replay, replay
from syncjobs.models import JobFailure, ProjectTask
from syncjobs.project_tasks import enqueue_tasks, run_task, task_state
from tests.syncjobs import workers
from tests.syncjobs.burst import work
from tests.syncjobs.project_tasks import shop
from tests.syncjobs.workers import until, worker

pytestmark = [
    pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning"),
    pytest.mark.usefixtures("own_queue"),
]
READY, FAILED = TaskResultStatus.READY, TaskResultStatus.FAILED


@pytest.fixture(autouse=True)
def no_calls():
    shop.calls.clear()


def row_of(result) -> ProjectTask:
    return ProjectTask.objects.using("owner").get(pk=result.id)


def failures() -> list[JobFailure]:
    return list(JobFailure.objects.using("owner"))


def redis_jobs() -> list[str]:
    with closing(workers.redis()) as redis:
        return [job.decode() for job in redis.zrange(queue.NAME, 0, -1)]


def make_due() -> None:
    """Let time pass until every waiting task is due, and longer than Redis has to get its job."""
    rows = ProjectTask.objects.using("owner").filter(status="READY")
    rows.update(due_at=timezone.now() - timedelta(minutes=1))


def test_tasks_run_by_priority_and_their_results_are_read():
    finished = []

    def note(sender, task_result, **_):
        finished.append(task_result.id)

    task_finished.connect(note)
    try:
        low = shop.note.using(priority=-5).enqueue("low")
        shop.note.using(priority=7).enqueue("high")
        results = [shop.add.enqueue(1, right=2), shop.add_async.enqueue(3, 4)]
        seen = shop.attempt_of.enqueue()
        later = shop.note.using(run_after=timezone.now() + timedelta(hours=1)).enqueue("later")
        assert shop.add.get_result(results[0].id) == results[0]
        work_until_idle(later)
    finally:
        task_finished.disconnect(note)
    for result in (*results, seen, low, later):
        result.refresh()
    assert [result.return_value for result in results] == [3, 7]
    assert seen.return_value == [1, seen.id, False]
    assert shop.calls == ["high", "low"]
    assert (later.status, later.attempts) == (READY, 0)
    assert low.enqueued_at <= low.started_at <= low.finished_at
    assert len(finished) == 5
    assert failures() == []


def work_until_idle(later) -> None:
    """Run a worker until only the job of `later` waits in Redis."""
    with closing(workers.redis()) as redis:
        redis.zrem(queue.NAME, f"{enqueue_tasks.PREFIX}{later.id}:0")
    work()


def test_a_rollback_enqueues_nothing_and_a_commit_everything():
    with transaction.atomic():
        lost = shop.note.enqueue("never")
        transaction.set_rollback(True)
    with transaction.atomic():
        result = shop.note.enqueue("once")
        with pytest.raises(TaskResultDoesNotExist):
            shop.note.get_result(result.id)
        assert redis_jobs() == []
    assert redis_jobs() == [f"{enqueue_tasks.PREFIX}{result.id}:0"]
    with pytest.raises(TaskResultDoesNotExist):
        shop.note.get_result(lost.id)
    with pytest.raises(TypeError):
        shop.note.enqueue(timezone.now())
    assert ProjectTask.objects.using("owner").count() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM project_tasks",
        "UPDATE project_tasks SET queue = ''",
        "DELETE FROM project_tasks",
    ],
)
def test_the_application_may_only_add_tasks(statement):
    with connections["default"].cursor() as cursor, pytest.raises(ProgrammingError, match="denied"):
        cursor.execute(statement)


def test_attempts_are_repeated_and_the_last_one_is_a_dead_letter_that_is_replayed(staff, caplog):
    result = shop.fail_until.enqueue(5)
    work()
    result.refresh()
    assert (result.status, result.attempts, shop.calls) == (FAILED, 3, [5, 5, 5])
    assert result.errors[-1].exception_class is ValueError
    (failure,) = failures()
    assert failure.function == "tests.syncjobs.project_tasks.shop.fail_until"
    assert (failure.status, failure.tries, failure.payload["args"]) == ("open", 3, [5])
    texts = [failure.traceback, failure.error, caplog.text, *(e.traceback for e in result.errors)]
    assert not any("hunter2" in text for text in texts)
    assert "Traceback" in result.errors[0].traceback
    page = staff.get(reverse("admin:syncjobs_projecttask_change", args=[result.id]))
    assert str(failure.pk) in page.content.decode()
    replay_in_bulk(failure)
    work()
    result.refresh()
    assert (result.return_value, result.attempts) == ("at last", 5)
    (failure,) = failures()
    assert failure.status == "resolved"


def replay_in_bulk(failure) -> None:
    with as_owner():
        bulk_replay.begin([failure.pk], by=None)
    assert bulk_replay.advance() == {"started": 1}
    (failure,) = failures()
    assert failure.status == "replaying"
    assert recover.abandoned() == 0


@pytest.mark.parametrize(
    ("task", "error"),
    [
        (shop.refuse, "There is no such customer."),
        (shop.return_function, "Unsupported type"),
    ],
)
def test_what_cannot_help_is_not_repeated(task, error):
    result = task.enqueue()
    work()
    result.refresh()
    assert (result.status, result.attempts) == (FAILED, 1)
    assert error in result.errors[0].traceback
    assert len(failures()) == 1


def test_a_task_that_no_worker_knows_fails_and_can_be_replayed_after_a_deployment():
    result = shop.note.enqueue("here")
    rows = ProjectTask.objects.using("owner")
    rows.update(path="graph.models.tenant_row.one_of")  # a function, but no task
    work()
    (failure,) = failures()
    assert "is not a task" in failure.error
    rows.update(path=shop.note.module_path)
    with as_owner():
        assert len(replay.replay([failure.pk], by=None).started) == 1
    work()
    result.refresh()
    assert (result.is_finished, shop.calls) == (True, ["here"])


def test_only_the_newest_attempt_records_its_end():
    result = shop.add.enqueue(1, 1)
    late = task_state.claimed("slow")
    ProjectTask.objects.using("owner").update(lease_until=timezone.now() - timedelta(minutes=1))
    assert enqueue_tasks.recovered() == 1
    make_due()
    newest = task_state.claimed("quick")
    assert not task_state.renewed(late)
    assert task_state.recorded(late, task_state.End("1")) is None
    assert not task_state.handed_back(late)
    assert task_state.renewed(newest)
    assert task_state.recorded(newest, run_task.execute(newest)).return_value == "2"
    result.refresh()
    assert result.worker_ids == ["slow", "quick"]
    assert "The worker died" in result.errors[0].traceback


def test_an_attempt_that_was_handed_back_does_not_count():
    result = shop.add.enqueue(1, 1)
    assert task_state.handed_back(task_state.claimed("stopped"))
    assert (row_of(result).tries, row_of(result).worker_ids) == (0, [])


def test_jobs_that_redis_lost_are_enqueued_again_once():
    result = shop.note.enqueue("once")
    workers.clean(queue.NAME)
    assert enqueue_tasks.recovered() == 0  # it may still be on its way
    make_due()
    assert [enqueue_tasks.recovered(), enqueue_tasks.recovered()] == [1, 0]
    work()
    result.refresh()
    assert (result.is_finished, shop.calls) == (True, ["once"])


def test_ended_tasks_are_forgotten_with_the_runs():
    result = shop.add.enqueue(1, 1)
    work()
    ProjectTask.objects.using("owner").update(finished_at=timezone.now() - timedelta(days=1000))
    assert periodic.forget_old()["tasks"] == 1
    with pytest.raises(TaskResultDoesNotExist):
        shop.add.get_result(result.id)
    with pytest.raises(TaskResultDoesNotExist):
        default_task_backend.get_result(str(uuid4()))


@pytest.mark.parametrize(
    "options", [{"max_tries": 0}, {"max_tries": 1.5}, {"backoff": -1}, {"backoff": 1e9}]
)
def test_impossible_attempts_are_refused(options, settings):
    with pytest.raises(InvalidTask, match=next(iter(options))):
        shop.add.using(**options)
    backend = "syncjobs.project_tasks.backend.LedgerBackend"
    settings.TASKS = {"default": {"BACKEND": backend, "OPTIONS": {**options, "tries": 1}}}
    assert len(default_task_backend.check()) == 2


def test_a_worker_process_runs_tasks_and_hands_back_those_it_is_stopped_in(tmp_path):
    added = shop.add.enqueue(1, 1)
    with worker(tmp_path / "worker.log") as process:
        until(lambda: row_of(added).finished_at, 20, process.explained)
        stopped = shop.sleep.enqueue(60)
        until(lambda: row_of(stopped).status == "RUNNING", 10, process.explained)
        assert process.stop() == 0
    added.refresh()
    assert (added.return_value, added.attempts) == (2, 1)
    assert (row_of(stopped).status, row_of(stopped).tries) == ("READY", 0)
