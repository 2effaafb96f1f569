"""docker/compose.yaml: no container has more than it needs."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml
from django.conf import settings
from django.db import connections
from redis import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from finley.embedded import valkey
from finley.server.middleware import OF_OTHERS
from graph.database.role import as_owner
from graph.reading import graph_cache
from syncjobs import queue
from tests.conftest import client_of
from tests.graph.api.conftest import books, both_books, serving, their_books  # noqa: F401

DOCKER = Path(__file__).resolve().parents[2] / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_is_hardened(name):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    # the program of Caddy's image has this capability in its file, and does not start without it
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert "secrets" not in service, "compose copies those of the environment into the container"
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert not service.get("privileged")


def test_only_the_proxy_and_monitoring_have_ports():
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports.keys() == {"proxy", "prometheus", "grafana"}
    inner = [port for name in ports.keys() - {"proxy"} for port in ports[name]]
    assert all(port.startswith("127.0.0.1:") for port in inner)


def test_servers_reach_nobody_and_nobody_reaches_them():
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("postgres", "pgbouncer", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]


def test_who_holds_the_owner_s_password():
    holders = {
        name
        for name, service in SERVICES.items()
        if any("OWNER_PASSWORD" in str(value) for value in service.get("environment", {}).values())
    }
    assert holders == {"migrate", "pages", "worker", "postgres"}
    assert SERVICES["web"]["environment"]["FINLEY_ONLY_API"] == "1"
    assert "NANGO_WEBHOOK_KEY" not in SERVICES["web"]["environment"]


def test_the_proxy_leads_what_is_the_owner_s_to_pages():
    text = (DOCKER / "Caddyfile").read_text()
    owner, api = text.index("@owner path"), text.index("handle /api/*")
    assert owner < api, "the first rule counts"
    assert all(f"{path}*" in text for path in OF_OTHERS)
    assert text.index("handle @session") < api, "sessions are the owner's rows"
    assert f"header Cookie *{settings.SESSION_COOKIE_NAME}=*" in text
    assert "handle @probes {\n\t\trespond 404" in text, "a bare respond comes after every handle"


def test_redis_has_a_password_in_every_address():
    for name in ("web", "pages", "worker", "migrate"):
        assert "redis://finley:${REDIS_PASSWORD:?}@" in SERVICES[name]["environment"]["REDIS_URL"]


@contextmanager
def valkey_of_compose(folder: Path) -> Iterator[int]:
    """The server as compose starts it, on a port of its own."""
    port = _free_port()
    script = (DOCKER / "valkey.sh").read_text().replace("/tmp", str(folder))
    path = f"{Path(valkey.program()).parent}:{os.environ['PATH']}"
    process = subprocess.Popen(
        ["sh", "-c", script],
        env={"PATH": path, "REDIS_PASSWORD": "pw", "REDIS_PORT": str(port)},
        stdout=subprocess.DEVNULL,
    )
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def test_the_acl_lets_finley_work_and_nothing_else(tmp_path, settings):
    with valkey_of_compose(tmp_path) as port:
        settings.REDIS_URL = f"redis://finley:pw@127.0.0.1:{port}/0"
        with closing(Redis.from_url(settings.REDIS_URL)) as redis:
            _until_it_answers(redis)
            job = queue.Queued(f"{uuid4()}:1", "gmail_sync", str(uuid4()))
            assert queue.enqueue([job]) == 1
            assert list(queue.missing([job.job_id, "other"])) == ["other"]
            queue.forget([job.job_id])
            assert redis.info()["redis_version"]
            redis.set(f"{graph_cache.PREFIX}x", "1")
            for command in ("CONFIG GET *", "FLUSHALL", "KEYS *", "ACL LIST", "SHUTDOWN NOSAVE"):
                with pytest.raises((NoPermissionError, RedisError), match="permissions"):
                    redis.execute_command(*command.split())
            with pytest.raises(NoPermissionError):
                redis.set("other", "1")
        for wrong in ("redis://", "redis://:pw@", "redis://finley:wrong@"):
            with (
                closing(Redis.from_url(f"{wrong}127.0.0.1:{port}/0")) as redis,
                pytest.raises((AuthenticationError, RedisError)),
            ):
                redis.ping()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def _until_it_answers(redis: Redis) -> None:
    for _ in range(100):
        try:
            redis.ping()
            return
        except (ConnectionError, RedisError):
            time.sleep(0.05)
    pytest.fail("Valkey did not start")


def test_the_api_needs_no_owner(both_books, tenant):  # noqa: F811
    """A process with the application's role alone answers tenants, and nothing else."""
    token = client_of(tenant)._credentials["HTTP_AUTHORIZATION"]
    alone = _application_alone()
    with (
        serving(FINLEY_ONLY_API="1", **alone) as server,
        httpx.Client(
            base_url=server.address, headers={"Authorization": token}, timeout=60
        ) as client,
    ):
        assert client.get("/api/v1/graph/entities/").json()["results"]
        assert client.get("/api/v1/syncs/").status_code == 200
        assert client.get("/readyz").json()["database"] == "ok"
        for path in ("/", "/admin/", "/account/sign-in/", *OF_OTHERS):
            assert client.get(path).status_code == 404
        cookie = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={'x' * 32}"}
        by_session = httpx.get(f"{server.address}/api/v1/graph/entities/", headers=cookie)
        assert by_session.status_code == 401, "sessions cannot be read here"
        assert client.post("/api/v1/webhooks/nango/", json={}).status_code == 404
        assert client.get("/metrics").status_code == 200
        with as_owner():
            tenant.is_staff = True
            tenant.save()
        refused = client.get("/api/v1/graph/entities/", headers={"X-Finley-User": str(tenant.pk)})
        assert refused.status_code == 403


def _application_alone() -> dict[str, str]:
    """The database's address for the application's role, and none for the owner's."""
    connections["default"].ensure_connection()
    info = connections["default"].connection.info
    where = f"{info.host.replace('/', '%2F')}:{info.port}/{info.dbname}"
    return {"DATABASE_URL": f"postgresql://{info.user}@{where}", "DATABASE_OWNER_URL": ""}
