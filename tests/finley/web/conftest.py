"""Signed-in people, and books that the pages show."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from finley.models import User
from graph import models
from graph.database.role import as_owner
from tests.finley.test_admin import logged_in
from tests.graph import rows
from tests.graph.api.conftest import books, both_books, server, their_books  # noqa: F401

PASSWORD = "a-long-enough-phrase"


@pytest.fixture
def quiet(own_queue) -> str:
    """A queue for this test alone, which no worker empties."""
    return own_queue


@pytest.fixture
def person(tenant: User) -> User:
    """The tenant's user, who signs in with a password."""
    with as_owner():
        tenant.set_password(PASSWORD)
        tenant.save()
    return tenant


@pytest.fixture
def client(tenant: User) -> Client:
    """A client that is signed in as the tenant."""
    return logged_in(tenant)


def a_case(user: UUID, extra: UUID, original: UUID, **values: Any) -> models.PaymentCase:
    """A case of two payments, as enrichment writes it."""
    case = rows.add(
        models.PaymentCase,
        user_id=user,
        **{
            "kind": "paid_twice",
            "reason": "the same party and amount",
            "confidence": 0.7,
            "party": "Acme 100% Wool",
            "amount_at_risk": "120.5000",
            "currency": "GBP",
            "extra_payments": 1,
            "first_day": "2024-01-31",
            "last_day": "2024-02-29",
            "row_keys": [f"test {original}", f"test {extra}"],
            **values,
        },
    )
    for relationship, role in ((original, "original"), (extra, "extra")):
        rows.add(
            models.PaymentCaseRow,
            user_id=user,
            case_id=case.id,
            relationship_id=relationship,
            role=role,
        )
    return case


def text_of(response) -> str:
    return response.content.decode()
