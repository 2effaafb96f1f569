"""Makes Django's DATABASES from the environment: two roles as two aliases.

`default` is the role of web and workers, which owns nothing. `owner` migrates, refreshes the view
and serves the admin. Without DATABASE_URL, both are roles of the embedded PostgreSQL.
"""

import select
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from psycopg import Connection
from psycopg_pool import ConnectionPool

# PgBouncer in transaction mode supports no prepared statements and no session settings.
SAFE_BEHIND_POOLERS = {"prepare_threshold": None}
# How long libpq waits for a server that a network no longer reaches. Without these it waits for
# minutes, and the leases of a worker would expire. A URL may set others.
LOST_NETWORK = {
    "connect_timeout": 5,  # seconds
    "tcp_user_timeout": 10_000,  # milliseconds until sent bytes must be acknowledged
    "keepalives_idle": 5,  # seconds
    "keepalives_interval": 3,
    "keepalives_count": 3,
}


def configure(url: str, owner_url: str, state: Path, pool: dict[str, Any]) -> dict[str, Any]:
    """Django's DATABASES: the settings of the aliases `default` and `owner`.

    `url` is the application's connection, `owner_url` the owner's. Without `owner_url` one role
    serves as both, which `manage.py check` warns about. If both are empty, the embedded server in
    `state` is used. `pool` has the options of the connection pools.
    """
    if owner_url and not url:
        raise ImproperlyConfigured(
            "DATABASE_OWNER_URL is set but DATABASE_URL is not. Set both or neither."
        )
    if not url:
        return _pooled(embedded("finley_app", state), embedded("finley_owner", state), pool)
    return _pooled(_external(url), _external(owner_url or url), pool)


def embedded(role: str, state: Path) -> dict[str, Any]:
    """The settings of one alias for the embedded server of `state`, which starts at the first
    connection. `role` is the PostgreSQL role."""
    return {
        "ENGINE": "finley.embedded.backend",
        "NAME": "finley",
        "USER": role,
        "OPTIONS": {"embedded_state": str(state), **SAFE_BEHIND_POOLERS},
    }


def _external(url: str) -> dict[str, Any]:
    try:
        parsed: dict[str, Any] = dict(dj_database_url.parse(url))
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"A DATABASE_URL cannot be read: {error}") from None
    if parsed.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured("A DATABASE_URL must begin with postgresql://")
    parsed["OPTIONS"] = {**LOST_NETWORK, **parsed.get("OPTIONS", {}), **SAFE_BEHIND_POOLERS}
    parsed.pop("CONN_MAX_AGE", None)  # the pool keeps connections
    return parsed


def _pooled(app: dict[str, Any], owner: dict[str, Any], pool: dict[str, Any]) -> dict[str, Any]:
    app["OPTIONS"]["pool"] = {**pool, "check": still_there}
    app["DISABLE_SERVER_SIDE_CURSORS"] = owner["DISABLE_SERVER_SIDE_CURSORS"] = True
    app["CONN_HEALTH_CHECKS"] = owner["CONN_HEALTH_CHECKS"] = True  # the server may restart
    owner["TEST"] = {"DEPENDENCIES": []}  # the owner creates the test database for both
    return {"default": app, "owner": owner}


def still_there(connection: "Connection[Any]") -> None:
    """Raises OperationalError if the server has closed the connection. The pool calls it before
    use.

    A server that ends sends a message or closes the socket. As long as there is nothing to read,
    the connection is alive, and no query is needed.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        ConnectionPool.check_connection(connection)
