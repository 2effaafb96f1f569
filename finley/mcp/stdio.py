"""Runs the MCP server over stdin and stdout, for a program that starts finley itself."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_REQUEST
from rest_framework.exceptions import APIException, PermissionDenied

from finley.auth import rate_limit
from finley.auth.authentication import TokenAuthentication
from finley.mcp import protocol
from graph.database import deadlines
from graph.http.scopes import READ, allowed

Tenant = Callable[[], UUID]


def tenant_of(token: str) -> UUID:
    """The token's tenant. Raises APIException for an invalid token, a token without the scope read,
    and a token that exceeds its rate limit."""
    user, row = TokenAuthentication().authenticate_credentials(token.encode())
    if READ not in allowed(row.scopes):
        raise PermissionDenied(f"{row.called} does not have the scope {READ}.")
    if not rate_limit.allowed(row.token_key):
        wait = rate_limit.PerToken().wait()
        raise PermissionDenied(f"Too many requests. Try again in {wait:.0f} seconds.")
    return UUID(str(user.pk))


class OwnThread:
    """A caller (finley.mcp.caller) whose work runs in one thread, one call after the other."""

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._thread = ThreadPoolExecutor(1, "tools")

    async def run[Result](self, work: Callable[[UUID], Result]) -> Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._do, work)

    def _do[Result](self, work: Callable[[UUID], Result]) -> Result:
        try:
            with deadlines.seconds(settings.QUESTIONS["request_seconds"]):
                return work(self._tenant())
        except APIException as error:
            raise MCPError(INVALID_REQUEST, str(error.detail)) from None
        finally:
            close_old_connections()


def serve(tenant: Tenant) -> None:
    """Speak MCP until stdin ends. Before each call, `tenant` is called for the tenant's id."""
    asyncio.run(_serve(OwnThread(tenant)))


async def _serve(caller: OwnThread) -> None:
    server = protocol.build(caller)
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
