"""No secret is stored: not in a table, not in Redis, not in the log, whatever goes wrong."""

from contextlib import closing

import pytest

from syncjobs.models import SyncConnection
from tests.conftest import client_of
from tests.finley.test_tenant_data import found, in_redis
from tests.graph import rows
from tests.syncjobs import workers
from tests.syncjobs.test_sync import box, connect, sync

__all__ = ["box"]
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated close:DeprecationWarning")
KEY = "webhook-key-canary-51d7"


@pytest.fixture
def secrets(box, settings) -> list[str]:
    """Nango's two keys, and what a client would send."""
    box.world.secret = "nango-canary-93ab"
    settings.NANGO = {"host": box.url, "secret": box.world.secret, "webhook_key": KEY}
    return [box.world.secret, KEY]


def test_a_secret_is_stored_nowhere(box, secrets, settings, caplog, tenant):
    good = connect(box, "gmail", size=2)
    assert sync(good).status == "succeeded"
    dead = connect(box, "dropbox", script=[{"do": "424_exhausted"}])
    assert sync(dead).status == "failed"
    settings.NANGO |= {"secret": "wrong-canary-77"}  # Nango refuses it
    assert sync(connect(box, "gdrive", size=1)).status == "failed"
    client = client_of(tenant)
    token = client._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    assert client.get("/api/v1/syncs/").status_code == 200
    with closing(workers.redis()) as redis:
        for secret in (*secrets, "wrong-canary-77", token):
            assert found(secret) == []
            assert in_redis(secret, redis) == []
            assert secret not in caplog.text


def test_the_search_would_find_one(committed):
    connection = SyncConnection(
        user_id=rows.tenant_id(), provider="gmail", nango_connection_id=f"x{KEY}"
    )
    connection.save(using="owner", force_insert=True)
    assert found(KEY) == [f"sync_connections: {KEY}"]
