"""Sessions with a real server, and with one that fails."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import networkx as nx
import pyarrow as pa
import pytest

from finley.remote import ProblemError, QuestionFailed, Session, Unreachable, tables
from finley.remote import session as session_module
from graph.api import computations
from graph.models import AskedQuestion
from syncjobs.questions import question_state
from syncjobs.questions.question_state import End


@contextmanager
def failing(*answers: tuple[int, dict[str, str]]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that gives these answers, and the headers of the requests that it had."""
    requests: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, headers = answers[len(requests)]
            requests.append(dict(self.headers))
            body = json.dumps({"detail": "Later.", "status": status}).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """The seconds that sessions wait, without the waiting."""
    seconds: list[float] = []
    monkeypatch.setattr(session_module.time, "sleep", seconds.append)
    return seconds


def test_lists_are_read_page_by_page(session, payments):
    pages = list(session.pages("graph/relationships/", limit=3))
    assert [len(page["results"]) for page in pages] == [3, 3, 1]
    ids = [UUID(row["id"]) for row in session.rows("graph/relationships/", limit=2)]
    assert sorted(ids) == sorted(payments)


def test_a_problem_is_an_exception_with_its_fields(session, tenant):
    with pytest.raises(ProblemError) as caught:
        session.ask("relationships", limit=0)
    error = caught.value
    assert (error.status, list(error.fields)) == (400, ["limit"])
    assert error.errors[0]["in"] == "query"
    assert error.type.startswith("urn:finley:problem:")
    assert error.request_id


def test_a_deferred_question_is_waited_for(session, payments, monkeypatch):
    asynchronous = {"Prefer": "respond-async"}
    accepted = session.request("GET", "graph/communities/", headers=asynchronous)
    assert accepted.status_code == 202
    with pytest.raises(QuestionFailed, match="No answer within"):
        session._deferred(accepted, 0)
    monkeypatch.setattr(session_module.time, "sleep", lambda _: work())
    answer = session._deferred(accepted, 60)
    now = session.ask("communities")
    assert now.pop("as_of_version")
    assert answer == now


def work() -> None:
    """Answer the question as a worker does."""
    question = AskedQuestion.objects.using("owner").get()
    claim = question_state.claimed(question.pk, question.job_id, "worker:1")
    text = computations.answer(claim.question, claim.user_id, claim.parameters, 60)
    assert question_state.ended(claim.id, claim.fence, End(answer=text))


def test_it_waits_as_long_as_the_server_says(waits):
    answers = (429, {"Retry-After": "7"}), (503, {"Retry-After": "2"}), (200, {})
    with failing(*answers) as (address, requests), Session(address, "x") as session:
        assert session.get("graph/stats/")["status"] == 200
    assert waits == [7.0, 2.0]
    assert len(requests) == 3


def test_a_repeated_post_has_the_same_key(waits):
    with failing((503, {}), (200, {})) as (address, requests), Session(address, "x") as session:
        session.post("syncs/", {"connection": "c"})
    first, second = (request["Idempotency-Key"] for request in requests)
    assert first == second


@pytest.mark.parametrize("status", [400, 404, 409, 500])
def test_what_another_try_cannot_help_is_not_tried_again(waits, status):
    with (
        failing((status, {})) as (address, requests),
        Session(address, "x") as session,
        pytest.raises(ProblemError, match="Later"),
    ):
        session.get("graph/stats/")
    assert (waits, len(requests)) == ([], 1)


def test_it_gives_up(waits):
    with (
        failing(*[(503, {})] * 3) as (address, _),
        Session(address, "x", tries=3) as session,
        pytest.raises(ProblemError),
    ):
        session.get("graph/stats/")
    assert len(waits) == 2
    with Session(address, "x", tries=2) as session, pytest.raises(Unreachable, match=r"127\.0"):
        session.get("graph/stats/")


def test_a_long_wait_is_left_to_the_caller(waits):
    with (
        failing((429, {"Retry-After": "3600"})) as (address, _),
        Session(address, "x") as session,
        pytest.raises(ProblemError),
    ):
        session.get("graph/stats/")
    assert waits == []


def test_a_table_arrives_in_pieces_of_any_size():
    table = pa.table({"number": range(50_000), "text": ["Acme"] * 50_000})
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    body = stream.getvalue().to_pybytes()
    for size in (777, 65_537, len(body)):
        pieces = (body[at : at + size] for at in range(0, len(body), size))
        assert tables.of_pieces(pieces) == table
    with pytest.raises(OSError, match="Expected to be able to read"):
        tables.of_pieces(iter([body[:100_000]]))


def test_the_graph_as_tables_and_as_a_graph(session, payments):
    table = tables.arrow(session, ["amount", "currency"])
    assert table.num_rows == 7
    assert {"source", "target", "amount", "currency"} <= set(table.column_names)
    frame = tables.pandas(session, ["amount"], edges="flow")
    assert sorted(frame["amount"].astype(float)) == [1, 2, 3, 4, 5, 6, 7]
    graph = tables.networkx(session, ["amount"])
    assert isinstance(graph, nx.MultiDiGraph)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (2, 7)
    assert {data["name"] for _, data in graph.nodes(data=True)} == {"Sales", "Acme"}
