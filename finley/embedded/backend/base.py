"""Django's PostgreSQL backend for the embedded server, which starts at the first connection.

`OPTIONS["embedded_state"]` names the state folder. HOST follows from it and is not configured.
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

    Raises OperationalError with the reason, as Django expects of a failed connection.
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
        settings = {**settings_dict, "HOST": servers(settings_dict).postgres_host}
        return super().settings_to_cmd_args_env(settings, parameters)


class DatabaseWrapper(base.DatabaseWrapper):
    """PostgreSQL on the embedded server."""

    client_class = EmbeddedClient

    def get_connection_params(self) -> dict[str, Any]:
        params = super().get_connection_params()
        params.pop("embedded_state", None)
        return {**params, "host": servers(self.settings_dict).postgres_host}

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        # A pool reads its parameters only once, and its server may have ended since then.
        servers(self.settings_dict)
        return super().get_new_connection(conn_params)
