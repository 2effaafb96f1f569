"""Signing in, roles, whose data a session reads, and a form whose session had ended."""

import re

import pytest
from django.core import mail
from django.db import connections
from django.db.utils import ProgrammingError
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from finley.models import Membership, Role, User
from finley.web.account import account
from graph.database.role import as_owner
from tests.finley.auth.test_sign_in import forget_attempts
from tests.finley.test_admin import logged_in
from tests.finley.web.conftest import PASSWORD, text_of


@pytest.fixture
def member(committed) -> User:
    with as_owner():
        return User.objects.create_user("member@example.org", PASSWORD)


def let_in(member: User, tenant: User, role: str) -> None:
    with as_owner():
        Membership.objects.create(member=member, tenant=tenant, role=role, accepted=timezone.now())


def test_who_is_not_signed_in_is_asked_to_and_comes_where_it_wanted(person, books):
    client = Client()
    response = client.get("/parties/?q=acme")
    assert response["Location"] == "/account/sign-in/?next=/parties/%3Fq%3Dacme"
    answer = client.post(
        response["Location"],
        {"username": person.email.upper(), "password": PASSWORD, "next": "/parties/?q=acme"},
    )
    assert answer["Location"] == "/parties/?q=acme"
    assert "Acme 100% Wool" in text_of(client.get(answer["Location"]))


def test_a_wrong_password_is_refused_without_saying_which_part(person):
    client = Client()
    for name in (person.email, "nobody@example.org"):
        answer = client.post("/account/sign-in/", {"username": name, "password": "wrong-guess"})
        assert answer.status_code == 200
        assert 'role="alert"' in text_of(answer)
    assert client.get("/").status_code == 302


def test_sign_in_leads_to_no_other_site(person):
    answer = Client().post(
        "/account/sign-in/?next=https://evil.example/",
        {"username": person.email, "password": PASSWORD, "next": "https://evil.example/"},
    )
    assert answer["Location"] == "/"


def test_signing_out_ends_the_session(client, books):
    assert client.get("/").status_code == 200
    assert client.post("/account/sign-out/").status_code == 302
    assert client.get("/").status_code == 302


def test_pages_are_kept_by_nobody(client, books):
    assert "no-store" in client.get("/")["Cache-Control"]


def test_a_form_of_an_ended_session_is_shown_again_after_the_sign_in(person, books):
    client = Client()
    response = client.post(
        "/review/decide/", {"action": "dismiss", "note": "<b>typed</b> at length"}
    )
    assert response["Location"] == "/account/sign-in/?next=/account/resume/"
    client.post(
        response["Location"],
        {"username": person.email, "password": PASSWORD, "next": "/account/resume/"},
    )
    text = text_of(client.get("/account/resume/"))
    assert "&lt;b&gt;typed&lt;/b&gt; at length" in text
    assert 'action="/review/decide/"' in text
    assert 'name="action" value="dismiss"' in text
    assert client.get("/account/resume/")["Location"] == "/"


def test_an_ended_session_sends_htmx_to_the_sign_in(committed):
    answer = Client().get("/parties/?q=x", headers={"HX-Request": "true"})
    assert answer["HX-Redirect"].startswith("/account/sign-in/?next=")


def at(tenant: User, person: User) -> Client:
    """The person is signed in and has chosen to look at the tenant's books."""
    client = logged_in(person)
    client.post("/account/tenant/", {"tenant": str(tenant.pk)})
    return client


def test_a_member_sees_what_it_was_invited_to_and_can_go_to_its_own(member, tenant, books):
    let_in(member, tenant, Role.VIEWER)
    client = at(tenant, member)
    assert "Acme 100% Wool" in text_of(client.get("/parties/"))
    client.post("/account/tenant/", {"tenant": str(member.pk)})
    assert "Acme" not in text_of(client.get("/parties/"))
    client.post("/account/tenant/", {"tenant": str(tenant.pk)})
    assert "Acme 100% Wool" in text_of(client.get("/parties/"))


def test_an_invitation_gives_nothing_before_it_is_accepted(client, member, tenant, books):
    theirs = logged_in(member)
    client.post("/account/members/", {"email": member.email, "role": "owner"})
    assert theirs.post("/account/tenant/", {"tenant": str(tenant.pk)}).status_code == 403
    assert f"{tenant.email} invites you" in text_of(theirs.get("/account/"))
    with as_owner():
        pk = Membership.objects.get(member=member).pk
    assert client.post(f"/account/invitations/{pk}/", {"answer": "accept"}).status_code == 404
    theirs.post(f"/account/invitations/{pk}/", {"answer": "accept"})
    assert "Acme" not in text_of(theirs.get("/parties/")), "nobody is moved into other books"
    theirs.post("/account/tenant/", {"tenant": str(tenant.pk)})
    assert "Acme 100% Wool" in text_of(theirs.get("/parties/"))
    assert f"of {tenant.email}" in text_of(theirs.get("/account/"))


def test_a_form_opened_for_other_books_does_nothing(client, member, tenant):
    let_in(member, tenant, Role.OWNER)
    theirs = at(tenant, member)
    page = text_of(theirs.get("/account/"))
    assert f'name="tenant" value="{tenant.pk}"' in page
    theirs.post("/account/tenant/", {"tenant": str(member.pk)})  # in another tab
    form = {"email": tenant.email, "role": "owner", "tenant": str(tenant.pk)}
    assert theirs.post("/account/members/", form).status_code == 400
    every = {"every": "dismiss", "seen": "open", "tenant": str(tenant.pk)}
    refused = theirs.post("/review/decide/", every)
    assert "opened for another" in text_of(refused)
    with as_owner():
        assert not Membership.objects.filter(tenant=member).exists()


def test_an_invitation_is_declined(client, member, tenant):
    client.post("/account/members/", {"email": member.email, "role": "owner"})
    with as_owner():
        pk = Membership.objects.get(member=member).pk
    theirs = logged_in(member)
    theirs.post(f"/account/invitations/{pk}/", {"answer": "decline"})
    assert "invites you" not in text_of(theirs.get("/account/"))
    assert "Nobody but you" in text_of(client.get("/account/"))


def test_a_token_is_made_shown_once_and_revoked(client, books):
    page = text_of(client.post("/account/tokens/", {"name": "ledger <b>", "scopes": "read"}))
    (token,) = re.findall(r'class="token">([^<]+)<', page)
    assert "ledger &lt;b&gt;" in page
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert api.get("/api/v1/graph/stats/").json()["nodes"] == 5
    assert api.post("/api/v1/syncs/", {}, format="json").status_code == 403
    assert token not in text_of(client.get("/account/"))
    (key,) = re.findall(r"/account/tokens/([^/]+)/revoke/", text_of(client.get("/account/")))
    client.post(f"/account/tokens/{key}/revoke/")
    assert api.get("/api/v1/graph/stats/").status_code == 401
    for wrong in ({"name": "", "scopes": "read"}, {"name": "x", "scopes": "admin"}):
        client.post("/account/tokens/", wrong)
    assert "None." in text_of(client.get("/account/"))


def test_nobody_takes_a_tenant_that_is_not_open_to_it(member, tenant, books):
    client = logged_in(member)
    assert client.post("/account/tenant/", {"tenant": str(tenant.pk)}).status_code == 403
    assert client.post("/account/tenant/", {"tenant": "x"}).status_code == 403
    session = client.session
    session["tenant"] = str(tenant.pk)
    session.save()
    assert "Acme" not in text_of(client.get("/parties/"))


def test_who_is_removed_sees_nothing_from_the_next_page_on(member, tenant, books):
    let_in(member, tenant, Role.OWNER)
    client = at(tenant, member)
    assert "Acme" in text_of(client.get("/parties/"))
    with as_owner():
        pk = Membership.objects.get(member=member).pk
    logged_in(tenant).post(reverse("remove-member", args=[pk]))
    assert "Acme" not in text_of(client.get("/parties/"))


def test_a_form_of_who_was_removed_is_refused_once(member, tenant, books):
    let_in(member, tenant, Role.OWNER)
    client = at(tenant, member)
    with as_owner():
        Membership.objects.all().delete()
    form = {"name": "x", "scopes": "read"}
    refused = client.post("/account/tokens/", form)
    assert refused.status_code == 403
    assert "Nothing was done. You may no longer see the data" in text_of(refused)
    assert "Your new token" in text_of(client.post("/account/tokens/", form))


def test_only_ones_own_members_can_be_removed(member, tenant, other_tenant):
    let_in(member, tenant, Role.VIEWER)
    with as_owner():
        pk = Membership.objects.get(member=member).pk
    logged_in(other_tenant).post(reverse("remove-member", args=[pk]))
    with as_owner():
        assert Membership.objects.filter(pk=pk).exists()


def test_an_owner_lets_a_user_in_and_changes_the_role(client, tenant, member):
    for role in ("viewer", "reviewer"):
        client.post("/account/members/", {"email": "MEMBER@example.org", "role": role})
        with as_owner():
            assert Membership.objects.get(member=member, tenant=tenant).role == role
    for email in ("nobody@example.org", tenant.email, "no address"):
        client.post("/account/members/", {"email": email, "role": "viewer"})
    client.post("/account/members/", {"email": member.email, "role": "emperor"})
    with as_owner():
        assert Membership.objects.count() == 1


def test_a_viewer_decides_nothing(member, tenant, books):
    let_in(member, tenant, Role.VIEWER)
    client = at(tenant, member)
    assert "Confirm: paid twice" not in text_of(client.get("/review/"))
    assert client.post("/review/decide/", {"action": "confirm", "seen": "open"}).status_code == 403


def test_a_forgotten_password_is_set_anew_by_mail(person, committed):
    client = Client()
    with override_settings(EMAIL_HOST_NAME="mail.example"):
        assert "/account/password/" in text_of(client.get("/account/sign-in/"))
        client.post("/account/password/", {"email": person.email})
        (message,) = mail.outbox
        (link,) = re.findall(r"http://testserver(\S+)", message.body)
        page = client.get(link, follow=True)
        answer = client.post(
            page.redirect_chain[-1][0],
            {"new_password1": "quite another one", "new_password2": "quite another one"},
        )
    assert answer["Location"] == "/account/sign-in/"
    signed = client.post(
        "/account/sign-in/", {"username": person.email, "password": "quite another one"}
    )
    assert signed["Location"] == "/"


@pytest.mark.parametrize("limit", ["MAILS", "MAILS_OF_ADDRESS"])
def test_mails_about_a_password_are_few(person, committed, monkeypatch, limit):
    monkeypatch.setattr(account, limit, 2)
    forget_attempts()
    client = Client()
    with override_settings(EMAIL_HOST_NAME="mail.example"):
        pages = [
            client.post("/account/password/", {"email": person.email}, follow=True)
            for _ in range(4)
        ]
    assert len(mail.outbox) == 2
    assert {page.request["PATH_INFO"] for page in pages} == {"/account/password/sent/"}
    forget_attempts()


def test_without_a_mail_server_no_page_promises_mail(committed):
    client = Client()
    assert "/account/password/" not in text_of(client.get("/account/sign-in/"))
    assert client.get("/account/password/").status_code == 404


def test_the_application_s_role_reads_no_session_and_no_password(client, committed):
    for query in ("SELECT * FROM django_session", "SELECT password FROM finley_user",
                  "SELECT * FROM finley_membership"):  # fmt: skip
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            connections["default"].cursor() as cursor,
        ):
            cursor.execute(query)
