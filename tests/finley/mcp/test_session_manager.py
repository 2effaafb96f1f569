"""The session manager of the MCP endpoint: what happens if it cannot start."""

import asyncio
import json
from uuid import uuid4

import pytest
from anyio.from_thread import start_blocking_portal

from finley.mcp import build_session_manager
from finley.mcp.session_manager import Sessions

PING = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "ping"})
HEADERS = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
}


def test_a_manager_that_could_not_start_is_started_anew(monkeypatch, rf):
    request = rf.post("/mcp", PING, content_type="application/json", headers=HEADERS)
    sessions, build = Sessions(), build_session_manager.build
    failures = [RuntimeError("no descriptors left")]

    def fails_once():
        if failures:
            raise failures.pop()
        return build()

    monkeypatch.setattr(build_session_manager, "build", fails_once)
    with start_blocking_portal() as portal:
        sessions.open(portal.call(_loop))
        with pytest.raises(RuntimeError, match="no descriptors left"):
            sessions.answer(request, uuid4())
        assert sessions.answer(request, uuid4()).status_code == 200
        portal.call(sessions.close)


async def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()
