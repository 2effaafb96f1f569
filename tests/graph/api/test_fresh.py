"""What is written by hand in one session is answered to the next request, with no refresh."""

import pytest
from django.db import connections

from graph import view

V1 = "/api/v1/graph/"
CHANGES = (
    "UPDATE raw_events SET amount = amount * 2 WHERE amount > 0",
    "UPDATE temporal_patterns SET recurrence_frequency = 'weekly'",
    "UPDATE relationship_instances SET deleted_at = now() WHERE id = '{0.plain}'",
    "UPDATE normalized_entities SET name = 'New' WHERE id = '{0.borough}'",
    "INSERT INTO root_cause_analyses (user_id, relationship_id, root_cause_analysis, confidence) "
    "SELECT user_id, id, 'new', 1 FROM relationship_instances",
)


def write(statement: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def asked(books) -> dict[str, str]:
    return {
        "the graph": "stats/",
        "a path": f"paths/?source={books.sales}&target={books.borough}",
        "ranks": "importance/?top=5",
        "communities": "communities/",
        "a list": "relationships/?edges=all",
        "a party": f"entities/{books.sales}/",
        "the like": f"entities/{books.acme}/similar/",
        "money": "cash-flow/",
        "one": f"relationships/{books.annotated}/",
        "why": f"relationships/{books.annotated}/explain/",
        "an insight": "insights/root_cause/",
        "another": "insights/temporal/",
    }


def answers(api, books) -> dict:
    found = {what: api.get(V1 + path).json() for what, path in asked(books).items()}
    found["the graph"].pop("build_seconds")
    return found


@pytest.mark.parametrize("change", CHANGES)
def test_every_answer_is_the_one_after_a_refresh(api, books, change):
    before = answers(api, books)
    write(change.format(books))
    now = answers(api, books)
    assert now != before
    view.refresh()
    assert answers(api, books) == now
