"""Who may: scopes, staff who read as a tenant, tokens by command."""

import io
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.utils import ProgrammingError
from rest_framework.test import APIClient

from finley.models import ApiToken, User
from graph.database.role import as_owner
from tests.conftest import client_of
from tests.graph.api.conftest import books, both_books, their_books  # noqa: F401
from tests.problems import problem

GRAPH = "/api/v1/graph/entities/"
SYNCS = "/api/v1/syncs/"
FAILURES = "/api/v1/job-failures/"


@pytest.fixture
def staff(committed) -> User:
    with as_owner():
        return User.objects.create_superuser("staff@example.org")


@pytest.mark.parametrize(
    ("scopes", "asks", "does"),
    [(("read",), 200, 403), (("sync",), 403, 400), (("read", "sync"), 200, 400),
     (("admin",), 403, 403)],
)  # fmt: skip
def test_a_token_opens_what_its_scopes_say(tenant, scopes, asks, does):
    client = client_of(tenant, *scopes)
    assert client.get(GRAPH).status_code == asks
    assert client.post(SYNCS, {}, format="json").status_code == does
    refused = client.get(FAILURES)
    assert refused.status_code == 403
    assert problem(refused)["type"] == "urn:finley:problem:not-allowed"


def test_a_lacking_scope_is_named(tenant):
    assert "scope read" in problem(client_of(tenant, "sync").get(GRAPH))["detail"]
    assert "scope sync" in problem(client_of(tenant, "read").post(SYNCS))["detail"]


def test_staff_s_work_takes_the_scope_and_the_person(tenant, staff):
    assert client_of(staff, "admin").get(FAILURES).status_code == 200
    assert client_of(staff, "read", "sync").get(FAILURES).status_code == 403
    assert client_of(tenant, "admin").get(FAILURES).status_code == 403


def test_staff_reads_as_a_tenant_and_it_is_written_down(staff, tenant, books):  # noqa: F811
    client = client_of(staff, "read", "admin")
    assert client.get(GRAPH).json()["results"] == []
    response = client.get(GRAPH, headers={"X-Finley-User": str(tenant.pk)})
    assert "Borough" in {result["name"] for result in response.json()["results"]}
    entry = LogEntry.objects.using("owner").get()
    assert (entry.user_id, entry.object_id) == (staff.pk, str(tenant.pk))
    assert f"GET {GRAPH}" in entry.change_message


def test_nobody_else_names_a_tenant(staff, tenant, other_tenant):
    headers = {"X-Finley-User": str(other_tenant.pk)}
    for client in (
        client_of(tenant, "read", "sync", "admin"),
        client_of(staff, "read"),
    ):
        assert client.get(GRAPH, headers=headers).status_code == 403
    doing = client_of(staff, "read", "sync", "admin")
    assert doing.post(SYNCS, {}, format="json", headers=headers).status_code == 403
    for nobody in (str(uuid4()), "x", "", "other@example.org"):
        assert doing.get(GRAPH, headers={"X-Finley-User": nobody}).status_code == 403
    assert not LogEntry.objects.using("owner").exists()


def command(*arguments: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("tokens", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_tokens_are_made_listed_and_revoked(tenant):
    token, report = command("make", "--user", tenant.email, "--scopes=read", "--name=script")
    assert "not shown again" in report
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token.strip()}")
    assert client.get(GRAPH).status_code == 200
    listed, _ = command("list", "--user", str(tenant.pk))
    key, name, scopes, *_ = listed.split()
    assert token.startswith(key)
    assert (name, scopes) == ("script", "read")
    assert token.strip() not in listed
    command("revoke", key)
    assert client.get(GRAPH).status_code == 401
    assert command("list", "--user", tenant.email) == ("", "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(("make", "--user=nobody@example.org"), "No user"),
     (("make", "--user=tenant@example.org", "--scopes=root"), "unknown scope 'root'"),
     (("make", "--user=tenant@example.org", "--days=0"), "1 to 3650"),
     (("revoke", "finley_none"), "No token")],
)  # fmt: skip
def test_what_cannot_be_is_said(tenant, arguments, says):
    with pytest.raises(CommandError, match=says):
        command(*arguments)


def test_a_token_revoked_by_another_process_dies_within_its_seconds(tenant, settings):
    settings.TOKEN_SECONDS = 0.3
    client = client_of(tenant)
    assert client.get(GRAPH).status_code == 200
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM finley_apitoken")
    time.sleep(0.35)
    assert client.get(GRAPH).status_code == 401


def test_a_kept_token_still_expires(tenant):
    with as_owner():
        _, token = ApiToken.objects.create(tenant, expiry=timedelta(seconds=0.4))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    assert client.get(GRAPH).status_code == 200
    time.sleep(0.45)
    assert client.get(GRAPH).status_code == 401


def test_without_seconds_a_token_is_always_looked_up(tenant, settings):
    settings.TOKEN_SECONDS = 0
    client = client_of(tenant)
    assert client.get(GRAPH).status_code == 200
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM finley_apitoken")
    assert client.get(GRAPH).status_code == 401


@pytest.mark.parametrize(
    "query",
    [
        "SELECT email FROM finley_user",
        "SELECT digest FROM finley_apitoken",
        "SELECT token_key FROM finley_apitoken LIMIT 1",
        "DELETE FROM finley_apitoken",
        "UPDATE finley_user SET is_staff = true",
    ],
)
def test_the_application_s_role_lists_no_users_and_tokens(tenant, query):
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        connections["default"].cursor() as cursor,
    ):
        cursor.execute(query)


def test_functions_answer_for_one_token_and_delete_expired_ones_of_its_user_only(
    tenant, other_tenant
):
    with as_owner():
        good, _ = ApiToken.objects.create(tenant)
        ApiToken.objects.create(tenant, expiry=timedelta(seconds=-1))
        others, _ = ApiToken.objects.create(other_tenant, expiry=timedelta(seconds=-1))
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT email FROM token_of_digest(%s)", [good.digest])
        assert cursor.fetchall() == [(tenant.email,)]
        for unknown in ("", "%", good.token_key, good.digest[:-1]):
            cursor.execute("SELECT * FROM token_of_digest(%s)", [unknown])
            assert cursor.fetchall() == []
        cursor.execute("SELECT expired_tokens_forgotten(%s)", [good.digest])
        assert cursor.fetchall() == [(1,)]
    with as_owner():
        assert set(ApiToken.objects.values_list("digest", flat=True)) == {
            good.digest,
            others.digest,
        }
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace "
            "AND proname LIKE '%%token%%' AND has_function_privilege('public', oid, 'EXECUTE')"
        )
        assert cursor.fetchall() == []
