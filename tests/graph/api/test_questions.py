"""Each question with real rows: through Django's client, and over HTTP to a process."""

from uuid import UUID

import httpx
import pytest
from django.db import connections

from graph.engine.importance import ALGORITHMS
from graph.layers import LAYERS
from graph.view import refresh
from tests.conftest import client_of
from tests.graph import rows
from tests.graph.api.shapes import V1, as_published
from tests.problems import wrong


def ask(client, question: str, **parameters):
    """The answer of a question that is answered, as its schema says."""
    answer = client.get(V1 + question, parameters)
    assert answer.status_code == 200, answer.content
    body = as_published(question, answer.json())
    assert body.pop("as_of_version")
    return body


def names(found) -> list[str]:
    return [entity["name"] for entity in found]


def hops(answer) -> list[tuple[str, bool]]:
    return [(hop["id"], hop["forward"]) for hop in answer["hops"]]


def questions(books) -> dict[str, dict[str, object]]:
    """Every question with parameters that have an answer."""
    return {
        "stats/": {},
        "entities/": {"search": "acme"},
        "paths/": {"source": books.acme, "target": books.borough},
        "importance/": {"algorithm": "pagerank"},
        "communities/": {},
        f"relationships/{books.annotated}/": {},
    }


def test_stats(api, books):
    answer = ask(api, "stats/")
    assert answer.pop("build_seconds") > 0
    assert answer == {
        "nodes": 5,
        "edges": 4,
        "payments": 3,
        "average_degree": 1.6,
        "density": 0.2,
        "components": 2,
        "unresolved": 1,
        "dangling": 0,
        "layers": {layer.name: 1 for layer in LAYERS},
    }


def test_entities_are_found_by_a_part_of_their_name_a_typo_or_their_kind(api, books):
    everybody = ["Acme 100% Wool", "Borough", "Cab", "Dora", "Sales"]
    assert names(ask(api, "entities/")["results"]) == everybody
    assert names(ask(api, "entities/", limit=2)["results"]) == everybody[:2]
    assert names(ask(api, "entities/", kind="employee")["results"]) == ["Dora"]
    assert names(ask(api, "entities/", search="borugh")["results"]) == ["Borough"]
    assert names(ask(api, "entities/", search="OROU")["results"]) == ["Borough"]
    none = ask(api, "entities/", search="borough", kind="employee")
    assert none == {"results": [], "kinds": {"vendor": 1}, "next": None}
    assert ask(api, "entities/", search="acme")["results"] == [
        {"id": str(books.acme), "kind": "vendor", "name": "Acme 100% Wool", "keys": {}}
    ]


def test_search_takes_signs_for_what_they_are(api, books):
    assert names(ask(api, "entities/", search="0% w")["results"]) == ["Acme 100% Wool"]
    for text in ("%", "_", "\\", "'", '"', "'; --", "%%", "{}", "\U0001f4b7", "é", "x" * 200):
        expected = ["Acme 100% Wool"] if text == "%" else []
        assert names(ask(api, "entities/", search=text)["results"]) == expected


def test_the_best_match_comes_first(api, tenant, books):
    for name in ("Acme", "Zacmex", "The Acme Group"):
        rows.entity(tenant.id, name)
    matching = names(ask(api, "entities/", search="acme")["results"])
    assert matching[0] == "Acme"
    assert matching[-1] == "Zacmex"
    assert len(matching) == 4


def test_a_path_tells_each_hop(api, books):
    answer = ask(api, "paths/", source=books.acme, target=books.borough, weight="confidence_score")
    assert (answer["found"], answer["length"]) == (True, 2)
    assert answer["weights_used"] == {"confidence_score": 3}
    assert answer["hops"][0] == {
        "id": str(books.annotated),
        "source": {"id": str(books.acme), "kind": "vendor", "name": "Acme 100% Wool"},
        "target": {"id": str(books.sales), "kind": "department", "name": "Sales"},
        "forward": False,
        "relationship_type": "payment",
        "confidence_score": 0.8,
        "occurred_at": "2024-02-29T12:30:00Z",
        "amount": "120.5000",
        "currency": "GBP",
    }
    assert hops(answer)[1] == (str(books.to_borough), True)


def test_a_path_by_causal_score_says_on_what_it_rests(api, books):
    answer = ask(api, "paths/", source=books.sales, target=books.acme, weight="causal_score")
    assert hops(answer) == [(str(books.annotated), True)]
    assert answer["weights_used"] == {"causal_score": 1, "confidence_score": 2}


def test_a_path_may_not_be_there(api, books):
    nothing = {"found": False, "length": None, "cost": None, "weights_used": {}, "hops": []}
    to_dora = ask(api, "paths/", source=books.acme, target=books.dora)
    assert to_dora == nothing
    ends = {"source": books.acme, "target": books.borough}
    assert ask(api, "paths/", **ends, max_length=1) == nothing
    assert ask(api, "paths/", **ends, direction="out") == nothing
    assert ask(api, "paths/", **ends, max_length=2)["length"] == 2


def test_links_are_walked_when_asked_for(api, books):
    ends = {"source": books.sales, "target": books.cab}
    assert not ask(api, "paths/", **ends)["found"]
    with_links = ask(api, "paths/", **ends, edges="all", direction="out")
    assert hops(with_links) == [(str(books.to_borough), True), (str(books.link), True)]


def test_a_path_from_an_entity_to_itself_is_empty(api, books):
    answer = ask(api, "paths/", source=books.dora, target=books.dora)
    assert (answer["found"], answer["length"], answer["cost"], answer["hops"]) == (True, 0, 0, [])


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_importance_ranks_entities(algorithm, api, books):
    answer = ask(api, "importance/", algorithm=algorithm)
    assert answer["algorithm"] == algorithm
    assert [entity["rank"] for entity in answer["results"]] == [1, 2, 3, 4, 5]
    assert answer["results"][0]["name"] == "Sales"
    by_rank = [(-entity["score"], entity["id"]) for entity in answer["results"]]
    assert by_rank == sorted(by_rank), "ties go by id"


def test_importance_of_one_kind_keeps_its_scores(api, books):
    everybody = ask(api, "importance/")["results"]
    vendors = [entity for entity in everybody if entity["kind"] == "vendor"][:2]
    entity = ask(api, "importance/", kind="vendor", top=2)
    assert [(v["id"], v["score"]) for v in entity["results"]] == [
        (v["id"], v["score"]) for v in vendors
    ]
    assert [v["rank"] for v in entity["results"]] == [1, 2]
    assert entity["weights_used"] == {"causal_score": 1, "confidence_score": 2}


def test_links_count_for_importance_when_asked_for(api, books):
    scores = {
        edges: {v["name"]: v["score"] for v in ask(api, "importance/", edges=edges)["results"]}
        for edges in ("flow", "all")
    }
    assert scores["flow"]["Cab"] == scores["flow"]["Dora"]
    assert scores["all"]["Cab"] > scores["all"]["Dora"]


def test_communities(api, books):
    answer = ask(api, "communities/", seed=3)
    assert (answer["count"], answer["seed"]) == (3, 3)
    assert answer["modularity"] == 0
    assert [(c["rank"], c["size"]) for c in answer["results"]] == [(1, 3), (2, 1), (3, 1)]
    assert names(answer["results"][0]["members"])[:2] == ["Sales", "Acme 100% Wool"]
    fewer = ask(api, "communities/", top=1, members=1)
    assert fewer["count"] == 3
    assert [names(c["members"]) for c in fewer["results"]] == [["Sales"]]


def test_a_relationship_has_all_nine_layers(api, books):
    answer = ask(api, f"relationships/{books.annotated}/", today="2024-03-29")
    layers = answer.pop("layers")
    assert answer["id"] == str(books.annotated)
    assert (answer["amount"], answer["currency"]) == ("120.5000", "GBP")
    assert answer["document_ref"] == "INV-7"
    assert (answer["source"], answer["target"]) == (
        {"id": str(books.sales), "kind": "department", "name": "Sales"},
        {"id": str(books.acme), "kind": "vendor", "name": "Acme 100% Wool"},
    )
    assert "user_id" not in answer
    assert all(UUID(layers[name].pop("id")) for name in layers)
    assert layers == all_nine(original=books.plain)


def all_nine(original: UUID) -> dict[str, dict]:
    return {
        "causal": {"causal_score": 0.6, "causal_direction": "forward"},
        "temporal": {
            "recurrence_score": 0.9,
            "recurrence_frequency": "monthly",
            "last_occurrence": "2024-02-29",
            "next_predicted_occurrence": "2024-03-29",
        },
        "seasonal": {"seasonal_strength": 0.25, "seasonal_months": [1, 12]},
        "pattern": {"pattern_name": "rent", "pattern_confidence": 0.75},
        "cross_platform": {"platform_sources": ["card", "ledger"]},
        "prediction": {
            "prediction_confidence": 0.5,
            "prediction_reason": "monthly",
            "expected_from": "2024-03-28",
            "expected_to": "2024-03-30",
            "amount_low": "120.5000",
            "amount_high": "121.0000",
            "status": "pending",
            "books_until": None,
            "stale_from": None,
        },
        "root_cause": {"root_cause_analysis": "The lease rose."},
        "change": {"change_type": "modified"},
        "fraud": {
            "is_duplicate": True,
            "duplicate_confidence": 0.7,
            "original_relationship_id": str(original),
        },
    }


def test_a_relationship_of_which_nothing_is_known_and_one_without_a_vendor(api, books):
    plain = ask(api, f"relationships/{books.plain}/")
    assert plain["layers"] == {layer.name: None for layer in LAYERS}
    unresolved = ask(api, f"relationships/{books.unresolved}/")
    assert unresolved["source"]["id"] == str(books.sales)
    assert unresolved["target"] is None


def test_no_answer_shows_another_tenants_rows(api, tenant, other_tenant, books):
    """The other keeps the same books under the same names: only ids tell them apart."""
    theirs = {
        str(row_id)
        for table in ("normalized_entities", "relationship_instances", "raw_events")
        for row_id in ids_of(other_tenant.id, table)
    }
    assert len(theirs) > 15
    for question, parameters in questions(books).items():
        text = str(ask(api, question, **parameters))
        assert not [row_id for row_id in theirs if row_id in text], question
        assert str(other_tenant.id) not in text
    assert str(books.sales) in str(ask(api, "importance/"))


def ids_of(user: UUID, table: str) -> list[UUID]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"SELECT id FROM {table} WHERE user_id = %s", [user])  # noqa: S608
        return [row_id for (row_id,) in cursor.fetchall()]


def test_a_tenant_without_data_has_empty_answers(other_tenant, committed):
    refresh.refresh()
    client = client_of(other_tenant)
    stats = ask(client, "stats/")
    assert stats.pop("build_seconds") >= 0
    assert stats.pop("layers") == {layer.name: 0 for layer in LAYERS}
    assert set(stats.values()) == {0}
    nobody = {"results": [], "kinds": {}, "next": None}
    assert ask(client, "entities/") == ask(client, "entities/", search="acme") == nobody
    for algorithm in ALGORITHMS:
        assert ask(client, "importance/", algorithm=algorithm)["results"] == []
    assert ask(client, "importance/", kind="vendor")["results"] == []
    communities = ask(client, "communities/")
    assert (communities["count"], communities["modularity"]) == (0, None)
    assert communities["results"] == []


def test_what_was_merged_without_its_matches_dangles(api, books):
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE normalized_entities SET merged_into_id = %s WHERE id = %s",
            [books.dora, books.acme],
        )
    stats = ask(api, "stats/")
    assert (stats["nodes"], stats["edges"], stats["dangling"], stats["unresolved"]) == (4, 2, 2, 1)
    assert "Acme 100% Wool" not in names(ask(api, "importance/")["results"])
    assert ask(api, "communities/")["count"] == 3
    ends = {"source": books.sales}
    to_merged = ask(api, "paths/", **ends, target=books.acme)
    assert to_merged == ask(api, "paths/", **ends, target=books.dora), "it means what it became"
    assert ask(api, f"relationships/{books.annotated}/", today="2024-03-29")["target"]["id"] == str(
        books.acme
    )
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM normalized_entities WHERE id = %s", [books.acme])
    stats = ask(api, "stats/")
    assert (stats["edges"], stats["dangling"], stats["unresolved"]) == (2, 0, 3)


def test_every_question_over_http(server, api, books):
    """The same answers from a process of its own as from Django's client."""
    headers = {"Authorization": api._credentials["HTTP_AUTHORIZATION"]}
    with httpx.Client(base_url=server + V1, headers=headers, timeout=30) as client:
        for question, parameters in questions(books).items():
            answer = client.get(question, params={k: str(v) for k, v in parameters.items()})
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "application/json"
            body = as_published(question, answer.json())
            assert body.pop("as_of_version")
            expected = ask(api, question, **parameters)
            for measured in (body, expected):
                measured.pop("build_seconds", None)
            assert body == expected


def test_refusals_over_http(server, books):
    with httpx.Client(base_url=server + V1, timeout=30) as client:
        assert client.get("stats/").status_code == 401
        for token in (b"Bearer x", b"Bearer \xff\xfe", b"Bearer", b"Bearer a b", b"Basic eDp4"):
            answer = client.get("stats/", headers={"Authorization": token})
            assert answer.status_code == 401, token
            assert answer.headers["www-authenticate"] == "Bearer"
            assert wrong(answer) == {}
