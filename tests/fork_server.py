"""`python -m tests.fork_server FD`: imports the libraries once, and forks for each child of a test.

The child imports finley itself and its settings, and runs as a process of its own. It behaves like
a fresh process, but needs 1 to 2 s less of processor time.

A test of what only a fresh process does needs a plain subprocess.Popen. A fork does not show:
- how long the start takes, and how much memory the process needs;
- an import of LIBRARIES that is missing or fails, is slow, or depends on settings or on order;
- what the interpreter and libraries read once, as they start: PYTHONHASHSEED, PYTHONUTF8,
  PYTHONWARNINGS, PYTHONDEVMODE, LANG (with another value of these tests.child_process starts a
  fresh process), sys.flags, -X and -W;
- seeds that differ between processes: hashes of texts and the state of `random` and numpy.random
  are the same in all children.
"""

import fcntl
import gc
import importlib
import json
import os
import runpy
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

# What finley imports, as far as it can be imported without settings.
LIBRARIES = (
    "adbc_driver_manager",
    "arq.worker",
    "cachetools",
    "django.contrib.postgres.aggregates",
    "django.contrib.postgres.fields",
    "django.contrib.staticfiles.finders",
    "django.core.handlers.asgi",
    "django.core.management",
    "django.db.backends.postgresql.base",
    "django.db.migrations.executor",
    "django.forms",
    "django.template.defaulttags",
    "django.template.loader",
    "django.test.client",
    "django.views.generic",
    "httpx",
    "inflection",
    "jinja2.environment",
    "jsonschema",
    "lxml.etree",
    "markdown",
    "networkx",
    "numpy",
    "opentelemetry.trace",
    "prometheus_client",
    "psycopg_pool",
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.parquet",
    "pygments.formatters",
    "rapidfuzz",
    "redis.asyncio",
    "requests",
    "rustworkx",
    "scipy.optimize",
    "scipy.sparse.csgraph",
    "scipy.spatial",
    "scipy.special",
    "tomllib",
    "tqdm",
    "unittest.mock",
    "uvicorn.protocols.http.h11_impl",
    "whitenoise.middleware",
    "xlsxwriter",
    "xml.dom.minidom",
    "yaml",
)
ABOVE_ALL_TARGETS = 512  # file descriptors


def main(descriptor: int) -> None:
    """Fork for each request until the test process ends. A child then runs its program."""
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.collect()
    gc.freeze()  # a child's collections pass over the libraries: a fifth of its start
    with socket.socket(fileno=descriptor) as connection:
        request = _next_child(connection)
    if request is not None:
        _run(request)


def _next_child(connection: socket.socket) -> dict[str, Any] | None:
    """Wait for requests and fork for each. In a child, return its request; in this process, return
    None at the end."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, 2**20, 64)
        if not message:
            return None
        request: dict[str, Any] = json.loads(message)
        reading, writing = os.pipe()
        between = _fork()
        if not between:
            if child := _fork():  # it ends at once, so that the test process becomes the parent
                os.write(writing, str(child).encode())
                os._exit(0)
            os.close(reading)
            os.close(writing)
            connection.close()  # before its number may be that of a file which the child takes
            _take(descriptors, request["descriptors"])
            return request
        os.waitpid(between, 0)
        connection.send(os.read(reading, 20))
        for number in (reading, writing, *descriptors):
            os.close(number)


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # OpenBLAS ends its threads before
        return os.fork()


def _take(descriptors: list[int], targets: list[int]) -> None:
    """Give the child's files the numbers that it expects."""
    aside = [fcntl.fcntl(number, fcntl.F_DUPFD, ABOVE_ALL_TARGETS) for number in descriptors]
    for number in descriptors:
        os.close(number)
    for number, target in zip(aside, targets, strict=True):
        os.dup2(number, target)
        os.close(number)


def _run(request: dict[str, Any]) -> None:
    """Run what `python *arguments` would run."""
    if request["session"]:
        os.setsid()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = _output(1, unbuffered=unbuffered)
    sys.stderr = _output(2, unbuffered=True, errors="backslashreplace")
    first, *arguments = request["arguments"]
    if first == "-m":
        sys.path[0] = request["folder"]
        sys.argv = arguments
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(first).resolve().parent)
        sys.argv = [first, *arguments]
        runpy.run_path(first, run_name="__main__")


def _output(number: int, *, unbuffered: bool, errors: str = "strict") -> Any:
    terminal = os.isatty(number)
    stream = open(number, "w", errors=errors, closefd=False)  # noqa: SIM115
    stream.reconfigure(line_buffering=terminal or unbuffered, write_through=unbuffered)
    return stream


if __name__ == "__main__":
    main(int(sys.argv[1]))
