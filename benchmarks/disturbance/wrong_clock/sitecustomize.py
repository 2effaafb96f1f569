"""Makes the clock of a process wrong. Python imports this module at its start, if its folder is in
PYTHONPATH.

The clock steps by CLOCK_STEP seconds once the process has run for CLOCK_STEPS_AFTER seconds. Only
`time.time` and `time.time_ns` step, by which arq schedules jobs.
"""

import os
import time

STEP = float(os.environ.get("CLOCK_STEP", "0"))
BEGIN = time.monotonic() + float(os.environ.get("CLOCK_STEPS_AFTER", "0"))
_time, _time_ns = time.time, time.time_ns


def _offset() -> float:
    return STEP if time.monotonic() >= BEGIN else 0.0


if STEP:
    time.time = lambda: _time() + _offset()
    time.time_ns = lambda: _time_ns() + int(_offset() * 1e9)
