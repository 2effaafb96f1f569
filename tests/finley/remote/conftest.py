"""A server in a process of its own, the books of a tenant, and a session with a token."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from finley.models import ApiToken, User
from finley.remote import Session
from graph.database.role import as_owner
from graph.http.scopes import READ, SYNC
from graph.view import refresh
from tests.graph import rows
from tests.graph.api.conftest import serving


@pytest.fixture(scope="session")
def address(django_db_setup) -> Iterator[str]:
    with serving(FINLEY_REQUESTS_PER_MINUTE="2000") as up:
        yield up.address


def token_of(user: User, *scopes: str) -> str:
    with as_owner():
        return str(ApiToken.objects.create(user, name="test", scopes=list(scopes))[1])


@pytest.fixture
def token(tenant) -> str:
    return token_of(tenant, READ, SYNC)


@pytest.fixture
def session(address, token) -> Iterator[Session]:
    with Session(address, token) as opened:
        yield opened


@pytest.fixture
def payments(tenant) -> list[UUID]:
    """Seven payments of Sales to Acme."""
    payer, payee = rows.entity(tenant.id, "Sales", "department"), rows.entity(tenant.id, "Acme")
    ids = [rows.payment(tenant.id, payer, payee, amount=n + 1) for n in range(7)]
    refresh.refresh()
    return ids
