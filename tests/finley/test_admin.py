"""The admin of users and tokens: by e-mail address, a token shown once, no digest ever."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from finley.models import ApiToken, User
from graph.database.role import as_owner
from tests.graph import rows

pytestmark = pytest.mark.usefixtures("committed")

TOKENS = "/admin/finley/apitoken/"


def logged_in(user: User) -> Client:
    client = Client()
    with as_owner():
        client.force_login(user)
    return client


@pytest.fixture
def staff(committed) -> Client:
    with as_owner():
        return logged_in(User.objects.create_superuser("staff@example.org"))


def make_token(user: User, name: str = "laptop") -> tuple[ApiToken, str]:
    with as_owner():
        return ApiToken.objects.create(user, name=name)


def only_token() -> ApiToken:
    return ApiToken.objects.using("owner").get()


# users


def test_a_person_logs_in_by_e_mail_address(committed):
    with as_owner():
        User.objects.create_superuser("staff@example.org", "a long password")
    answer = Client().post(
        reverse("admin:login"),
        {"username": "Staff@Example.org", "password": "a long password", "next": "/admin/"},
    )
    assert answer.url == "/admin/"


def test_a_user_is_added_by_address_and_may_have_no_password(staff):
    place = reverse("admin:finley_user_add")
    assert staff.get(place).status_code == 200
    posted = {"email": "New@Example.ORG", "usable_password": "false"}
    assert staff.post(place, posted).status_code == 302
    user = User.objects.using("owner").get(email="New@example.org")
    assert not user.has_usable_password()
    again = staff.post(place, {**posted, "email": "new@example.org"})
    assert "A user with this e-mail address exists already." in again.content.decode()


def test_a_user_is_found_and_changed(staff, tenant, other_tenant):
    place = reverse("admin:finley_user_changelist")
    for text in ("tenant@", str(tenant.pk), tenant.pk.hex):
        listed = staff.get(place, {"q": text}).context["cl"].result_list
        assert tenant in listed
        assert other_tenant not in listed
    assert staff.get(place, {"q": "not-a-uuid"}).status_code == 200
    change = reverse("admin:finley_user_change", args=[tenant.pk])
    assert str(tenant.pk) in staff.get(change).content.decode()
    assert staff.post(change, {"email": "renamed@example.org"}).status_code == 302
    assert User.objects.using("owner").get(pk=tenant.pk).email == "renamed@example.org"


def test_deleting_a_user_counts_tokens_and_keeps_the_tenants_rows(staff, tenant):
    token, _ = make_token(tenant)
    entity = rows.entity(tenant.pk, "ACME Ltd")
    place = reverse("admin:finley_user_delete", args=[tenant.pk])
    text = staff.get(place).content.decode()
    assert "API tokens: 1" in text
    assert token.digest not in text
    assert staff.post(place, {"post": "yes"}).status_code == 302
    assert not User.objects.using("owner").filter(pk=tenant.pk).exists()
    assert not ApiToken.objects.using("owner").exists()
    assert type(entity).objects.using("owner").filter(pk=entity.pk).exists()


def test_who_may_not_revoke_tokens_may_not_delete_their_user(tenant):
    make_token(tenant)
    with as_owner():
        clerk = User.objects.create_user("clerk@example.org", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename="delete_user"))
    client = logged_in(clerk)
    place = reverse("admin:finley_user_delete", args=[tenant.pk])
    assert client.post(place, {"post": "yes"}).status_code == 403
    assert User.objects.using("owner").filter(pk=tenant.pk).exists()


# tokens


def test_a_token_is_shown_once_and_opens_the_api(staff, tenant):
    form = staff.get(f"{TOKENS}add/").context["adminform"].form
    assert form["expiry"].value() - timezone.now() > timedelta(days=364)
    posted = {
        "user": str(tenant.pk),
        "name": "laptop",
        "scopes": ["read"],
        "expiry_0": "2999-01-01",
        "expiry_1": "0:00",
    }
    first = staff.post(f"{TOKENS}add/", posted, follow=True).content.decode()
    token = first.split("not shown again: ")[1].split("<")[0].strip()
    assert first.count(token) == 1
    stored_token = only_token()
    assert token.startswith("finley_")
    assert token not in (stored_token.digest, stored_token.token_key)
    assert (stored_token.user_id, stored_token.name, stored_token.expiry.year) == (
        tenant.pk,
        "laptop",
        2999,
    )
    for page in (TOKENS, f"{TOKENS}{quote(stored_token.token_key)}/change/", "/admin/"):
        assert token not in staff.get(page).content.decode()
    granted = Client().get("/api/v1/graph/entities/", headers={"authorization": f"Bearer {token}"})
    assert granted.status_code != 401
    denied = Client().get("/api/v1/graph/entities/", headers={"authorization": f"Bearer {token}x"})
    assert denied.status_code == 401


def test_a_token_can_be_made_that_never_expires(staff, tenant):
    staff.post(f"{TOKENS}add/", {"user": str(tenant.pk), "scopes": ["read"]})
    assert only_token().expiry is None


@pytest.mark.parametrize("then", ["_save", "_continue", "_addanother", "_popup"])
def test_no_page_holds_the_digest(staff, tenant, then):
    posted = {"user": str(tenant.pk), "name": "laptop", "scopes": ["read"], then: "1"}
    added = staff.post(f"{TOKENS}add/", posted)
    token = only_token()
    change = f"{TOKENS}{quote(token.token_key)}/"
    answers = [
        added,
        staff.get(added.url) if added.status_code == 302 else added,
        staff.get(TOKENS),
        staff.get(TOKENS, {"q": "lap"}),
        staff.get(f"{change}change/"),
        staff.post(
            f"{change}change/", {"name": "desk", "scopes": ["sync"], "_continue": "1"}, follow=True
        ),
        staff.post(f"{change}change/", {"name": "desktop", "scopes": ["read"]}, follow=True),
        staff.get(f"{change}history/"),
        staff.get(f"{change}delete/"),
        staff.get("/admin/"),
        staff.post(f"{change}delete/", {"post": "yes"}, follow=True),
        staff.get("/admin/"),
    ]
    assert all(answer.status_code in (200, 302) for answer in answers)
    for answer in answers:
        assert token.digest not in answer.content.decode()
        assert token.digest not in str(answer.headers)
    assert not LogEntry.objects.using("owner").filter(object_id=token.digest).exists()
    assert LogEntry.objects.using("owner").filter(object_id=token.token_key).count() == 4
    assert not ApiToken.objects.using("owner").exists()


def test_a_token_keeps_its_user_and_its_secret(staff, tenant, other_tenant):
    before, _ = make_token(tenant)
    posted = {
        "name": "desk",
        "scopes": ["read"],
        "user": str(other_tenant.pk),
        "digest": "x",
        "token_key": "y",
    }
    staff.post(f"{TOKENS}{quote(before.token_key)}/change/", posted)
    after = only_token()
    assert (after.name, after.user_id, after.digest) == ("desk", tenant.pk, before.digest)


def test_a_stranger_token_is_no_page_and_two_alike_are_neither(staff, tenant):
    assert staff.get(f"{TOKENS}finley_00000000/change/").status_code == 302
    first, _ = make_token(tenant)
    second, _ = make_token(tenant)
    assert staff.get(f"{TOKENS}{first.digest}/change/").status_code == 302
    ApiToken.objects.using("owner").filter(pk=second.pk).update(token_key=first.token_key)
    staff.post(f"{TOKENS}{quote(first.token_key)}/delete/", {"post": "yes"})
    assert ApiToken.objects.using("owner").count() == 2


def test_the_list_of_tokens_takes_as_many_queries_for_many_as_for_one(staff, tenant):
    def queries() -> int:
        with CaptureQueriesContext(connections["owner"]) as captured:
            staff.get(TOKENS)
        return len(captured)

    make_token(tenant)
    few = queries()
    for n in range(10):
        with as_owner():
            make_token(User.objects.create_user(f"user{n}@example.org"))
    assert queries() == few
