"""A Python client generated from the schema asks the running service real questions."""

import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.graph.api.shapes import published

ROOT = Path(__file__).resolve().parents[3]
SOMEBODY = UUID("7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Iterator[Path]:
    """The client's package, where it can be imported from."""
    folder = tmp_path_factory.mktemp("made") / "client"
    command = [sys.executable, ROOT / "scripts" / "client.py", folder]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (process.returncode, process.stderr) == (0, "")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [module for module in sys.modules if module.startswith("finley_client")]:
        del sys.modules[name]


@pytest.fixture
def client(made, server, api) -> Iterator[Any]:
    token = api._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    with import_module("finley_client").AuthenticatedClient(server, token) as opened:
        yield opened


def ask(operation: str, *arguments: Any, **options: Any) -> Any:
    """What the client's function of that operation makes of the service's answer."""
    tag = operation.partition("_")[0]
    return import_module(f"finley_client.api.{tag}.{operation}").sync(*arguments, **options)


def kind(answer: Any) -> str:
    return type(answer).__name__


def test_it_has_a_function_for_every_operation(made):
    named = {path.stem for path in (made / "finley_client/api/graph").glob("graph_*.py")}
    operations = {
        operation["operationId"]
        for operations in published()["paths"].values()
        for operation in operations.values()
        if operation["operationId"].startswith("graph_")
    }
    assert named == operations
    assert {"graph_importance", "graph_explain", "graph_k_shortest", "graph_export"} <= named


def test_it_has_sessions(made, server, api, books):
    token = api._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    remote = import_module("finley_client.remote")
    assert Path(remote.__file__).is_relative_to(made)
    with remote.Session(server, token) as session:
        assert session.ask("stats")["edges"] == 4
        assert len(list(session.rows("graph/relationships/", limit=1))) == 4
        with pytest.raises(remote.ProblemError):
            session.ask("stats", x=1)


def test_questions_have_typed_answers(client, books):
    stats = ask("graph_stats", client=client)
    assert (stats.nodes, stats.edges, stats.layers["fraud"]) == (5, 4, 1)
    answer = ask("graph_entities", client=client, search="borugh")
    assert [(row.id, row.name) for row in answer.results] == [(books.borough, "Borough")]
    ranked = ask("graph_importance", client=client, kind="vendor", top=1)
    assert ranked.results[0].name == "Acme 100% Wool"
    path = ask("graph_path", client=client, source=books.acme, target=books.borough)
    assert [hop.id for hop in path.hops][-1] == books.to_borough
    assert path.hops[-1].occurred_at.year == 2024
    paths = ask("graph_k_shortest", client=client, source=books.sales, target=books.acme, k=2)
    assert [row.length for row in paths.paths] == [1]
    near = ask("graph_neighbourhood", books.sales, client=client, depth=1)
    assert {row.name for row in near.entities} == {"Sales", "Acme 100% Wool", "Borough"}
    one = ask("graph_relationship", books.annotated, client=client)
    assert one.layers.temporal.recurrence_frequency == "monthly"
    assert one.layers.fraud.original_relationship_id == books.plain
    why = ask("graph_explain", books.annotated, client=client)
    assert "Payment of 120.50 GBP from Sales to Acme 100% Wool" in why.in_words
    plain = ask("graph_relationship", books.plain, client=client)
    assert plain.layers.temporal is None


def test_lists_changes_and_the_whole_graph(client, books):
    first = ask("graph_relationships", client=client, limit=3)
    rest = ask("graph_relationships", client=client, limit=3, cursor=first.next_)
    assert len({row.id for row in (*first.results, *rest.results)}) == 4
    changes = ask("graph_changes", client=client)
    assert len(changes.entities.added) == 5
    none = ask("graph_changes", client=client, since=changes.as_of_version)
    assert none.edges.added == none.edges.changed == none.edges.removed == []
    whole = ask("graph_export", client=client, columns="amount")
    assert {row.key for row in whole.edges} >= {books.annotated, books.link}
    months = ask("graph_cash_flow", client=client).months
    assert [row.month for row in months] == ["2024-01", "2024-02"]
    insight = ask("graph_insights", "fraud", client=client).results[0]
    assert insight.insight.duplicate_confidence == 0.7


def test_refusals_are_problems(client, books, made, server):
    missing = ask("graph_entity", SOMEBODY, client=client)
    assert (kind(missing), missing.status) == ("Problem", 404)
    assert missing.errors[0].pointer == "#/id"
    wrong = ask("graph_importance", client=client, top=0)
    assert (kind(wrong), wrong.status, wrong.errors[0].in_) == ("Problem", 400, "query")
    with import_module("finley_client").AuthenticatedClient(server, "finley_x") as stranger:
        refused = ask("graph_stats", client=stranger)
    assert (kind(refused), refused.status) == ("Problem", 401)


def test_a_heavy_question_and_its_status(client, books):
    accepted = ask("graph_communities", client=client, prefer="respond-async")
    assert kind(accepted) == "QuestionAnswer"
    status = import_module("finley_client.api.graph.graph_questions_read").sync(
        accepted.id, client=client
    )
    assert (status.status, status.answer) == ("queued", None)
    assert accepted.id in {
        question.id for question in ask("graph_questions_list", client=client).results
    }
    module = import_module("finley_client.api.graph.graph_questions_forget")
    assert module.sync_detailed(accepted.id, client=client).status_code == 204


def test_a_post_with_its_key(client, books, made):
    body = import_module("finley_client.models").SyncBody(connection=uuid4())
    answer = ask("syncs_accept", client=client, body=body, idempotency_key="k 1")
    assert (kind(answer), answer.status) == ("Problem", 404)
