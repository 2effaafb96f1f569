"""Django's PostgreSQL backend on the embedded server, which starts at the first connection.

`OPTIONS["embedded_state"]` names the state folder; HOST is found, not configured.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db.backends.postgresql import base
from django.db.backends.postgresql.client import DatabaseClient

from finley.embedded import EmbeddedServerError, Servers, ensure


def servers(settings_dict: dict[str, Any]) -> Servers:
    """The running servers of one DATABASES entry.

    Raises OperationalError with the reason, as Django expects of a connection that fails.
    """
    state = settings_dict["OPTIONS"].get("embedded_state")
    if not state:
        raise ImproperlyConfigured('The embedded backend needs OPTIONS["embedded_state"].')
    try:
        return ensure(Path(state))
    except EmbeddedServerError as error:
        raise psycopg.OperationalError(str(error)) from error


class EmbeddedClient(DatabaseClient):
    """`manage.py dbshell`."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Iterable[str]
    ) -> tuple[list[str], dict[str, str] | None]:
        found = {**settings_dict, "HOST": servers(settings_dict).postgres_host}
        return super().settings_to_cmd_args_env(found, parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL, with the server brought along."""

    client_class = EmbeddedClient

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        params.pop("embedded_state", None)
        return {**params, "host": servers(self.settings_dict).postgres_host}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        # A pool asks for its parameters once; its server may have gone since, guardian and all.
        servers(self.settings_dict)
        return super().get_new_connection(conn_params)
