"""python -m syncjobs.questions.process: one answer, from a question on standard input.

It says on standard output, as JSON, the answer or why there is none. It steps back behind other
work, ends at its limit whatever it is doing, and with the worker that started it.
"""

import ctypes
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
LATE = 0.5  # seconds that it gets to say itself that its time is up


def main() -> None:
    asked = json.load(sys.stdin)
    signal.alarm(asked["at_most"])  # the kernel's: it ends compiled code, too
    end_with(asked["parent"])
    step_back()
    django.setup()
    print(json.dumps(_answered(asked)))  # noqa: T201 - what the worker reads


def end_with(parent: int) -> None:
    """On Linux the kernel ends it; elsewhere an orphan lives until its limit."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def step_back() -> None:
    """Others' work goes first; where memory runs out, this process ends and not its worker."""
    with suppress(OSError):
        os.nice(10)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def _answered(asked: dict[str, Any]) -> dict[str, str]:
    from django.db import connections  # noqa: PLC0415 - after setup
    from rest_framework.exceptions import ValidationError  # noqa: PLC0415

    from graph.api import computations  # noqa: PLC0415
    from graph.api.errors import timed_out  # noqa: PLC0415
    from graph.errors import GraphError, TookTooLong  # noqa: PLC0415

    for alias, name in asked["databases"].items():  # a test's have other names
        connections[alias].settings_dict["NAME"] = name
    given = asked["question"], UUID(asked["user_id"]), asked["parameters"], asked["seconds"]
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"] + LATE)
    try:
        return {"answer": computations.answer(*given)}
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
