"""Runs finley with uvicorn in processes of their own, for measurements over HTTP."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from django.db import connections

from benchmarks import isolated_servers

SERVE = ("manage.py", "serve", "--log-level", "warning", "--fd")
ROLES = {"DATABASE_URL": "finley_app", "DATABASE_OWNER_URL": "finley_owner"}


@dataclass(frozen=True, slots=True)
class Server:
    """The server's address, and its processes."""

    port: int
    pids: list[int]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(
    environment: Mapping[str, str], *, processes: int = 1, program: Sequence[str] = SERVE
) -> Iterator[Server]:
    """Run this many server processes with one address until the block ends.

    `program` takes the number of the listening socket's file descriptor as its last argument.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        _, port = listening.getsockname()
        number = str(listening.fileno())
        running = [
            subprocess.Popen(
                [sys.executable, *program, number],
                cwd=isolated_servers.PROJECT,
                env={**os.environ, **environment},
                pass_fds=[listening.fileno()],
            )
            for _ in range(processes)
        ]
    try:
        server = Server(port, [process.pid for process in running])
        _until_alive(server.address)
        yield server
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(20)


def database(*, through: str = "", port: int = 5432) -> dict[str, str]:
    """The environment with which a server uses this process's database, with an address for each
    role.

    `through` is the folder of a pooler's socket, for the application's role.
    """
    server = connections["owner"].get_connection_params()
    addresses = {}
    for name, role in ROLES.items():
        pooled = through and role == "finley_app"
        host, at = (through, port) if pooled else (server["host"], 5432)
        addresses[name] = f"postgresql:///{server['dbname']}?host={host}&port={at}&user={role}"
    return addresses


def _until_alive(address: str) -> None:
    for _ in range(100):
        try:
            httpx.get(f"{address}/healthz", timeout=5)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    sys.exit("The server did not start.")
