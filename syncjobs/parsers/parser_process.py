"""`python -m syncjobs.parsers.parser_process`: a parser, which reads one task after another from
stdin.

A request is {"task", "arguments", "seconds"}, and its answer {"value"} or {"error"}. If the answer
has a true `last`, the process ends after it. The kernel ends the process above its limit of
processor time; above its memory limit Python raises MemoryError. The process ends with its worker.
"""

import ctypes
import importlib
import json
import os
import resource
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from graph.engine.lazy_imports import pypdf
from graph.errors import GraphError
from syncjobs.parsers import frames
from syncjobs.parsers.parser_tasks import TASKS

PR_SET_PDEATHSIG = 1
MOST_TASKS = 2_000  # tasks; a fresh process then takes over
MOST_RESIDENT_KB = 262_144
MIB = 1024 * 1024


def main() -> None:
    parent, memory_mb, file_mb = map(int, sys.argv[1:4])
    settings.configure(HOME_CURRENCY=sys.argv[4])  # all that parsing asks the settings for
    _end_with(parent)
    _step_back()
    _load()
    _limit(memory_mb, file_mb)
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not write into the answers
    for number in range(MOST_TASKS):
        request = _received(requests)
        if request is None:
            return
        answer = _answered(request)
        worn = _peak_resident_kb() > MOST_RESIDENT_KB
        answer["last"] = bool(answer.get("last")) or worn or number == MOST_TASKS - 1
        answers.write(frames.frame(answer))
        answers.flush()
        if answer["last"]:
            return


def _peak_resident_kb() -> int:
    """This program's own peak memory in kB.

    `ru_maxrss` would be wrong on Linux: it begins at the peak of the worker that started the
    process (getrusage(2): exec keeps it). A large worker's parsers would each end after one task.
    """
    with suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _received(requests: IO[bytes]) -> Any:
    head = requests.read(frames.HEAD.size)
    if len(head) < frames.HEAD.size:
        return None
    return json.loads(requests.read(*frames.HEAD.unpack(head)))


def _answered(request: dict[str, Any]) -> dict[str, Any]:
    """The response to a request. An exception of the task becomes an error response, because it is
    the fault of the item and not of the sync."""
    _limit_time(float(request["seconds"]))
    try:
        return {"value": TASKS[request["task"]](**request["arguments"])}
    except GraphError as error:
        return {"error": str(error)}
    except RecursionError:
        return {"error": "It is nested too deeply to be read."}
    except MemoryError:
        return {"error": "Reading it takes more memory than is allowed.", "last": True}
    except Exception as error:  # noqa: BLE001 - told to the worker, which records it
        return {"failure": f"It cannot be read ({type(error).__name__}: {str(error)[:300]})."}


def _limit_time(seconds: float) -> None:
    """Limit the processor time from now on. The kernel ends the process above the limit."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _load() -> None:
    """Import large modules that tasks need before the memory is limited, so that the modules do not
    count towards the limit."""
    importlib.import_module("scipy.optimize")
    pypdf()


def _limit(memory_mb: int, file_mb: int) -> None:
    """Limit the memory beyond the present use, the size of a written file and the number of open
    files. Turn off core files."""
    now = 0
    with suppress(OSError):
        now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    with suppress(ValueError, OSError):
        most = now + memory_mb * MIB
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_mb * MIB, file_mb * MIB))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def _end_with(parent: int) -> None:
    """End the process with its parent: by the kernel on Linux, elsewhere when its standard input
    ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the worker handles Ctrl-C
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before the line above
        os._exit(1)


def _step_back() -> None:
    """Lower the process's priority, and let the kernel end it before its worker if memory runs
    out."""
    with suppress(OSError):
        os.nice(5)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


if __name__ == "__main__":
    main()
