"""What docker/ watches is there to be watched: rules and dashboard against a real service."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import yaml
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from finley.models import ApiToken
from graph.database.role import as_owner
from graph.http.scopes import READ
from graph.view import refresh
from tests.graph import rows
from tests.graph.api.conftest import keep_books, serving
from tests.syncjobs import workers
from tests.syncjobs.workers import worker

DOCKER = Path(settings.BASE_DIR) / "docker"
# What PromQL itself calls something.
WORDS = {
    "by", "histogram_quantile", "increase", "max", "min_over_time", "on", "or", "rate", "sum",
    "topk", "vector",
}  # fmt: skip
STRINGS = re.compile(r'"[^"]*"')
LISTS = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on)\s*\([^)]*\)")
NAMES = re.compile(r"[a-zA-Z_:][\w:]*")


def names(query: str) -> set[str]:
    """The metrics that a query asks for."""
    bare = LISTS.sub(" ", STRINGS.sub('""', query))
    return set(NAMES.findall(bare)) - WORDS


def rules() -> list[dict[str, Any]]:
    loaded = yaml.safe_load((DOCKER / "prometheus" / "alerts.yaml").read_text())
    return [rule for group in loaded["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return list(json.loads((DOCKER / "grafana" / "finley.json").read_text())["panels"])


def queries() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel.get("targets", ()))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def exposed(address: str, token: str = "") -> set[str]:
    answer = httpx.get(f"{address}/metrics", headers=bearer(token), timeout=30)
    assert answer.status_code == 200
    return {
        sample.name
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_a_query_s_metrics_are_found():
    assert names('sum by (le, pool) (rate(finley_x_bucket{a=~"b.*"}[5m])) / on (a) up > 0.5') == {
        "finley_x_bucket",
        "up",
    }


def test_each_metric_that_is_watched_is_exposed_after_some_traffic(tenant, own_queue, tmp_path):
    keep_books(tenant.id)
    refresh.refresh()
    with as_owner():
        _, token = ApiToken.objects.create(tenant, name="test", scopes=[READ])
    with serving(FINLEY_METRICS_TOKEN="watching") as server:
        for _ in range(2):  # built, and then kept
            response = httpx.get(
                f"{server.address}/api/v1/graph/stats/",
                headers=bearer(token),
                timeout=30,
            )
            assert response.status_code == 200
        of_web = exposed(server.address, "watching")
        assert httpx.get(f"{server.address}/metrics").status_code == 404
    port = free_port()
    with worker(tmp_path / "log", "--metrics-port", str(port)) as process:
        for way in ("succeed", "once"):
            run = workers.run(rows.tenant_id(), do=way)
            workers.ended(run, 30, process.explained)
        of_worker = exposed(f"http://127.0.0.1:{port}")
    watched = {name for query in queries() for name in names(query)} - {"up"}
    assert len(watched) > 20
    assert watched <= of_web | of_worker, sorted(watched - of_web - of_worker)
    assert {name for name in watched if "job" in name} <= of_worker
    assert {name for name in watched if "pool" in name or "graph" in name} <= of_web


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_rules_say_what_is_wrong_and_how_urgent_it_is():
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"].endswith(".")


def test_the_dashboard_s_panels_stand_beside_each_other():
    occupied: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & occupied, panel["title"]
        assert all(x < 24 for x, _ in cells)
        occupied |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_compose_watches_only_if_asked_and_lays_out_what_is_there():
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    for name in ("prometheus", "grafana"):
        service = compose["services"][name]
        assert service["profiles"] == ["monitoring"]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        files = [config.partition(":")[0] for config in service["volumes"] if config[0] == "."]
        assert files
        assert all((DOCKER / config).exists() for config in files)
    configuration = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yaml").read_text())
    targets = [
        target
        for job in configuration["scrape_configs"]
        for config in job["static_configs"]
        for target in config["targets"]
    ]
    assert {target.partition(":")[0] for target in targets} <= compose["services"].keys()
    assert "pages:8000" in targets, "web's role sees no tenant's runs, so it tells nothing of them"
    hosts = compose["services"]["web"]["environment"]["FINLEY_ALLOWED_HOSTS"]
    assert hosts.endswith(",web")
    assert "--metrics-port 9100" in compose["services"]["worker"]["command"]


def test_provisioning_can_be_read():
    (dashboards,) = (DOCKER / "grafana/provisioning/dashboards").iterdir()
    (sources,) = (DOCKER / "grafana/provisioning/datasources").iterdir()
    (source,) = yaml.safe_load(sources.read_text())["datasources"]
    used = {panel["datasource"]["uid"] for panel in panels() if "datasource" in panel}
    assert used == {source["uid"]}
    assert yaml.safe_load(dashboards.read_text())["providers"][0]["type"] == "file"
