"""`python -m syncjobs.questions.question_process`: computes the answer to one question from stdin.

It prints JSON: the answer, or why there is none. The process has a low priority. It ends at its
time limit, and when its worker ends.
"""

import ctypes
import gc
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import django

PR_SET_PDEATHSIG = 1
LATE = 0.5  # seconds after the limit in which the process may report the timeout itself


def main() -> None:
    task = json.load(sys.stdin)
    signal.alarm(task["at_most"])  # the kernel's alarm also ends compiled code
    end_with(task["parent"])
    step_back()
    gc.disable()  # nothing is garbage while modules load: a tenth of the start
    django.setup()
    print(json.dumps(_answered(task)))  # noqa: T201 - the worker reads it


def end_with(parent: int) -> None:
    """End the process with its parent. On Linux the kernel does this; elsewhere an orphan runs
    until its limit."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before the line above
        os._exit(1)


def step_back() -> None:
    """Lower the process's priority, and let the kernel end it first if memory runs out."""
    with suppress(OSError):
        os.nice(10)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _answered(task: dict[str, Any]) -> dict[str, str]:
    from django.db import connections  # noqa: PLC0415 - after setup
    from rest_framework.exceptions import ValidationError  # noqa: PLC0415

    from graph.api import computations  # noqa: PLC0415
    from graph.api.errors import timed_out  # noqa: PLC0415
    from graph.errors import GraphError, TookTooLong  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    for alias, name in task["databases"].items():  # tests use other database names
        connections[alias].settings_dict["NAME"] = name
    arguments = task["question"], UUID(task["user_id"]), task["parameters"], task["seconds"]
    signal.setitimer(signal.ITIMER_REAL, task["seconds"] + LATE)
    try:
        return {"answer": computations.answer(*arguments)}
    except TookTooLong:
        return {"failure": "too_long", "error": ""}
    except (GraphError, ValidationError) as error:
        return {"failure": "refused", "error": str(error)}
    except Exception as error:
        if timed_out(error):
            return {"failure": "too_long", "error": ""}
        raise


if __name__ == "__main__":
    main()
