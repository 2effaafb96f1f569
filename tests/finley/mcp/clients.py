"""The official MCP client, for tests that are not asynchronous."""

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from anyio.from_thread import BlockingPortal, start_blocking_portal
from django.db import connections
from mcp import Client, StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from tests.graph.api.conftest import ROOT


@dataclass
class Asking:
    """A connected MCP client. `calls` has the names of the tools that it has called, in order."""

    portal: BlockingPortal
    client: Client
    calls: list[str]

    def call(self, tool: str, **arguments: Any) -> CallToolResult:
        self.calls.append(tool)
        return self.portal.call(self.client.call_tool, tool, arguments)

    def ask(self, tool: str, **arguments: Any) -> Any:
        """Call the tool and return its structured answer, which the client has checked against the
        output schema. Fails if the tool refuses."""
        result = self.call(tool, **arguments)
        assert not result.is_error, result.content
        return result.structured_content

    def do(self, name: str, *arguments: Any) -> Any:
        return self.portal.call(getattr(self.client, name), *arguments)


@contextmanager
def asking(transport: AbstractAsyncContextManager[Any], mode: str = "auto") -> Iterator[Asking]:
    with start_blocking_portal() as portal:
        client = Client(transport, mode=mode)
        with portal.wrap_async_context_manager(client):
            yield Asking(portal, client, [])


@asynccontextmanager
async def _over_http(address: str, token: str):
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        streamable_http_client(f"{address}/mcp", http_client=http) as streams,
    ):
        yield streams


def over_http(address: str, token: str, mode: str = "auto"):
    return asking(_over_http(address, token), mode)


def over_stdio(*arguments: str, mode: str = "auto", **environment: str):
    """Run `manage.py mcp` on the test database in a process of its own. Return a context manager
    that gives a connected client."""
    database = connections["owner"].settings_dict["NAME"]
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "tests.finley.mcp.over_stdio", database, *arguments],
        env=dict(os.environ) | environment,
        cwd=str(ROOT),
    )
    return asking(stdio_client(parameters), mode)
