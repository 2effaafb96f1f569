"""A sandbox, connections of two tenants, and a queue for the test alone."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from rest_framework.test import APIClient

from finley.models import User
from syncjobs import connections, queue
from syncjobs.failures.record import Trouble
from syncjobs.models import SyncConnection, SyncRun
from syncjobs.run_state import ClaimRequest, claimed, failed, succeeded
from syncjobs.sandbox.server import Sandbox
from tests.conftest import client_of
from tests.graph.api.conftest import Server, serving

V1 = "/api/v1/"
KEY = "webhook signing key"


@pytest.fixture(scope="session")
def box() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def surroundings(committed, monkeypatch, settings, box) -> Iterator[None]:
    """The sandbox takes the place of Nango, and the queue has its own name on the shared Redis."""
    monkeypatch.setattr(queue, "NAME", f"test:{uuid4()}")
    settings.NANGO = {"host": box.url, "secret": box.secret, "webhook_key": KEY}
    yield
    queue.forget(SyncRun.objects.using("owner").values_list("job_id", flat=True))


@pytest.fixture
def their_api(other_tenant) -> APIClient:
    return client_of(other_tenant)


@pytest.fixture
def gmail(tenant) -> SyncConnection:
    return connections.register(tenant.pk, "gmail", f"mail-{tenant.pk}")


@pytest.fixture
def theirs(other_tenant) -> SyncConnection:
    return connections.register(other_tenant.pk, "gmail", f"mail-{other_tenant.pk}")


@pytest.fixture(scope="module")
def server(django_db_setup) -> Iterator[Server]:
    """finley by uvicorn in a process of its own on the test database."""
    with serving(NANGO_WEBHOOK_KEY=KEY) as process:
        yield process


def accepted(api: APIClient, connection: SyncConnection, **more) -> dict:
    answer = api.post(f"{V1}syncs/", {"connection": str(connection.pk), **more}, format="json")
    assert answer.status_code == 202, answer.content
    return answer.json()


def begun(run_id: str):
    """Claim the run as a worker does."""
    run = SyncRun.objects.using("owner").get(pk=run_id)
    (claim,) = claimed([ClaimRequest(run.pk, run.job_id, run.tries + 1)], "worker:1")
    assert claim is not None
    return claim


def ended(run_id: str, error: str = "") -> None:
    """End the run as a worker does: succeeded, or failed for good with an error."""
    claim = begun(run_id)
    if not error:
        assert succeeded([claim]) == [True]
        return
    trouble = Trouble("Permanent", error, traceback="Traceback: secret path /srv/finley.py")
    assert failed(claim.run_id, claim.fence, trouble)


def runs_of(connection: SyncConnection) -> list[SyncRun]:
    return list(SyncRun.objects.using("owner").filter(connection=connection.pk))


def reread(connection: SyncConnection) -> SyncConnection:
    return SyncConnection.objects.using("owner").get(pk=connection.pk)


def nango_connection(box: Sandbox, user: User | UUID | None, **more) -> str:
    """Create a connection at Nango whose end user is this user. Return its id."""
    key = f"c-{uuid4()}"
    owner = getattr(user, "pk", user)
    values = {"provider": "gmail", "size": 1, **more}
    box.control(key, **values, **({"end_user": str(owner)} if owner else {}))
    return key
