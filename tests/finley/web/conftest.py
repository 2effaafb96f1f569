"""People who are signed in, and books that their pages show."""

import pytest
from django.test import Client

from finley.models import User
from graph.database.role import as_owner
from tests.finley.test_admin import logged_in
from tests.graph.api.conftest import books, both_books, their_books  # noqa: F401

PASSWORD = "a-long-enough-phrase"


@pytest.fixture
def person(tenant: User) -> User:
    """The tenant, who signs in with a password."""
    with as_owner():
        tenant.set_password(PASSWORD)
        tenant.save()
    return tenant


@pytest.fixture
def client(tenant: User) -> Client:
    """Signed in as the tenant."""
    return logged_in(tenant)


def text_of(response) -> str:
    return response.content.decode()
