"""Signing in over the API: by JSON, with a session's cookie, for the tenant that it has chosen."""

from collections.abc import Iterator

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from rest_framework.test import APIClient

from finley.auth import failed_attempts, sign_in
from finley.auth.session_authentication import SessionAuthentication
from finley.models import Membership, Role, User
from graph.database.role import as_owner
from graph.http.scopes import READ
from tests.finley.auth.test_sign_in import forget_attempts
from tests.finley.web.conftest import PASSWORD, a_case

NOTHING: dict[str, list[str]] = {"for": [], "against": []}
SESSION, STATS = "/api/v1/session/", "/api/v1/graph/stats/"


@pytest.fixture
def browser() -> APIClient:
    """Checks X-CSRFToken as the service does."""
    return APIClient(enforce_csrf_checks=True)


def signed_in(browser: APIClient, user: User, tenant: User | None = None) -> APIClient:
    body = {"email": user.email, "password": PASSWORD}
    answer = browser.post(SESSION, body, format="json")
    assert answer.status_code == 200, answer.content
    browser.credentials(HTTP_X_CSRFTOKEN=answer.json()["csrf_token"])
    if tenant is not None:
        switched = browser.patch(SESSION, {"tenant": str(tenant.pk)}, format="json")
        assert switched.json()["tenant"]["id"] == str(tenant.pk)
    return browser


def member_of(tenant: User, role: Role) -> User:
    with as_owner():
        member = User.objects.create_user("member@example.org", PASSWORD)
        Membership.objects.create(member=member, tenant=tenant, role=role, accepted=timezone.now())
    return member


def test_one_signs_in_asks_and_signs_out(browser, person, books):
    nobody = browser.get(SESSION).json()
    assert (nobody["person"], nobody["tenants"]) == (None, [])
    assert browser.get(STATS).status_code == 401
    signed_in(browser, person)
    answer = browser.get(SESSION).json()
    assert (answer["person"], answer["tenant"]["role"]) == (person.email, "owner")
    assert browser.get(STATS).json()["nodes"] == 5
    assert browser.delete(SESSION).status_code == 204
    assert browser.get(STATS).status_code == 401


def test_a_wrong_password_is_a_problem(browser, person):
    for body, status in (
        ({"email": person.email, "password": "wrong-guess"}, 401),
        ({"email": "nobody@example.org", "password": PASSWORD}, 401),
        ({"email": "x", "password": PASSWORD}, 400),
        ([], 400),
    ):
        answer = browser.post(SESSION, body, format="json")
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    form = browser.post(SESSION, {"email": person.email, "password": PASSWORD})
    assert form.status_code == 415, "no other site's form signs anybody in"


def test_a_change_by_session_needs_the_csrf_token(browser, person, books):
    signed_in(browser, person)
    case = a_case(person.id, books.annotated, books.plain, evidence=NOTHING)
    path = f"/api/v1/graph/cases/{case.id}/decide/"
    browser.credentials()
    assert browser.post(path, {"action": "confirm"}, format="json").status_code == 403
    token = browser.get(SESSION).json()["csrf_token"]
    browser.credentials(HTTP_X_CSRFTOKEN=token)
    answer = browser.post(path, {"action": "confirm"}, format="json")
    assert answer.json()["history"][-1]["by"] == person.email


@pytest.mark.parametrize(
    ("role", "decides", "imports"),
    [(Role.VIEWER, 403, 403), (Role.REVIEWER, 200, 403), (Role.OWNER, 200, 201)],
)
@pytest.mark.usefixtures("own_queue")
def test_a_session_may_what_the_role_may(browser, books, tenant, role, decides, imports):  # noqa: PLR0917
    case = a_case(tenant.id, books.annotated, books.plain, evidence=NOTHING)
    signed_in(browser, member_of(tenant, role), tenant)
    assert browser.get(STATS).json()["nodes"] == 5
    decided = browser.post(
        f"/api/v1/graph/cases/{case.id}/decide/", {"action": "confirm"}, format="json"
    )
    assert decided.status_code == decides
    upload = browser.post("/api/v1/uploads/", {"name": "a.csv", "size": 3}, format="json")
    assert upload.status_code == imports
    assert browser.get("/api/v1/members/").status_code == (200 if role == Role.OWNER else 403)
    elsewhere = browser.get(STATS, headers={"X-Finley-User": str(tenant.pk)})
    assert elsewhere.status_code == 403


@pytest.mark.usefixtures("own_queue")
def test_who_is_removed_changes_nothing_of_its_own_by_mistake(browser, tenant):
    member = member_of(tenant, Role.OWNER)
    signed_in(browser, member, tenant)
    with as_owner():
        Membership.objects.all().delete()
    own = browser.get(SESSION).json()["tenant"]
    assert own["id"] == str(member.pk)
    assert browser.get("/api/v1/uploads/").json() == {"results": []}
    body = {"name": "a.csv", "size": 3}
    answer = browser.post("/api/v1/uploads/", body, format="json")
    assert answer.status_code == 403
    assert "You may no longer see the data that you had chosen." in answer.json()["detail"]
    assert browser.patch(SESSION, {"tenant": own["id"]}, format="json").status_code == 200
    wrong = {"X-Finley-Tenant": str(tenant.pk)}
    answer = browser.post("/api/v1/uploads/", body, format="json", headers=wrong)
    assert answer.status_code == 403
    assert f"reads the data of {member.email} now" in answer.json()["detail"]
    assert browser.post("/api/v1/uploads/", body, format="json").status_code == 201


@pytest.fixture
def no_attempts() -> Iterator[None]:
    forget_attempts()
    yield
    forget_attempts()


@pytest.mark.usefixtures("no_attempts")
def test_after_failures_the_right_password_waits_too(browser, person):
    for _ in range(sign_in.FREE + 3):
        failed_attempts.count(failed_attempts.key("who", person.email))
    body = {"email": person.email, "password": PASSWORD}
    assert browser.post(SESSION, body, format="json").status_code == 401


@pytest.mark.parametrize("end", ["expired", "another password"])
def test_a_long_request_ends_with_its_session(browser, person, end):
    signed_in(browser, person)
    request = browser.get(SESSION).renderer_context["request"]
    assert SessionAuthentication().still_valid(request, READ)
    with as_owner():
        if end == "expired":
            Session.objects.update(expire_date=timezone.now())
        else:
            person.set_password("another-long-phrase")
            person.save()
    assert not SessionAuthentication().still_valid(request, READ)


def test_nobody_chooses_a_tenant_that_is_not_open_to_it(browser, person, other_tenant):
    signed_in(browser, person)
    answer = browser.patch(SESSION, {"tenant": str(other_tenant.pk)}, format="json")
    assert answer.status_code == 403
