"""Every sum of money in the published schema says what it counts."""

from collections.abc import Iterator
from typing import Any

from tests.graph.api.shapes import published

# Decimals that are one row's own or that a person states, not sums.
OF_ONE_ROW = {
    "amount", "amount_low", "amount_high", "old", "new", "open", "opening", "closing", "stated",
    "expected", "difference", "amount_recovered", "min_amount", "max_amount",
}  # fmt: skip
# Answers whose `amount` or `open` is a sum all the same.
SUMS = {
    ("NeighbourAnswer", "amount"), ("SpendPeriod", "amount"), ("OpenTotal", "open"),
    ("ObligationMonth", "open"), ("CaseTotal", "amount_recovered"),
}  # fmt: skip


def decimals(name: str, schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for field, description in schema.get("properties", {}).items():
        if description.get("format") == "decimal":
            yield name, field, description


def test_every_sum_says_what_it_counts():
    schemas = published()["components"]["schemas"]
    sums_found = [
        field_of for name, schema in schemas.items() for field_of in decimals(name, schema)
    ]
    sums = [
        (name, field, description)
        for name, field, description in sums_found
        if field not in OF_ONE_ROW or (name, field) in SUMS
    ]
    names = {(name, field) for name, field, _ in sums}
    assert {("CashMonth", "money_in"), ("CaseAnswer", "amount_at_risk"), *SUMS} <= names
    silent = [
        f"{name}.{field}" for name, field, description in sums
        if not description.get("description", "").startswith("Counts ")
    ]  # fmt: skip
    assert silent == []


def test_every_number_of_payments_says_what_it_counts():
    schemas = published()["components"]["schemas"]
    for name in ("CashMonth", "ExpectedMonth", "SpendPeriod", "OpenTotal", "CaseTotal"):
        for field, description in schemas[name]["properties"].items():
            if description.get("type") == "integer":
                assert description.get("description", "").startswith("Counts "), f"{name}.{field}"


# Integers and scores over the graph's edges: importance, communities, paths, stats.
OVER_EDGES = {
    "CurrentStatsAnswer": (
        "nodes",
        "edges",
        "payments",
        "components",
        "unresolved",
        "dangling",
        "layers",
    ),
    "CurrentImportanceAnswer": ("weights_used",),
    "RankedEntity": ("score",),
    "CurrentCommunitiesAnswer": ("count", "weights_used"),
    "CommunityAnswer": ("size",),
    "CurrentPathAnswer": ("weights_used",),
    "CurrentKShortestAnswer": ("weights_used",),
}


def test_every_figure_over_edges_says_what_it_counts():
    schemas = published()["components"]["schemas"]
    for name, fields in OVER_EDGES.items():
        for field in fields:
            facts = schemas[name]["properties"][field]
            assert facts.get("description", "").startswith("Counts "), f"{name}.{field}"


def test_no_answer_weighs_edges_beside_these():
    schemas = published()["components"]["schemas"]
    weighing = {
        name for name, one in schemas.items() if "weights_used" in one.get("properties", {})
    }
    assert weighing == {name for name, fields in OVER_EDGES.items() if "weights_used" in fields}


def test_every_question_about_edges_counts_payments_once_by_default():
    narrowed = 0
    for operations in published()["paths"].values():
        asked = {p["name"]: p for p in operations.get("get", {}).get("parameters", [])}
        if {"min_confidence", "types", "edges"} <= asked.keys():
            narrowed += 1
            assert asked["once"]["schema"]["default"] is True
            assert "payment" in asked["records"]["schema"]["enum"]
    assert narrowed == 5  # paths, k-shortest, neighbourhood, importance, communities
