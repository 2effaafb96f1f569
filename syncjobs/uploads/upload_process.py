"""`python -m syncjobs.uploads.upload_process`: reads one upload, named on standard input.

The process has a low priority. It ends at its time limit, and when its worker ends. An unfinished
import is then rolled back.
"""

import json
import signal
import sys
from typing import Any
from uuid import UUID

import django

from syncjobs.questions.question_process import end_with, step_back


def main() -> None:
    task = json.load(sys.stdin)
    signal.alarm(task["seconds"])
    end_with(task["parent"])
    step_back()
    django.setup()
    _run(task)


def _run(task: dict[str, Any]) -> None:
    from django.db import connections  # noqa: PLC0415 - after setup

    from syncjobs.uploads import upload_job  # noqa: PLC0415

    for alias, name in task["databases"].items():  # tests use other database names
        connections[alias].settings_dict["NAME"] = name
    upload_job.run(UUID(task["user_id"]), UUID(task["upload_id"]))


if __name__ == "__main__":
    main()
