"""The picture's bytes: each payment once, by pair and currency; places kept with the version."""

import json
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from django.db import connections

from graph.engine.edge_filters import Only
from graph.questions import picture
from graph.view import refresh
from tests.graph import rows

pytestmark = pytest.mark.usefixtures("committed")


def read(content: bytes) -> dict[str, Any]:
    """As the browser reads it."""
    length = int.from_bytes(content[:4], "little")
    head = json.loads(content[4 : 4 + length])
    at = 4 + length
    arrays = {}
    for name, dtype, count in head["arrays"]:
        assert at % 8 == 0
        arrays[name] = np.frombuffer(content, dtype, count, at)
        at += -(-arrays[name].nbytes // 8) * 8
    assert at == len(content)
    return {**head, **arrays}


def edges(user: UUID, **asked: Any) -> list[tuple[str, str, str, int, float, date, date]]:
    facts = read(picture.picture(user, **asked))
    epoch = date(1970, 1, 1).toordinal()
    columns = (facts[name].tolist() for name in
               ("source", "target", "currency", "count", "amount", "first", "last"))  # fmt: skip
    return [
        (facts["names"][source], facts["names"][target], facts["currencies"][currency], count,
         amount, date.fromordinal(epoch + first), date.fromordinal(epoch + last))
        for source, target, currency, count, amount, first, last in zip(*columns, strict=True)
    ]  # fmt: skip


@pytest.fixture
def books() -> UUID:
    """Sales pays Acme twice in pounds and once in euros; the bank saw one of these, too."""
    user = rows.tenant_id()
    sales, acme = rows.entity(user, "Sales", "department"), rows.entity(user, "Acme")
    ids = []
    for amount, day, currency in ((5, 2, "GBP"), (7, 9, "GBP"), (7, 9, "GBP"), (3, 4, "EUR")):
        at = datetime(2024, 1, day, tzinfo=UTC)
        ends = [rows.event(user, party, amount=amount, occurred_at=at, currency=currency)
                for party in (sales, acme)]  # fmt: skip
        ids.append(rows.relationship(user, *ends).id)
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE relationship_instances SET canonical_id = %s WHERE id = %s", [ids[1], ids[2]]
        )
    refresh.refresh()
    return user


def test_each_payment_counts_once_by_pair_and_currency(books):
    first, second, ninth = (date(2024, 1, day) for day in (2, 4, 9))
    assert edges(books) == [
        ("Sales", "Acme", "EUR", 1, 3.0, second, second),
        ("Sales", "Acme", "GBP", 2, 12.0, first, ninth),
    ]
    assert edges(books, only=Only(since=date(2024, 1, 5))) == [
        ("Sales", "Acme", "GBP", 1, 7.0, ninth, ninth)
    ]
    assert edges(books, only=Only(types=["transfer"])) == []
    assert edges(books, kind="claim") == []


def test_places_and_ids_are_of_the_graph_s_nodes_and_kept(books, monkeypatch):
    facts = read(picture.picture(books))
    assert sorted(facts["names"]) == ["Acme", "Sales"]
    assert len(facts["ids"]) == 32
    assert np.isfinite(facts["x"]).all()
    assert (facts["size"] > 0).all()
    monkeypatch.setattr(picture, "_computed", None)
    again = read(picture.picture(books, only=Only(since=date(2024, 1, 5))))
    assert np.array_equal(again["x"], facts["x"])
    assert np.array_equal(again["community"], facts["community"])


def test_a_tenant_without_books_has_an_empty_picture():
    refresh.refresh()
    facts = read(picture.picture(rows.tenant_id()))
    assert (facts["names"], len(facts["source"])) == ([], 0)
