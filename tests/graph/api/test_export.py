"""The whole graph over HTTP: each format read by others; clients that go, and that stand still."""

import io
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import duckdb
import httpx
import networkx as nx
import pyarrow as pa
import pytest
from django.db import connections
from pyarrow import parquet as pq

from graph.database import role
from graph.export import arrow_pages
from graph.export.formats import FORMATS
from graph.reading.load_graph import ALL
from graph.view import refresh
from tests.conftest import client_of
from tests.graph.api.conftest import serving
from tests.graph.api.example_answers import whole
from tests.graph.api.shapes import V1, validator
from tests.graph.export import readers
from tests.problems import problem, wrong

EXPORT = V1 + "export/"


def shown(api) -> dict[str, str]:
    return {"Authorization": api._credentials["HTTP_AUTHORIZATION"]}


@pytest.fixture
def client(server, api) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, headers=shown(api), timeout=30, trust_env=False) as http:
        yield http


def export(client, **options) -> httpx.Response:
    answer = client.get(EXPORT, **options)
    assert answer.status_code == 200, answer.text
    return answer


EDGES = ("annotated", "plain", "to_borough", "link")


def test_json_is_read_by_networkx_and_is_the_schema_s(client, books):
    answer = export(client)
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    validator(EXPORT, 200, "application/json").validate(body)
    graph = nx.node_link_graph(body)
    assert {key for *_, key in graph.edges(keys=True)} == {str(getattr(books, e)) for e in EDGES}
    assert graph.nodes[str(books.acme)] == {"kind": "vendor", "name": "Acme 100% Wool"}
    edge = graph.edges[str(books.sales), str(books.acme), str(books.annotated)]
    assert (edge["amount"], edge["occurred_at"]) == ("120.5000", "2024-02-29T12:30:00+00:00")
    assert set(edge) == set(ALL)
    assert graph.graph.pop("as_of_version") in answer.headers["etag"]
    assert graph.graph == {"nodes": 5, "edges": 4, "unresolved": 1, "dangling": 0}


@pytest.mark.parametrize("name", ["graphml", "gexf"])
def test_xml_is_read_by_networkx_and_igraph(client, books, tmp_path, name):
    answer = export(client, headers={"Accept": FORMATS[name].media_type})
    assert answer.headers["content-type"] == FORMATS[name].media_type
    graph = getattr(nx, f"read_{name}")(io.BytesIO(answer.content))
    assert (len(graph), graph.size()) == (5, 4)
    amounts = [d["amount"] for *_, d in graph.edges(data=True) if "amount" in d]
    assert "120.5000" in amounts
    if name == "graphml":
        (tmp_path / "g.graphml").write_bytes(answer.content)
        read = readers.graphml_by_igraph(str(tmp_path / "g.graphml"))
        assert (read.vcount(), read.ecount()) == (5, 4)


def test_csv_is_read_by_pandas(client, books):
    answer = export(client, params={"format": "csv", "columns": "amount,reason", "edges": "flow"})
    assert answer.headers["content-type"] == "text/csv"
    assert answer.headers["content-disposition"] == 'attachment; filename="graph.csv"'
    frame = readers.csv_by_pandas(io.BytesIO(answer.content))
    assert list(frame.columns) == ["id", "source", "target", "amount", "reason"]
    assert set(frame["id"]) == {str(getattr(books, name)) for name in EDGES[:3]}


def test_parquet_is_read_by_duckdb_and_pyarrow(client, books, tmp_path):
    data = export(client, params={"format": "parquet", "columns": "is_duplicate,amount"}).content
    (tmp_path / "g.parquet").write_bytes(data)
    read = duckdb.read_parquet(str(tmp_path / "g.parquet"))
    assert read.columns == ["id", "source", "target", "is_duplicate", "amount"]
    (row,) = read.filter("is_duplicate").project("id, amount").fetchall()
    assert row == (str(books.annotated), "120.5000")
    assert pq.read_table(io.BytesIO(data)).num_rows == 4


def test_arrow_is_read_by_pyarrow(client, books):
    data = export(client, headers={"Accept": "application/vnd.apache.arrow.stream"}).content
    table = pa.ipc.open_stream(data).read_all()
    assert table.num_rows == 4
    assert table.column_names == ["id", "source", "target", *ALL]


def test_a_tenant_without_data_has_an_export_of_nothing(server, other_tenant):
    refresh.refresh()
    headers = shown(client_of(other_tenant))
    for name in FORMATS:
        answer = httpx.get(server + EXPORT, params={"format": name}, headers=headers, timeout=30)
        assert answer.status_code == 200
        if name == "json":
            assert nx.node_link_graph(answer.json()).size() == 0


@pytest.mark.parametrize(
    ("accepted", "given"),
    [
        ("*/*", "application/json"),
        ("text/*", "text/csv"),
        ("text/html, application/graphml+xml", "application/graphml+xml"),
    ],
)
def test_the_format_is_negotiated(client, books, accepted, given):
    answer = export(client, headers={"Accept": accepted})
    assert answer.headers["content-type"] == given
    assert "Accept" in answer.headers["vary"]


def test_a_format_that_is_named_wins_over_accept(client, books):
    answer = export(client, params={"format": "gexf"}, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "application/gexf+xml"


def test_an_unknown_type_is_not_acceptable(api, books):
    answer = api.get(EXPORT, headers={"Accept": "application/msword"})
    assert answer.status_code == 406
    assert problem(answer)["type"] == "urn:finley:problem:not-acceptable"


@pytest.mark.parametrize(
    ("asked", "field", "said"),
    [
        ({"columns": "amount,colour"}, "columns", "There is no 'colour'. Known: relationship_type"),
        ({"columns": ""}, "columns", "There is no ''."),
        ({"columns": "user_id"}, "columns", "There is no 'user_id'."),
        ({"columns": "amount;DROP TABLE x"}, "columns", "There is no 'amount;DROP TABLE x'."),
        ({"format": "xlsx"}, "format", '"xlsx" is not a valid choice.'),
        ({"format": ""}, "format", '"" is not a valid choice.'),
        ({"edges": "link"}, "edges", '"link" is not a valid choice.'),
        ({"colums": "amount"}, "colums", "Unknown parameter. Known: format, columns, edges."),
    ],
)
def test_what_is_wrong_is_named(api, books, asked, field, said):
    answer = api.get(EXPORT, asked)
    assert answer.status_code == 400
    (reason,) = wrong(answer)[field]
    assert reason.startswith(said)


def test_nothing_is_exported_for_who_has_it_already(client, books):
    first = export(client, params={"format": "csv"})
    headers = {"If-None-Match": first.headers["etag"]}
    again = client.get(EXPORT, params={"format": "csv"}, headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(EXPORT, params={"format": "json"}, headers=headers)
    assert other.status_code == 200, "another representation has another tag"


def test_a_finished_export_is_sent_again_until_something_changes(
    api, other_tenant, books, monkeypatch, settings
):
    def read(client, **parameters: str) -> str:
        return whole(client.get(EXPORT, {"format": "csv", **parameters}))

    settings.EXPORTS = {**settings.EXPORTS, "memory": 100}
    too_large = read(api)
    settings.EXPORTS = {**settings.EXPORTS, "memory": 100_000}
    first, few = read(api), read(api, columns="amount")
    assert too_large == first != few
    exported = []
    graph = arrow_pages.graph
    monkeypatch.setattr(
        arrow_pages, "graph", lambda *a, **kw: exported.append(a[0]) or graph(*a, **kw)
    )
    assert [read(api), read(api, columns="amount")] == [first, few]
    assert exported == []
    assert read(client_of(other_tenant)) != first
    read(api, edges="flow")
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE relationship_instances SET reason = 'else' WHERE id = %s RETURNING user_id",
            [books.plain],
        )
        (mine,) = cursor.fetchone()
    assert "else" in read(api)
    assert exported == [other_tenant.id, mine, mine]


def test_head_tells_the_headers_and_makes_nothing(client, books):
    answer = client.head(EXPORT, params={"format": "parquet"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    assert answer.content == b""


def test_a_view_that_was_never_filled_is_told_before_it_begins(api):
    with connections["owner"].cursor() as cursor:
        cursor.execute("REFRESH MATERIALIZED VIEW view_enriched_relationships WITH NO DATA")
    for _ in range(2):  # its place is given back
        answer = api.get(EXPORT)
        assert answer.status_code == 503
        assert "refresh_enriched_view" in problem(answer)["detail"]


# clients that leave, and clients that stand still

MANY = 30_000  # relationships: some 50 MB of JSON
LONG = "a reason that takes some room in each of the rows, " * 8


@pytest.fixture
def many(tenant) -> UUID:
    """A tenant of MANY payments between two parties, as the view has them."""
    with connections["owner"].cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, {"user": tenant.id, "many": MANY, "reason": LONG})
    refresh.refresh()
    return tenant.id


FILL = (
    "INSERT INTO normalized_entities (user_id, kind, name, identity) "
    "SELECT %(user)s, 'vendor', 'Party ' || n, n FROM generate_series(0, 1) AS n",
    "INSERT INTO raw_events (user_id, source, platform, external_id, posting, transaction_ref, "
    "occurred_at, amount, currency, party_kind, party_name) "
    "SELECT %(user)s, 'test', 'ledger', n, side + 1, n, "
    "timestamptz '2020-01-01' + n * interval '1 minute', 2 * side - 1, 'GBP', 'vendor', '' "
    "FROM generate_series(1, %(many)s) AS n, generate_series(0, 1) AS side",
    "INSERT INTO entity_matches (user_id, event_id, entity_id, confidence) "
    "SELECT %(user)s, event.id, entity.id, 1 FROM raw_events AS event "
    "JOIN normalized_entities AS entity ON entity.identity = (event.posting - 1)::text",
    "INSERT INTO relationship_instances (user_id, source_event_id, target_event_id, "
    "relationship_type, edge_class, confidence_score, detection_method, reason) "
    "SELECT %(user)s, payer.id, payee.id, 'payment', 'flow', 1, 'test', %(reason)s "
    "FROM raw_events AS payer JOIN raw_events AS payee "
    "ON payee.external_id = payer.external_id AND payer.posting = 1 AND payee.posting = 2",
    "ANALYZE",
)


def in_transaction() -> int:
    """Connections of the application's role that hold a transaction open."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND xact_start IS NOT NULL "
            "AND datname = current_database()",
            [role.application_role()],
        )
        return int(cursor.fetchone()[0])


def backends() -> set[int]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity WHERE usename = %s AND datname = current_database()",
            [role.application_role()],
        )
        return {pid for (pid,) in cursor.fetchall()}


def until(true, seconds: float = 20) -> None:
    limit = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < limit, f"not in {seconds} s"
        time.sleep(0.05)


def memory(pid: int) -> int:
    """Bytes that the process has in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line_ for line_ in status.splitlines() if line_.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def plain(api) -> httpx.Client:
    return httpx.Client(headers=shown(api), timeout=30, trust_env=False)


class Slow:
    """A client that reads as much as it is told to and no more."""

    def __init__(self, address: str, headers: dict[str, str]) -> None:
        place = urlsplit(address)
        self.socket = socket.create_connection((place.hostname, place.port), timeout=20)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.socket.sendall(f"GET {EXPORT} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n".encode())

    def read(self, least: int) -> bytes:
        received = bytearray()
        while len(received) < least and (some := self.socket.recv(1 << 16)):
            received += some
        return bytes(received)


def test_who_leaves_in_mid_export_leaves_nothing_behind(many, api):
    with serving() as process, plain(api) as client:
        client.get(process.address + EXPORT, params={"columns": "amount"}).raise_for_status()
        before = backends()
        reader = Slow(process.address, shown(api))
        assert reader.read(100_000).startswith(b"HTTP/1.1 200")
        assert in_transaction() == 1
        reader.socket.close()
        until(lambda: in_transaction() == 0, 10)
        assert backends() == before, "its connection went back into the pool"
        again = client.get(process.address + EXPORT, params={"columns": "amount"})
        assert (again.status_code, len(again.json()["edges"])) == (200, MANY)
        assert backends() == before


def test_who_stops_reading_fills_no_memory_and_is_left_behind(many, api, other_tenant):
    limits = {"FINLEY_EXPORT_PATIENCE": "4", "FINLEY_EXPORTS_AT_ONCE": "1"}
    with serving(**limits) as process, plain(api) as client:
        url = process.address + EXPORT
        size = len(client.get(url).content)
        assert size > 40 * 2**20
        client.get(url, params={"format": "csv"}).raise_for_status()
        before = memory(process.pid)
        slow = Slow(process.address, shown(api))
        slow.read(50_000)
        most = 0
        for _ in range(10):
            time.sleep(0.2)
            most = max(most, memory(process.pid) - before)
        assert most < 25 * 2**20
        mine = client.get(url)
        assert (mine.status_code, mine.headers["retry-after"]) == (429, "5")
        assert "of yours" in mine.json()["detail"]
        theirs = httpx.get(url, headers=shown(client_of(other_tenant)), timeout=30)
        assert (theirs.status_code, theirs.headers["retry-after"]) == (503, "5")
        assert client.get(process.address + V1 + "entities/").status_code == 200
        until(lambda: in_transaction() == 0, 15)
        assert client.get(url, params={"format": "parquet"}).status_code == 200
        slow.socket.settimeout(10)
        rest = slow.read(10**9)
        assert len(rest) < size
        assert not rest.endswith(b"0\r\n\r\n"), "it is not told that this was all"
        slow.socket.close()


def test_a_slow_reader_gets_all_of_it(many, api):
    with serving(FINLEY_EXPORT_PATIENCE="6") as process:
        slow = Slow(process.address, shown(api))
        received = bytearray(slow.read(20_000))
        for _ in range(4):  # longer than that patience in all
            time.sleep(2)
            received += slow.read(6_000_000)
        while not received.endswith(b"\r\n0\r\n\r\n"):
            some = slow.read(1)
            assert some, "it broke off"
            received += some
        slow.socket.close()
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head.lower()
    assert len(json.loads(_unchunked(body))["edges"]) == MANY


def _unchunked(body: bytes) -> bytes:
    """RFC 9112, 7.1."""
    whole, at = [], 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end], 16)
        if not size:
            return b"".join(whole)
        whole.append(body[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
