"""Paths over some edges, the k shortest, neighbourhoods; importance and communities likewise."""

from datetime import UTC, datetime

import httpx
import pytest

from graph.view import refresh
from tests.graph import rows
from tests.graph.api.shapes import V1, validator
from tests.problems import unnamed, wrong

NEAR = "entities/{entity_id}/neighbourhood/"


@pytest.fixture
def town(tenant):
    """Two ways from Mill to Shop: by Bank (sure, old) and by Cart and Dock (newer, unsure)."""
    user = tenant.id
    names = ("Mill", "Bank", "Shop", "Cart", "Dock")
    entities = {name: rows.entity(user, name) for name in names}
    for payer, payee, year, sure, type_ in (
        ("Mill", "Bank", 2020, 0.9, "payment"),
        ("Bank", "Shop", 2020, 0.9, "payment"),
        ("Mill", "Cart", 2024, 0.5, "payment"),
        ("Cart", "Dock", 2024, 0.5, "transfer"),
        ("Dock", "Shop", 2024, 0.5, "payment"),
    ):
        at = datetime(year, 5, 17, 23, 59, tzinfo=UTC)
        source = rows.event(user, entities[payer], amount=-1, occurred_at=at)
        target = rows.event(user, entities[payee], amount=1, occurred_at=at)
        rows.relationship(user, source, target, confidence_score=sure, relationship_type=type_)
    refresh.refresh()
    return {name: str(entity.id) for name, entity in entities.items()}


def ask(api, question: str, path: str = "", **parameters):
    """The answer, if its shape is the schema's of `path` (by default the question's own)."""
    answer = api.get(V1 + question, parameters)
    assert answer.status_code == 200, answer.content
    validator(V1 + (path or question), 200).validate(answer.json())
    return answer.json()


def way(hops) -> str:
    return " ".join([hops[0]["source"]["name"], *(hop["target"]["name"] for hop in hops)])


SHORT, LONG = "Mill Bank Shop", "Mill Cart Dock Shop"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [SHORT, LONG]),
        ({"k": 1}, [SHORT]),
        ({"max_length": 2}, [SHORT]),
        ({"max_length": 1}, []),
        ({"min_confidence": 0.9}, [SHORT]),
        ({"min_confidence": 0.91}, []),
        ({"since": "2020-05-18"}, [LONG]),
        ({"since": "2020-05-17", "until": "2020-05-17"}, [SHORT]),
        ({"until": "2024-05-16"}, [SHORT]),
        ({"types": "payment"}, [SHORT]),
        ({"types": "payment,transfer"}, [SHORT, LONG]),
        ({"types": "Payment"}, []),
        ({"has": "fraud"}, []),
        ({"direction": "out"}, [SHORT, LONG]),
        ({"weight": "confidence_score"}, [SHORT, LONG]),
    ],
    ids=str,
)
def test_the_k_shortest_paths_over_some_edges(api, town, asked, found):
    ends = {"source": town["Mill"], "target": town["Shop"]}
    answer = ask(api, "paths/k-shortest/", **ends, **asked)
    assert [way(path["hops"]) for path in answer["paths"]] == found
    assert [path["length"] for path in answer["paths"]] == [len(w.split()) - 1 for w in found]
    one = {name: value for name, value in asked.items() if name != "k"}
    shortest = ask(api, "paths/", **ends, **one)
    assert shortest["found"] == bool(found)
    assert [way(shortest["hops"])] == found[:1] if found else shortest["hops"] == []


def test_the_k_shortest_go_along_the_arrows_only_if_asked_to(api, town):
    back = {"source": town["Shop"], "target": town["Mill"]}
    assert len(ask(api, "paths/k-shortest/", **back)["paths"]) == 2
    assert ask(api, "paths/k-shortest/", **back, direction="out")["paths"] == []
    none = ask(api, "paths/k-shortest/", source=town["Mill"], target=town["Mill"])
    assert none["paths"] == [{"length": 0, "cost": 0.0, "hops": []}]


def test_layers_narrow_a_path(api, books):
    ends = {"source": books.sales, "target": books.acme}
    answer = ask(api, "paths/", **ends, has="fraud,temporal")
    assert [hop["id"] for hop in answer["hops"]] == [str(books.annotated)]
    assert not ask(api, "paths/", source=books.sales, target=books.borough, has="fraud")["found"]


def near(api, entity: str, **asked):
    return ask(api, f"entities/{entity}/neighbourhood/", NEAR, **asked)


def test_who_is_near_by_distance_and_what_joins_them(api, town):
    answer = near(api, town["Mill"])
    distances = [(entity["name"], entity["distance"]) for entity in answer["entities"]]
    assert distances[0] == ("Mill", 0)
    assert sorted(distances[1:]) == [("Bank", 1), ("Cart", 1)]
    ends = {(edge["source"]["id"], edge["target"]["id"]) for edge in answer["edges"]}
    assert ends == {(town["Mill"], town["Bank"]), (town["Mill"], town["Cart"])}
    assert (answer["truncated"], answer["edges_truncated"]) == (False, False)
    everybody = near(api, town["Mill"], depth=2)
    assert {entity["name"] for entity in everybody["entities"]} == set(town)
    assert len(everybody["edges"]) == 5


def test_a_neighbourhood_is_cut_and_says_so(api, town):
    cut = near(api, town["Mill"], depth=3, limit=2)
    assert (len(cut["entities"]), cut["truncated"]) == (2, True)
    few = near(api, town["Mill"], depth=3, edge_limit=3)
    assert (len(few["edges"]), few["edges_truncated"], few["truncated"]) == (3, True, False)
    every = near(api, town["Mill"], depth=3)["edges"]
    assert few["edges"] == every[:3]
    newest = near(api, town["Mill"], limit=2, order="date")["entities"]
    assert [entity["name"] for entity in newest] == ["Mill", "Cart"]
    alone = near(api, town["Mill"], limit=1, edge_limit=0)
    assert [entity["name"] for entity in alone["entities"]] == ["Mill"]
    assert alone["edges"] == []


def test_a_neighbourhood_keeps_the_greatest_amounts_or_the_newest_days(api, tenant):
    user = tenant.id
    names = ("Centre", "Small", "Large", "Often")
    parties = {name: rows.entity(user, name) for name in names}
    for name, amount, day in (("Small", 1, 20), ("Large", 900, 2), ("Often", 500, 1), ("Often", 500, 3)):  # fmt: skip  # noqa: E501
        at = datetime(2024, 1, day, tzinfo=UTC)
        ends = [rows.event(user, parties[end], amount=amount, occurred_at=at)
                for end in ("Centre", name)]  # fmt: skip
        rows.relationship(user, *ends)
    refresh.refresh()
    for order, names_left, amounts in (
        ("amount", ["Centre", "Often", "Large"], ["900.0000", "500.0000", "500.0000"]),
        ("date", ["Centre", "Small", "Often"], ["1.0000", "500.0000", "500.0000"]),
    ):
        answer = near(api, parties["Centre"].id, limit=3, order=order)
        assert [entity["name"] for entity in answer["entities"][:1]] == ["Centre"]
        assert {entity["name"] for entity in answer["entities"]} == set(names_left)
        assert [edge["amount"] for edge in answer["edges"]] == amounts


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"direction": "out"}, ["Bank", "Shop"]),
        ({"min_confidence": 0.6}, ["Bank", "Mill", "Shop"]),
        ({"since": "2021-01-01"}, ["Bank"]),
        ({"has": "causal"}, ["Bank"]),
    ],
    ids=str,
)
def test_a_neighbourhood_over_some_edges(api, town, asked, names):
    answer = near(api, town["Bank"], **asked)
    assert sorted(entity["name"] for entity in answer["entities"]) == names


def test_importance_and_communities_of_some_edges(api, town):
    sure = ask(api, "importance/", min_confidence=0.9, top=1)["results"]
    assert [entity["name"] for entity in sure] == ["Bank"]
    newer = ask(api, "importance/", algorithm="betweenness", since="2024-01-01", top=5)["results"]
    assert {entity["name"] for entity in newer if entity["score"] > 0} == {"Cart", "Dock"}
    groups = ask(api, "communities/", types="transfer")["results"]
    assert {entity["name"] for entity in groups[0]["members"]} == {"Cart", "Dock"}
    assert [group["size"] for group in groups] == [2, 1, 1, 1]


QUESTIONS = ("paths/", "paths/k-shortest/", "importance/", "communities/", NEAR)
WRONG = [
    ("types", ["", "a,,b", ",", "x" * 101, "a\0b", ",".join("abcdefghijklmnopqrstu")]),
    ("min_confidence", ["", "-0.1", "1.1", "nan", "inf", "sure"]),
    ("since", ["", "yesterday", "2024-02-30", "2024-01-01T00:00:00Z", "\0"]),
    ("until", ["0000-01-01", "1e3"]),
    ("has", ["", "luck", "fraud,"]),
    ("edges", ["link"]),
]


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize(("field", "values"), WRONG, ids=[field for field, _ in WRONG])
def test_a_wrong_narrowing_is_named(api, books, question, field, values):
    ends = {"source": books.sales, "target": books.acme} if "paths" in question else {}
    path = V1 + question.format(entity_id=books.sales)
    for value in values:
        answer = api.get(path, {**ends, field: value})
        assert answer.status_code == 400, value
        assert list(wrong(answer)) == [field]
    turned = api.get(path, {**ends, "since": "2024-01-02", "until": "2024-01-01"})
    assert (turned.status_code, list(wrong(turned))) == (400, ["since"])


@pytest.mark.parametrize(
    ("question", "field", "values"),
    [
        ("paths/k-shortest/", "k", ["0", "21", "two", ""]),
        (NEAR, "depth", ["0", "7", ""]),
        (NEAR, "limit", ["0", "1001"]),
        (NEAR, "edge_limit", ["-1", "10001"]),
        (NEAR, "direction", ["in"]),
        (NEAR, "order", ["id", ""]),
        (NEAR, "k", ["3"]),
    ],
)
def test_a_wrong_bound_is_named(api, books, question, field, values):
    ends = {"source": books.sales, "target": books.acme} if "paths" in question else {}
    for value in values:
        answer = api.get(V1 + question.format(entity_id=books.sales), {**ends, field: value})
        assert answer.status_code == 400, value
        assert list(wrong(answer)) == [field]


def test_who_is_not_there_has_no_neighbours(api, books, their_books):
    answers = [
        api.get(f"{V1}entities/{who}/neighbourhood/")
        for who in ("7", "x" * 300, "7b3ea1a5-7a1e-4f0b-9c1d-1d2b3c4d5e6f", their_books.sales)
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert all(unnamed(answer) == unnamed(answers[0]) for answer in answers)
    assert list(wrong(answers[0])) == ["id"]


def test_they_are_answered_over_http_and_not_twice(server, api, books):
    headers = {"Authorization": api._credentials["HTTP_AUTHORIZATION"]}
    with httpx.Client(base_url=server + V1, headers=headers, timeout=30) as client:
        for question in (
            f"entities/{books.sales}/neighbourhood/?depth=2&has=fraud",
            f"paths/k-shortest/?source={books.acme}&target={books.borough}&k=2",
        ):
            answer = client.get(question)
            assert answer.status_code == 200, answer.text
            assert answer.json()["as_of_version"] in answer.headers["ETag"]
            again = client.get(question, headers={"If-None-Match": answer.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")
