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
    for field, told in schema.get("properties", {}).items():
        if told.get("format") == "decimal":
            yield name, field, told


def test_every_sum_says_what_it_counts():
    schemas = published()["components"]["schemas"]
    found = [each for name, schema in schemas.items() for each in decimals(name, schema)]
    sums = [
        (name, field, told)
        for name, field, told in found
        if field not in OF_ONE_ROW or (name, field) in SUMS
    ]
    names = {(name, field) for name, field, _ in sums}
    assert {("CashMonth", "money_in"), ("CaseAnswer", "amount_at_risk"), *SUMS} <= names
    silent = [
        f"{name}.{field}" for name, field, told in sums
        if not told.get("description", "").startswith("Counts ")
    ]  # fmt: skip
    assert silent == []


def test_every_number_of_payments_says_what_it_counts():
    schemas = published()["components"]["schemas"]
    for name in ("CashMonth", "ExpectedMonth", "SpendPeriod", "OpenTotal", "CaseTotal"):
        for field, told in schemas[name]["properties"].items():
            if told.get("type") == "integer":
                assert told.get("description", "").startswith("Counts "), f"{name}.{field}"
