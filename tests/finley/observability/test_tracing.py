"""Spans reach a collector, and tell nothing of whom and what was asked."""

import subprocess
import sys

import httpx
import pytest
from django.conf import settings
from psycopg.sql import SQL, Identifier

from finley.models import ApiToken, User
from finley.observability import tracing
from graph.database.role import as_owner
from graph.http.scopes import READ
from graph.models import NormalizedEntity
from graph.view import refresh
from tests.finley.observability.collector import Collector, attributes, collecting
from tests.graph import rows
from tests.graph.api.conftest import keep_books, serving
from tests.syncjobs import workers
from tests.syncjobs.workers import worker

SOON = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
STATS, ENTITIES = "api/v1/graph/stats/", "api/v1/graph/entities/"


def traced(collector: Collector) -> dict[str, str]:
    return {**SOON, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address}


@pytest.fixture
def token(tenant: User) -> str:
    keep_books(tenant.id)
    refresh.refresh()
    with as_owner():
        return str(ApiToken.objects.create(tenant, name="test", scopes=[READ])[1])


def test_a_request_is_a_span_and_so_is_what_it_does(token):
    headers = {"Authorization": f"Bearer {token}", "X-Request-ID": "request-of-the-test"}
    with collecting() as collector, serving(**traced(collector)) as server:
        response = httpx.get(f"{server.address}/{STATS}", headers=headers, timeout=60)
        assert response.status_code == 200
        span = collector.until(f"GET {STATS}")
        report = attributes(span)
        assert report == {
            "http.request.method": "GET",
            "http.route": STATS,
            "http.response.status_code": 200,
            "url.scheme": "http",
            "finley.request_id": "request-of-the-test",
        }
        collector.until("graph index")
        within = [item for item in collector.spans() if item.parent_span_id == span.span_id]
        assert {"graph connect", "graph nodes", "graph edges", "graph index"} <= {
            item.name for item in within
        }
        statement = next(item for item in within if item.name == "SELECT postgresql")
        assert attributes(statement) == {
            "db.system.name": "postgresql",
            "db.operation.name": "SELECT",
            "finley.role": "default",
        }
        assert collector.services() == {"finley"}


def test_nothing_of_whom_and_what_was_asked_is_told(token, tenant):
    entity = NormalizedEntity.objects.using("owner").filter(user_id=tenant.id).first()
    one = f"{ENTITIES}{entity.pk}/"
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "agent-of-somebody"}
    with collecting() as collector, serving(**traced(collector)) as server:
        with httpx.Client(base_url=server.address, timeout=60, headers=headers) as client:
            assert client.get(f"/{ENTITIES}", params={"search": "wordasked"}).status_code == 200
            assert client.get(f"/{one}").status_code == 200
            assert client.get(f"/{ENTITIES}", params={"kind": "odd'kind"}).status_code == 400
            assert client.request("BREW", f"/{STATS}").status_code == 403
        collector.until(f"other {STATS}")
        collector.until(f"GET {ENTITIES}<str:entity_id>/")
        exported = b"".join(collector.bodies)
    for secret in (
        token,
        str(tenant.pk),
        str(entity.pk),
        entity.name,
        "wordasked",
        "odd'kind",
        "agent-of-somebody",
        tenant.email,
        "FROM",
        "127.0.0.1",
        "BREW",
    ):
        assert secret.encode() not in exported, secret
    assert tenant.pk.bytes not in exported


def test_a_trace_that_a_request_names_goes_on(token):
    headers = {"Authorization": f"Bearer {token}", "traceparent": f"00-{TRACE}-{PARENT}-01"}
    with collecting() as collector, serving(**traced(collector)) as server:
        httpx.get(f"{server.address}/{STATS}", headers=headers, timeout=60)
        span = collector.until(f"GET {STATS}")
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
        httpx.get(f"{server.address}/healthz", headers={"traceparent": "rubbish"}, timeout=60)
        span = collector.until("GET healthz")
        assert span.parent_span_id == b""


def test_the_sdk_s_own_variables_are_heeded(committed):
    values = {"OTEL_SERVICE_NAME": "books", "OTEL_EXPORTER_OTLP_HEADERS": "x-key=sesame"}
    with collecting() as collector:
        own = {**SOON, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{collector.address}/v1/traces"}
        with serving(**own, **values) as server:
            httpx.get(f"{server.address}/healthz", timeout=60)
            collector.until("GET healthz")
        assert collector.services() == {"books"}
        assert {header["x-key"] for header in collector.headers} == {"sesame"}


def test_a_collector_that_is_away_is_no_request_s_concern(token):
    with serving(**SOON, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1") as server:
        for _ in range(3):
            response = httpx.get(
                f"{server.address}/{STATS}",
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            )
            assert response.status_code == 200


def test_a_start_of_a_job_is_a_span(own_queue, tmp_path):
    with collecting() as collector, worker(tmp_path / "log", **traced(collector)) as process:
        for way in ("succeed", "plain"):
            run = workers.run(rows.tenant_id(), do=way)
            workers.ended(run, 30, process.explained)
        collector.until("job probe")
        workers.until(lambda: len([x for x in collector.spans() if x.name == "job probe"]) > 1)
        starts = [attributes(span) for span in collector.spans() if span.name == "job probe"]
        assert starts == [
            {"job.outcome": "succeeded", "job.try": 1},
            {"job.outcome": "failed", "job.try": 1},
        ]
        assert b"token=" not in b"".join(collector.bodies)


def test_without_a_collector_nothing_of_it_is_loaded():
    code = (
        "import django; django.setup(); import finley.asgi, sys; "
        "print([x for x in sys.modules if x.startswith('opentelemetry.sdk')])"
    )
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={"DJANGO_SETTINGS_MODULE": "finley.settings", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == "[]\n"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("SELECT 1", "SELECT"),
        ("\n-- about Acme\n  select\n1", "SELECT"),
        ("UPDATE x SET y = 'z'", "UPDATE"),
        ("secretword 1", "OTHER"),
        ("", "OTHER"),
        (SQL("DELETE FROM {}").format(Identifier("x")), "DELETE"),
    ],
)
def test_a_statement_is_told_by_its_kind_only(statement, kind):
    assert tracing.operation(statement) == kind
