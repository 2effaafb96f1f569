"""PostgreSQL and Valkey from wheels, on Unix sockets, for as long as a finley process runs.

`ensure(state)` is all that finley needs; `python -m finley.embedded --help` is for people.
"""

from finley.embedded.client import ensure
from finley.embedded.errors import EmbeddedServerError
from finley.embedded.servers import Servers

__all__ = ["EmbeddedServerError", "Servers", "ensure"]
