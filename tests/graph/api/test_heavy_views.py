"""Heavy questions: accepted for a worker, the same one once, told, cancelled, forgotten."""

import json
import threading
from uuid import uuid4

import pytest
from django.db import connections
from django.db.models.functions import Now

from graph.api import computations
from graph.errors import NotFound, TooMany
from graph.models import AskedQuestion
from graph.models.choices import QuestionFailure
from graph.questions import entities
from graph.questions.heavy.deferred import QuestionKey, accept
from syncjobs.models.choices import RunStatus
from syncjobs.questions import question_state
from syncjobs.questions.question_state import End
from tests.conftest import client_of
from tests.graph.api.shapes import V1, validator
from tests.problems import problem, unnamed, wrong

QUESTIONS = V1 + "questions/"
ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def heavy(settings, own_queue):
    """Everything is too heavy for a request; the queue is the test's own."""
    settings.QUESTIONS = {**settings.QUESTIONS, "steps": 0}
    return settings


def ask(api, question: str = "importance/", status: int = 202, headers=None, **asked_):
    answer = api.get(V1 + question, asked_, headers=headers or {})
    assert answer.status_code == status, answer.content
    return answer


def row(answer) -> AskedQuestion:
    return AskedQuestion.objects.using("owner").get(pk=answer.json()["id"])


def computed(answer) -> AskedQuestion:
    """As a worker answers it, but in this process."""
    question = row(answer)
    claim = question_state.claimed(question.pk, question.job_id, "worker:1")
    text = computations.answer(claim.question, claim.user_id, claim.parameters, 60)
    assert question_state.ended(claim.id, claim.fence, End(answer=text))
    return question


def all_of_them(books) -> dict[str, dict[str, object]]:
    ends = {"source": books.acme, "target": books.borough}
    return {
        "stats/": {},
        "paths/": {**ends, "weight": "causal_score", "min_confidence": 0.1},
        "paths/k-shortest/": {**ends, "k": 2, "types": "payment,rent"},
        f"entities/{books.sales}/neighbourhood/": {"depth": 2, "edges": "all"},
        "importance/": {"algorithm": "betweenness", "since": "2024-01-01", "until": "2024-12-31"},
        "communities/": {"seed": 3, "has": "causal,fraud"},
    }


def template(question: str) -> str:
    return V1 + ("entities/{entity_id}/neighbourhood/" if "neighb" in question else question)


def test_each_is_answered_by_a_worker_as_it_is_in_a_request(api, books, settings, own_queue):
    for question, parameters in all_of_them(books).items():
        expected = ask(api, question, 200, **parameters).json()
        accepted = ask(api, question, 202, ASYNC, **parameters)
        validator(template(question), 202).validate(accepted.json())
        assert accepted.headers["Preference-Applied"] == "respond-async"
        assert accepted.headers["Location"].endswith(f"/questions/{accepted.json()['id']}/")
        assert accepted.headers["Retry-After"] == "2"
        computed(accepted)
        answer = ask(api, question, 200, ASYNC, **parameters)
        assert answer.headers["Content-Location"] == accepted.headers["Location"]
        assert answer.headers["ETag"]
        stored = api.get(accepted.headers["Location"]).json()["answer"]
        answers = [expected, answer.json(), stored]
        for body in answers:
            body.pop("build_seconds", None)
            body.pop("as_of_version", None)
        assert answers == [expected] * 3
        assert list(stored) == list(expected), "in the same order"


def test_small_ones_are_answered_at_once_and_leave_nothing(api, books):
    ask(api, status=200)
    assert not AskedQuestion.objects.using("owner").exists()


def test_above_the_limit_a_worker_answers(api, books, heavy):
    accepted = ask(api)
    question = accepted.json()
    assert (question["status"], question["question"]) == ("queued", "importance")
    assert question["parameters"]["algorithm"] == "pagerank"
    assert "Preference-Applied" not in accepted.headers
    assert "ETag" not in accepted.headers, "an answer that is no answer is not to be kept"
    status = api.get(accepted.headers["Location"])
    validator(QUESTIONS + "{question_id}/", 200).validate(status.json())
    assert (status.json()["answer"], status.headers["Retry-After"]) == (None, "2")


def test_a_question_that_is_narrow_enough_is_answered_at_once(api, books, settings, own_queue):
    """Five entities and five relationships: betweenness takes 50 steps, of one edge 30."""
    settings.QUESTIONS = {**settings.QUESTIONS, "steps": 40}
    heavy = {"algorithm": "betweenness", "edges": "all"}
    ask(api, status=200, **heavy, has="fraud")
    ask(api, status=202, **heavy)
    assert AskedQuestion.objects.using("owner").count() == 1


def test_the_same_question_of_the_same_version_is_one(api, books, heavy):
    first = ask(api, algorithm="closeness", has="causal,fraud")
    for same in ({"has": "fraud,causal", "top": "10"}, {"has": "causal,fraud", "direction": "any"}):
        assert ask(api, algorithm="closeness", **same).json()["id"] == first.json()["id"]
    others = [ask(api, algorithm="closeness"), ask(api, algorithm="closeness", top=11)]
    assert len({answer.json()["id"] for answer in (first, *others)}) == 3
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM asked_questions WHERE id <> %s", [first.json()["id"]])
        cursor.execute("UPDATE raw_events SET amount = 2 * amount")
    later = ask(api, algorithm="closeness", has="causal,fraud")
    assert later.json()["id"] != first.json()["id"]
    assert later.json()["version"] != first.json()["version"]


def test_asked_by_many_at_once_it_is_one(tenant, books, heavy):
    ids = []

    def one() -> None:
        try:
            ids.append(accept(tenant.pk, QuestionKey("importance", {"top": "10"}, "1")).pk)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_a_tenant_has_so_many_and_others_are_not_kept_from_theirs(api, books, heavy, other_tenant):
    heavy.QUESTIONS = {**heavy.QUESTIONS, "active": 2}
    first = ask(api, top=1)
    ask(api, top=2)
    refused = ask(api, status=429, top=3)
    assert problem(refused)["type"] == "urn:finley:problem:too-many-requests"
    assert "DELETE" in problem(refused)["detail"]
    assert int(refused.headers["Retry-After"]) > 0
    ask(api, top=1)
    ask(client_of(other_tenant), top=3)
    assert api.delete(first.headers["Location"]).status_code == 204
    ask(api, top=3)


def test_so_many_also_if_they_are_asked_at_once(tenant, books, heavy):
    heavy.QUESTIONS = {**heavy.QUESTIONS, "active": 2}
    refused = []

    def one(number: int) -> None:
        try:
            accept(tenant.pk, QuestionKey("importance", {"top": str(number)}, "1"))
        except TooMany:
            refused.append(number)
        finally:
            connections["default"].close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 6
    assert AskedQuestion.objects.using("owner").count() == 2


def test_what_waits_is_cancelled_at_once_and_may_be_asked_again(api, books, heavy):
    first = ask(api)
    assert api.delete(first.headers["Location"]).status_code == 204
    assert api.get(first.headers["Location"]).json()["status"] == "cancelled"
    question = row(first)
    assert question_state.claimed(question.pk, question.job_id, "worker:1") is None
    assert ask(api).json()["id"] != first.json()["id"]


def test_what_runs_is_told_to_end(api, books, heavy):
    first = ask(api)
    question = row(first)
    claim = question_state.claimed(question.pk, question.job_id, "worker:1")
    assert question_state.renewed(claim)
    assert api.delete(first.headers["Location"]).status_code == 204
    assert not question_state.renewed(claim)
    status = api.get(first.headers["Location"]).json()
    assert status["status"] == "running"
    assert status["cancel_requested_at"]
    assert ask(api).json()["id"] != first.json()["id"]
    assert question_state.ended(claim.id, claim.fence, End(answer="{}"))
    assert api.get(first.headers["Location"]).json()["status"] == "cancelled"


def test_an_answer_is_forgotten_when_it_is_deleted_or_old(api, books, heavy):
    first = ask(api)
    computed(first)
    assert api.delete(first.headers["Location"]).status_code == 204
    assert api.get(first.headers["Location"]).status_code == 404
    second = ask(api)
    computed(second)
    ask(api, status=200)
    AskedQuestion.objects.using("owner").update(expires_at=Now())
    assert api.get(second.headers["Location"]).status_code == 404
    assert ask(api).json()["id"] != second.json()["id"]


def test_a_failure_is_told_with_what_to_do(api, books, heavy):
    for failure, status, kind in (
        (QuestionFailure.TOO_LONG, 422, "took-too-long"),
        (QuestionFailure.REFUSED, 503, "unavailable"),
        (QuestionFailure.BROKEN, 503, "unavailable"),
    ):
        accepted = ask(api)
        question = row(accepted)
        claim = question_state.claimed(question.pk, question.job_id, "worker:1")
        assert question_state.ended(claim.id, claim.fence, End(failure=failure, error="Narrow it."))
        answer = ask(api, status=status)
        validator(V1 + "importance/", status).validate(answer.json())
        assert problem(answer)["type"] == f"urn:finley:problem:{kind}"
        assert problem(answer)["detail"] == "Narrow it."
        assert problem(answer)["question"] == accepted.json()["id"]
        assert api.get(accepted.headers["Location"]).json()["error"] == "Narrow it."
        assert api.delete(accepted.headers["Location"]).status_code == 204


def test_a_question_of_nobody_is_not_accepted(api, books, heavy, their_books):
    for stranger in (uuid4(), their_books.acme):
        for field, own in (("source", "target"), ("target", "source")):
            asked_ = {own: books.acme, field: stranger}
            answer = ask(api, "paths/", 404, **asked_)
            assert list(wrong(answer)) == [field]
        answer = ask(api, f"entities/{stranger}/neighbourhood/", 404)
        assert list(wrong(answer)) == ["id"]
    assert ask(api, "entities/7/neighbourhood/", 404)
    assert not AskedQuestion.objects.using("owner").exists()


def test_the_list_of_them(api, books, heavy):
    ids = [ask(api, top=n).json()["id"] for n in (1, 2, 3)]
    computed(ask(api, top=2))
    answer = api.get(QUESTIONS)
    validator(QUESTIONS, 200).validate(answer.json())
    assert [question["id"] for question in answer.json()["results"]] == ids[::-1]
    finished = api.get(QUESTIONS, {"status": "done"}).json()["results"]
    assert [question["id"] for question in finished] == [ids[1]]
    first = api.get(QUESTIONS, {"limit": 2}).json()
    rest = api.get(QUESTIONS, {"limit": 2, "cursor": first["next"]}).json()
    assert [question["id"] for question in (*first["results"], *rest["results"])] == ids[::-1]
    assert rest["next"] is None
    refused = api.get(QUESTIONS, {"status": "lost", "limit": 0, "cursor": "x"})
    assert set(wrong(refused)) == {"status", "limit", "cursor"}


def test_another_tenant_s_are_not_there(api, books, heavy, other_tenant):
    mine = ask(api)
    stranger = client_of(other_tenant)
    assert stranger.get(QUESTIONS).json()["results"] == []
    for method in (stranger.get, stranger.delete):
        answers = [method(mine.headers["Location"]), method(f"{QUESTIONS}{uuid4()}/")]
        assert {answer.status_code for answer in answers} == {404}
        assert unnamed(answers[0]) == unnamed(answers[1])
    assert api.get(f"{QUESTIONS}7/").status_code == 404
    assert row(mine).status == RunStatus.QUEUED


def test_a_token_that_may_only_read_asks_and_takes_back(tenant, books, heavy):
    reader = client_of(tenant, "read")
    accepted = ask(reader)
    assert reader.delete(accepted.headers["Location"]).status_code == 204


def test_what_is_not_new_is_not_asked(api, books, settings, own_queue):
    tag = ask(api, status=200).headers["ETag"]
    settings.QUESTIONS = {**settings.QUESTIONS, "steps": 0}
    ask(api, status=304, headers={"If-None-Match": tag, **ASYNC})
    assert not AskedQuestion.objects.using("owner").exists()


@pytest.mark.parametrize(
    ("preferred", "status"),
    [
        ("respond-async", 202),
        ("Respond-Async; wait=10, return=minimal", 202),
        ("return=minimal,respond-async", 202),
        ("return=minimal", 200),
        ("respond-asynchronously", 200),
    ],
)
def test_a_preference_is_read_as_rfc_7240_says(api, books, own_queue, preferred, status):
    ask(api, status=status, headers={"Prefer": preferred})


def test_the_id_of_an_entity_that_was_merged_means_the_other_one(api, tenant, books):
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE normalized_entities SET merged_into_id = %s WHERE id = %s",
            [books.dora, books.acme],
        )
    for one in (books.dora, books.acme):
        assert entities.representative(tenant.pk, one, "id") == books.dora
    with pytest.raises(NotFound):
        entities.representative(tenant.pk, uuid4(), "id")
    graph = "/api/v1/graph/"
    party = api.get(f"{graph}entities/{books.acme}/").json()
    assert (party["id"], party["merged_into"]) == (str(books.dora), str(books.dora))
    assert party["merged_ids"] == [str(books.acme)]
    assert api.get(f"{graph}entities/{books.dora}/").json()["merged_into"] is None
    nearby = f"{graph}entities/{{}}/neighbourhood/"
    ways = f"{graph}paths/?source={{}}&target={books.dora}"
    incoming = f"{graph}relationships/?target={{}}"
    for address in (nearby, ways, incoming):
        old, new = (api.get(address.format(one)) for one in (books.acme, books.dora))
        assert old.status_code == new.status_code == 200
        assert old.json() == new.json()


def test_the_answer_is_kept_as_it_was_written(api, books, heavy):
    accepted = ask(api, "communities/")
    question = computed(accepted)
    question.refresh_from_db(using="owner")
    assert json.loads(question.answer)["results"]
