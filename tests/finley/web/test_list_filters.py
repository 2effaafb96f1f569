"""Amounts as people write them."""

from decimal import Decimal

import pytest
from django.http import QueryDict

from finley.web import list_filters
from graph.errors import QuestionError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1260.16", "1260.16"),
        ("1,260.16", "1260.16"),
        ("1.260,16", "1260.16"),
        ("1260,16", "1260.16"),
        ("1260,160", "1260.160"),
        ("1260.160", "1260.160"),
        ("1,260", "1260"),
        ("1,260,160", "1260160"),
        ("1.260.160", "1260160"),
        ("1.260.160,50", "1260160.50"),
        ("EUR 1.500,00", "1500.00"),
        ("1.500,00 EUR", "1500.00"),
        ("GBP 1 260.16", "1260.16"),
        ("1 260,16 €", "1260.16"),
        ("£1260", "1260"),
        ("-£5.50", "-5.50"),
        ("£-5.50", "-5.50"),
        ("0,500", "0.500"),
        ("0.500", "0.500"),
        ("120.5000", "120.5000"),
        (",5", "0.5"),
    ],
)
def test_an_amount_is_read_as_the_person_means_it(text, value):
    assert list_filters.amount("min_amount", text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "1.260",
        "12,34,567",
        "1,26.5",
        "1.26,5.0",
        "1 2",
        "lots",
        "nan",
        "1e5",
        "£",
        "-",
        "",
        "1" * 17,
    ],
)
def test_what_is_no_amount_or_may_be_two_names_its_field(text):
    with pytest.raises(QuestionError) as refused:
        list_filters.amount("min_amount", text)
    assert refused.value.field == "min_amount"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=2024-02-01&until=2024-01-31", "until"),
        ("min_amount=10&max_amount=9.99", "max_amount"),
    ],
)
def test_limits_the_wrong_way_round_name_their_field(query, field):
    with pytest.raises(QuestionError) as refused:
        list_filters.of_payments(QueryDict(query))
    assert refused.value.field == field


@pytest.mark.parametrize(
    "query", ["since=2024-02-01&until=2024-02-01", "min_amount=9&max_amount=9"]
)
def test_one_day_and_one_amount_are_limits(query):
    assert len(list_filters.of_payments(QueryDict(query)).keys() - {"once"}) == 2
