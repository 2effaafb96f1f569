"""Two web processes on one PostgreSQL and one Redis answer as one does."""

import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest

from finley.models import ApiToken, User
from graph.database.role import as_owner
from graph.http.scopes import READ, SYNC
from graph.models import PredictedRelationship
from tests.graph.api.conftest import Books, books, both_books, serving  # noqa: F401

V1 = "/api/v1/"
TOKEN_SECONDS = 1
PASSWORD = "a long enough password 7"
EXPECTED = f"{V1}graph/insights/prediction/"


@pytest.fixture(scope="module")
def processes(django_db_setup: None) -> Iterator[list[httpx.Client]]:
    """A client of each of two processes."""
    quick = {"FINLEY_TOKEN_SECONDS": str(TOKEN_SECONDS), "FINLEY_REQUESTS_PER_MINUTE": "0"}
    with serving(**quick) as one, serving(**quick) as other:
        assert one.pid != other.pid
        clients = [httpx.Client(base_url=of.address, timeout=60) for of in (one, other)]
        for client in clients:
            assert client.get("/healthz").status_code == 200
        yield clients
        for client in clients:
            client.close()


def token_of(user: User) -> tuple[str, dict[str, str]]:
    """A new token's key, and the header that sends it."""
    with as_owner():
        row, token = ApiToken.objects.create(user, name="test", scopes=[READ, SYNC])
    return row.token_key, {"Authorization": f"Bearer {token}"}


@pytest.mark.usefixtures("books")
def test_a_token_revoked_in_one_is_refused_by_the_other_within_its_seconds(processes, tenant):
    one, other = processes
    with as_owner():
        tenant.set_password(PASSWORD)
        tenant.save()
    key, header = token_of(tenant)
    assert [of.get(EXPECTED, headers=header).status_code for of in processes] == [200, 200]
    csrf = signed_in(one, tenant)
    assert one.delete(f"{V1}tokens/{key}/", headers=csrf).status_code == 204
    revoked = time.monotonic()
    one.cookies.clear()
    assert one.get(EXPECTED, headers=header).status_code == 401
    begun, status = revoked, 200
    while status == 200:
        assert begun <= revoked + TOKEN_SECONDS
        begun = time.monotonic()
        status = other.get(EXPECTED, headers=header).status_code
    assert status == 401


def test_a_session_of_one_is_good_in_the_other_until_it_ends(processes, tenant):
    one, other = processes
    with as_owner():
        tenant.set_password(PASSWORD)
        tenant.save()
    csrf = signed_in(one, tenant)
    other.cookies.update(one.cookies)
    assert other.get(f"{V1}session/").json()["person"] == tenant.email
    assert one.delete(f"{V1}session/", headers=csrf).status_code == 204
    assert other.get(f"{V1}session/").json()["person"] is None
    one.cookies.clear()
    other.cookies.clear()


def signed_in(client: httpx.Client, user: User) -> dict[str, str]:
    """Sign in, and return the header that changes need."""
    answer = client.post(f"{V1}session/", json={"email": user.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"X-CSRFToken": answer.json()["csrf_token"]}


def test_a_write_through_one_is_seen_by_the_other_at_once(processes, tenant, books: Books):  # noqa: F811
    _, header = token_of(tenant)
    before = [given_again(of) for of in processes]
    decide = decision_about(tenant)
    for number in range(12):
        writer, reader = processes[number % 2], processes[1 - number % 2]
        action = "expect" if number % 2 else "dismiss"
        for _ in range(2):  # the second answer is a kept one
            assert len(expected(reader, header)) == (number + 1) % 2
        answer = writer.post(decide, json={"action": action}, headers=header)
        assert answer.status_code == 200, answer.text
        assert len(expected(reader, header)) == number % 2
        assert len(expected(writer, header)) == number % 2
    assert all(given_again(of) >= at + 3 for of, at in zip(processes, before, strict=True))


def decision_about(tenant: User) -> str:
    """The path of the decision about the tenant's one expected payment."""
    prediction = PredictedRelationship.objects.using("owner").get(user_id=tenant.pk)
    return f"{V1}graph/predictions/{prediction.pk}/decide/"


def expected(client: httpx.Client, header: dict[str, str]) -> list[dict[str, object]]:
    results: list[dict[str, object]] = client.get(EXPECTED, headers=header).json()["results"]
    return results


def given_again(client: httpx.Client) -> float:
    """The number of stored answers that the process has given."""
    lines = client.get("/metrics").text.splitlines()
    counts = [line for line in lines if line.startswith('finley_answers_total{given="kept"}')]
    return sum(float(line.rpartition(" ")[2]) for line in counts)


def test_a_repeated_request_to_the_other_has_no_second_effect(processes, tenant, books: Books):  # noqa: F811
    _, header = token_of(tenant)
    decide = decision_about(tenant)
    key = header | {"Idempotency-Key": str(uuid4())}
    answers = [of.post(decide, json={"action": "dismiss"}, headers=key) for of in processes]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    other = processes[1].post(decide, json={"action": "expect"}, headers=key)
    assert other.status_code in (409, 422), "the key belongs to another request"
