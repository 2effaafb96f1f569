"""Members, invitations and tokens over the API."""

from rest_framework.test import APIClient

from finley.models import ApiToken
from graph.database.role import as_owner
from tests.conftest import client_of
from tests.finley.api.test_session import signed_in

V1 = "/api/v1/"


def test_an_invitation_is_made_accepted_and_ended(person, member):
    owner, invited = (signed_in(APIClient(), user) for user in (person, member))
    body = {"email": member.email.upper(), "role": "viewer"}
    membership = owner.post(f"{V1}members/", body, format="json").json()
    assert (membership["email"], membership["accepted"]) == (member.email, None)
    (invitation,) = invited.get(f"{V1}invitations/").json()["results"]
    assert invitation["tenant"] == person.email
    path = f"{V1}invitations/{invitation['id']}/"
    assert owner.post(path).status_code == 404, "only the invited person accepts"
    assert invited.post(path).json()["accepted"]
    session = invited.patch(f"{V1}session/", {"tenant": str(person.pk)}, format="json").json()
    assert session["tenant"] == {"id": str(person.pk), "name": person.email, "role": "viewer"}
    assert invited.delete(f"{V1}members/{membership['id']}/").status_code == 403
    changed = owner.post(f"{V1}members/", {**body, "role": "owner"}, format="json").json()
    assert changed["id"] == membership["id"]
    assert changed["accepted"]
    assert owner.delete(f"{V1}members/{membership['id']}/").status_code == 204
    assert len(invited.get(f"{V1}session/").json()["tenants"]) == 1
    assert owner.delete(f"{V1}members/{membership['id']}/").status_code == 404


def test_who_is_invited_declines(person, member):
    owner, invited = (signed_in(APIClient(), user) for user in (person, member))
    body = {"email": member.email, "role": "owner"}
    invitation = owner.post(f"{V1}members/", body, format="json").json()
    assert invited.delete(f"{V1}invitations/{invitation['id']}/").status_code == 204
    assert owner.get(f"{V1}members/").json()["results"] == []
    for wrong in ({"email": "nobody@example.org", "role": "viewer"}, {"email": member.email}):
        assert owner.post(f"{V1}members/", wrong, format="json").status_code == 400


def test_a_session_makes_tokens_and_a_token_makes_none(person):
    session = signed_in(APIClient(), person)
    body = {"name": "ledger", "scopes": ["read"], "days": 7}
    response = session.post(f"{V1}tokens/", body, format="json")
    assert response.status_code == 201
    assert response["Cache-Control"] == "no-store"
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['token']}")
    (row,) = api.get(f"{V1}tokens/").json()["results"]
    assert (row["name"], row["scopes"]) == ("ledger", ["read"])
    assert api.post(f"{V1}tokens/", body, format="json").status_code == 403
    assert client_of(person).post(f"{V1}tokens/", body, format="json").status_code == 403
    for wrong in ({"scopes": ["admin"]}, {"scopes": []}, {"days": 366}, {"name": ""}):
        assert session.post(f"{V1}tokens/", {**body, **wrong}, format="json").status_code == 400
    assert session.delete(f"{V1}tokens/{row['id']}/").status_code == 204
    assert api.get(f"{V1}graph/stats/").status_code == 401
    assert session.delete(f"{V1}tokens/{row['id']}/").status_code == 404


def test_a_token_lets_nobody_in_and_puts_nobody_out(person, member):
    owner, token = signed_in(APIClient(), person), client_of(person)
    body = {"email": member.email, "role": "owner"}
    assert token.post(f"{V1}members/", body, format="json").status_code == 403
    assert token.get(f"{V1}members/").json()["results"] == []
    membership = owner.post(f"{V1}members/", body, format="json").json()
    assert token.delete(f"{V1}members/{membership['id']}/").status_code == 403


def test_nobody_revokes_another_s_token(person, member):
    with as_owner():
        row, _ = ApiToken.objects.create(person, name="x")
    stranger = signed_in(APIClient(), member)
    assert stranger.delete(f"{V1}tokens/{row.token_key}/").status_code == 404
    with as_owner():
        assert ApiToken.objects.filter(user=person).exists()
