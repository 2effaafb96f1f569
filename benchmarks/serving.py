"""finley by uvicorn, for those who ask it from outside."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from benchmarks import apart


@contextmanager
def served(environment: Mapping[str, str], *, processes: int = 1) -> Iterator[str]:
    """Its address, until the end; so many server processes share it."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listening:
        address = "http://127.0.0.1:{1}".format(*listening.getsockname())
        number = str(listening.fileno())
        command = [sys.executable, "manage.py", "serve", "--fd", number]
        running = [
            subprocess.Popen(
                [*command, "--log-level", "warning"],
                cwd=apart.PROJECT,
                env={**os.environ, **environment},
                pass_fds=[listening.fileno()],
            )
            for _ in range(processes)
        ]
    try:
        _until_alive(address)
        yield address
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(20)


def _until_alive(address: str) -> None:
    for _ in range(100):
        try:
            httpx.get(f"{address}/healthz", timeout=5)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    sys.exit("The server did not start.")
