"""Embedded PostgreSQL and Valkey from wheels, on Unix sockets, while a finley process runs.

finley's own code only needs `ensure(state)`. `python -m finley.embedded --help` shows the commands
for people.
"""

from finley.embedded.errors import EmbeddedServerError
from finley.embedded.servers import Servers
from finley.embedded.supervisor_client import ensure

__all__ = ["EmbeddedServerError", "Servers", "ensure"]
