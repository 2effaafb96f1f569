"""People who sign in, and books that they ask about."""

from tests.finley.web.conftest import books, both_books, person  # noqa: F401
from tests.finley.web.test_account import member  # noqa: F401
