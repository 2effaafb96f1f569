"""Python programs as children of a test, forked by a process that has imported the libraries."""

import atexit
import ctypes
import json
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
PR_SET_CHILD_SUBREAPER = 36


class Child(subprocess.Popen[str]):
    """Popen([sys.executable, …]), forked by tests.fork_server; a child of this process, too.

    Elsewhere than on Linux the plain Popen, which differs only in that it takes longer.
    """

    def _execute_child(self, *given: Any) -> None:
        if sys.platform != "linux":
            super()._execute_child(*given)
            return
        args, _, _, _, pass_fds, cwd, env, *others = given
        python, *arguments = map(str, args)
        assert python == sys.executable
        pipes = others[3:9]  # of stdin, stdout and stderr, each with its end here
        own = [pipes[0], pipes[3], pipes[5]]
        files = {number: number if own[number] == -1 else own[number] for number in range(3)}
        files |= {number: number for number in pass_fds}
        self.pid = _forked(
            {
                "arguments": arguments,
                "folder": str(cwd or Path.cwd()),
                "environment": dict(os.environ if env is None else env),
                "session": others[-2],
                "descriptors": list(files),
            },
            list(files.values()),
        )
        self._child_created = True
        self._close_pipe_fds(*pipes)


def run(*arguments: object, **options: Any) -> "subprocess.CompletedProcess[str]":
    """A program to its end, its output captured."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Child([sys.executable, *arguments], text=True, **pipes, **options) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _forked(request: dict[str, Any], descriptors: list[int]) -> int:
    """The child's pid. It is this process's child, for its parent ends while this one adopts."""
    server, adopt = _server(), ctypes.CDLL(None).prctl
    adopt(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        socket.send_fds(server, [json.dumps(request).encode()], descriptors)
        answer = server.recv(20)
    finally:
        adopt(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    assert answer, "the fork server has ended"
    return int(answer)


@cache
def _server() -> socket.socket:
    """It ends with this process, whose end of the socket nobody else has."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", str(theirs.fileno())],
            cwd=PROJECT,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    atexit.register(_end, process, ours)
    return ours


def _end(process: "subprocess.Popen[bytes]", connection: socket.socket) -> None:
    connection.close()
    process.wait()
