"""Starts Python programs as children of a test, quickly: forked by a process that has imported the
libraries."""

import atexit
import ctypes
import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
PR_SET_CHILD_SUBREAPER = 36
AT_START = {"LANG", "LANGUAGE", "TZ", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"}


@dataclass(frozen=True, slots=True)
class Server:
    """The fork server: the socket for requests to it, and the values of the environment variables
    that it read at its start."""

    connection: socket.socket
    read_at_start: dict[str, str]


class Child(subprocess.Popen[str]):
    """A replacement of Popen([sys.executable, …]) that is forked by tests.fork_server. The process
    is a child of this process, too.

    It is a plain, slower Popen where a fork would differ: outside of Linux, with other options of
    the interpreter than -m, and if an environment variable that Python and its libraries read at
    their start is not the fork server's. Of Popen's options it takes the pipes, `cwd`, `env`,
    `pass_fds` and `start_new_session`.
    """

    def _execute_child(self, *given: Any) -> None:
        args, _, _, _, pass_fds, cwd, env, *others = given
        python, *arguments = map(str, args)
        assert python == sys.executable
        environment = dict(os.environ if env is None else env)
        if sys.platform != "linux" or starts_cold(arguments, environment):
            super()._execute_child(*given)
            return
        pipes = others[3:9]  # of stdin, stdout and stderr, each with its end here
        own = [pipes[0], pipes[3], pipes[5]]
        files = {number: number if own[number] == -1 else own[number] for number in range(3)}
        files |= {number: number for number in pass_fds}
        self.pid = _forked(
            {
                "arguments": arguments,
                "folder": str(cwd or Path.cwd()),
                "environment": environment,
                "session": others[-2],
                "descriptors": list(files),
            },
            list(files.values()),
        )
        self._child_created = True
        self._close_pipe_fds(*pipes)


def run(*arguments: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end. Return its exit status and its captured output."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Child([sys.executable, *arguments], text=True, **pipes, **options) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def starts_cold(arguments: list[str], environment: dict[str, str]) -> bool:
    """Return whether a fork of the server would differ from a fresh process with these
    arguments."""
    has_options = arguments[0].startswith("-") and arguments[0] != "-m"
    return has_options or _read_at_start(environment) != _server().read_at_start


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that Python and its libraries read only at their start."""
    return {
        name: value
        for name, value in environment.items()
        if name in AT_START or (name.startswith(("PYTHON", "LC_")) and name != "PYTHONUNBUFFERED")
    }


def _forked(request: dict[str, Any], descriptors: list[int]) -> int:
    """Let the fork server fork a child that does `request` with these file descriptors. Return the
    child's pid.

    It becomes this process's child, because its parent ends and this process adopts orphans.
    """
    server, adopt = _server().connection, ctypes.CDLL(None).prctl
    adopt(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        socket.send_fds(server, [json.dumps(request).encode()], descriptors)
        answer = server.recv(20)
    finally:
        adopt(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    assert answer, "the fork server has ended"
    return int(answer)


@cache
def _server() -> Server:
    """The running fork server. It is started if there is none, and ends with this process, which
    has the only other end of its socket."""
    environment = dict(os.environ)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())],
            cwd=PROJECT,
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    atexit.register(_end, process, ours)
    return Server(ours, _read_at_start(environment))


def _end(process: "subprocess.Popen[bytes]", connection: socket.socket) -> None:
    connection.close()
    process.wait()
