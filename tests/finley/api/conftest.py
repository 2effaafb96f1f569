"""Fixtures for people who sign in."""

from tests.finley.web.conftest import books, both_books, person  # noqa: F401
from tests.finley.web.test_account import member  # noqa: F401
