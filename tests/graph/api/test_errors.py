"""What is refused: by which status, and with which words."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connections
from rest_framework.test import APIClient

from finley.models import ApiToken
from graph.database.role import as_owner
from graph.questions.whole_graph import relationship
from tests.conftest import client_of
from tests.graph.api.shapes import V1, as_published
from tests.problems import unnamed, wrong

SOMEBODY = "7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f"
QUESTIONS = {
    "stats/": {},
    "entities/": {},
    "paths/": {"source": SOMEBODY, "target": SOMEBODY},
    "importance/": {},
    "communities/": {},
    f"relationships/{SOMEBODY}/": {},
}
OF_THE_VIEW = {q: parameters for q, parameters in QUESTIONS.items() if q != "entities/"}

every_question = pytest.mark.parametrize(("question", "parameters"), QUESTIONS.items())


def client_with(header: str) -> APIClient:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=header)
    return client


def token(user, **options) -> str:
    with as_owner():
        return ApiToken.objects.create(user, name="test", **options)[1]


@every_question
def test_without_a_token_nothing_is_said(question, parameters, committed):
    answer = APIClient().get(V1 + question, parameters)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    as_published(question, answer.json(), status=401)


@pytest.mark.parametrize(
    "wrong", ["", "x", "a b", "finley_" + "0" * 64, "ÿþ", "a\0b", "é" * 15], ids=repr
)
def test_a_wrong_token_is_refused(wrong, tenant):
    answer = client_with(f"Bearer {wrong}").get(V1 + "stats/")
    assert answer.status_code == 401
    as_published("stats/", answer.json(), status=401)


def test_a_token_counts_only_whole_and_with_its_prefix(tenant):
    right = token(tenant)
    assert client_with(f"Bearer {right}").get(V1 + "stats/").status_code == 200
    changed = right[:-1] + ("0" if right[-1] != "0" else "1")
    for header in (right, f"Token {right}", f"Bearer {changed}", f"Bearer {right[:-1]}"):
        assert client_with(header).get(V1 + "stats/").status_code == 401


def test_an_expired_token_is_refused_and_forgotten(tenant):
    expired = token(tenant, expiry=timedelta(seconds=-1))
    assert client_with(f"Bearer {expired}").get(V1 + "stats/").status_code == 401
    assert not ApiToken.objects.using("owner").exists()


def test_the_token_of_a_user_that_was_switched_off_is_refused(tenant):
    client = client_of(tenant)
    tenant.is_active = False
    tenant.save(using="owner")
    assert client.get(V1 + "stats/").status_code == 401


WRONG = [
    ("entities/", "search", ["a\0b", "x" * 201]),
    ("entities/", "kind", ["", "person", "Vendor", "\0"]),
    ("entities/", "limit", ["", "0", "-1", "101", "many", "1.5", "9" * 5000, "\0"]),
    ("paths/", "source", ["", "x", "1", SOMEBODY[:-1], "\0", SOMEBODY + "0"]),
    ("paths/", "target", ["", "x", "1", SOMEBODY[:-1], "\0"]),
    ("paths/", "max_length", ["", "0", "-1", "21", "six", "1e1"]),
    ("paths/", "weight", ["", "amount", "CAUSAL_SCORE", "confidence_score; --"]),
    ("paths/", "direction", ["", "in"]),
    ("paths/", "edges", ["", "link"]),
    ("importance/", "algorithm", ["", "fame", "__class__"]),
    ("importance/", "top", ["", "0", "1001"]),
    ("importance/", "kind", ["", "person"]),
    ("importance/", "direction", ["both"]),
    ("importance/", "edges", ["link"]),
    ("communities/", "top", ["0", "1001"]),
    ("communities/", "members", ["0", "1001"]),
    ("communities/", "seed", ["-1", str(2**31), "x"]),
    ("communities/", "edges", ["link"]),
]


@pytest.mark.parametrize(
    ("question", "field", "values"), WRONG, ids=[f"{q}{field}" for q, field, _ in WRONG]
)
def test_a_wrong_parameter_is_named(question, field, values, api):
    for value in values:
        answer = api.get(V1 + question, {**QUESTIONS[question], field: value})
        assert answer.status_code == 400, value
        assert list(wrong(answer)) == [field]
        (reason,) = wrong(answer)[field]
        assert reason


@every_question
def test_an_unknown_parameter_is_named(question, parameters, api):
    for unknown in ("user_id", "Source", "a\0b", "é"):
        answer = api.get(V1 + question, {**parameters, unknown: SOMEBODY})
        assert answer.status_code == 400
        assert list(wrong(answer)) == [unknown]


def test_every_wrong_parameter_is_named_at_once(api):
    answer = api.get(V1 + "paths/", {"target": "x", "max_length": 0, "user": "me"})
    assert answer.status_code == 400
    assert set(wrong(answer)) == {"source", "target", "max_length", "user"}


def test_an_entity_of_no_one_and_of_another_are_the_same_404(api, books, their_books):
    for field, own in (("source", "target"), ("target", "source")):
        bodies = []
        for stranger in (uuid4(), their_books.acme):
            answer = api.get(V1 + "paths/", {own: books.acme, field: stranger})
            assert answer.status_code == 404
            assert list(wrong(answer)) == [field]
            bodies.append(unnamed(answer))
        assert bodies[0] == bodies[1]


def test_a_relationship_of_no_one_and_of_another_are_the_same_404(api, other_tenant, their_books):
    answers = [api.get(f"{V1}relationships/{r}/") for r in (uuid4(), their_books.annotated)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert unnamed(answers[0]) == unnamed(answers[1])
    assert list(wrong(answers[0])) == ["id"]
    assert relationship(other_tenant.id, their_books.annotated)["id"] == their_books.annotated


def test_what_is_no_id_is_not_found(api):
    assert api.get(f"{V1}relationships/7/").status_code == 404


def test_a_question_is_only_asked(api):
    for question, parameters in QUESTIONS.items():
        for method in (api.post, api.put, api.patch, api.delete):
            assert method(V1 + question, parameters, format="json").status_code == 405


def test_a_view_that_was_never_filled_is_told_with_the_command(api):
    with connections["owner"].cursor() as cursor:
        cursor.execute("REFRESH MATERIALIZED VIEW view_enriched_relationships WITH NO DATA")
    for question, parameters in OF_THE_VIEW.items():
        answer = api.get(V1 + question, parameters)
        assert answer.status_code == 503, question
        body = as_published(question, answer.json(), status=503)
        assert body["detail"].endswith("manage.py refresh_enriched_view --no-concurrently")
    assert api.get(V1 + "entities/").status_code == 200


def test_a_missing_view_is_told_with_the_command(api):
    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP MATERIALIZED VIEW view_enriched_relationships CASCADE")
    try:
        for question, parameters in OF_THE_VIEW.items():
            answer = api.get(V1 + question, parameters)
            assert answer.status_code == 503, question
            assert answer.json()["detail"].endswith("manage.py migrate")
    finally:
        call_command("migrate", verbosity=0)
