"""The payments behind a sum are those that it counts."""

from decimal import Decimal

import pytest

from tests.graph.api.shapes import V1, validator
from tests.problems import wrong

TODAY = {"today": "2024-03-31"}


def listed(api, path: str, **parameters) -> list[Decimal]:
    """The amounts of all pages of one row."""
    amounts: list[Decimal] = []
    offset = 0
    while offset is not None:
        answer = api.get(V1 + path, {"currency": "GBP", "limit": 1, "offset": offset, **parameters})
        assert answer.status_code == 200, answer.content
        body = answer.json()
        validator(V1 + path, 200).validate(body)
        amounts += [Decimal(row["amount"]) for row in body["results"]]
        assert body["count"] >= len(amounts)
        offset = body["next"]
    return amounts


def test_the_payments_of_a_month_are_its_sum(api, books):
    months = api.get(V1 + "cash-flow/", TODAY).json()["months"]
    assert months
    for month in months:
        last = {"2024-01": "2024-01-31", "2024-02": "2024-02-29"}[month["month"]]
        days = {"since": f"{month['month']}-01", "until": last}
        for way in ("in", "out"):
            amounts = listed(api, "cash-flow/payments/", way=way, **days)
            assert len(amounts) == month[f"payments_{way}"]
            assert sum(amounts) == Decimal(month[f"money_{way}"])


@pytest.mark.parametrize("by", ["party", "department", "category"])
def test_the_payments_of_a_group_are_its_sums(api, books, by):
    groups = api.get(V1 + "spend/", {**TODAY, "by": by}).json()["results"]
    assert groups
    for group in groups:
        named = {"party": group["party_id"]} if group["party_id"] else {"name": group["name"]}
        named = {name: value for name, value in named.items() if value}
        amounts = listed(api, "spend/payments/", by=by, **named, **TODAY)
        assert sum(amounts) == sum(Decimal(one["amount"]) for one in group["periods"])


def test_a_series_has_its_payments_and_what_is_expected(api, books):
    path = f"relationships/{books.annotated}/series/"
    body = api.get(V1 + path, TODAY).json()
    validator(V1 + "relationships/{relationship_id}/series/", 200).validate(body)
    assert [(row["id"], row["day"], row["amount"]) for row in body["payments"]] == [
        (str(books.annotated), "2024-02-29", "120.5000")
    ]
    assert (body["prices"], body["expected"]["expected_from"]) == ([], "2024-03-28")
    other = api.get(f"{V1}relationships/{books.plain}/series/", TODAY).json()
    assert (other["payments"], other["expected"]) == ([], None)


@pytest.mark.parametrize(
    ("path", "parameters", "field"),
    [
        ("cash-flow/payments/", {}, "currency"),
        ("cash-flow/payments/", {"currency": "GBP", "way": "up"}, "way"),
        ("spend/payments/", {"currency": "GBP", "party": "x"}, "party"),
        ("spend/payments/", {"currency": "GBP", "since": "2024-02-01", "until": "2024-01-01"},
         "since"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(api, path, parameters, field):
    answer = api.get(V1 + path, parameters)
    assert answer.status_code == 400
    assert list(wrong(answer)) == [field]
