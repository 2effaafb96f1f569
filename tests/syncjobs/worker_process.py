"""python -m tests.syncjobs.worker_process DATABASE QUEUE: a test's worker, as a process."""

import argparse
import logging

import django


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("database")
    parser.add_argument("queue")
    parser.add_argument("--burst", action="store_true")
    parser.add_argument("--no-housekeeping", action="store_true")
    parser.add_argument("--raising", choices=["on_job_start", "on_job_end", "after_job_end"])
    parser.add_argument("--max-jobs", type=int, default=10)
    parser.add_argument("--stop-wait", type=int, default=1)
    parser.add_argument("--metrics-port", type=int)
    given = parser.parse_args()
    django.setup()
    logging.getLogger().setLevel("INFO")
    from django.db import connections  # noqa: PLC0415 - after setup

    for alias in connections:
        connections[alias].settings_dict["NAME"] = given.database
    from syncjobs import metrics, queue, worker  # noqa: PLC0415
    from tests.syncjobs import probes  # noqa: PLC0415

    queue.NAME = given.queue
    if given.metrics_port:
        metrics.serve(given.metrics_port)
    hooks = {given.raising: raising} if given.raising else {}
    made = worker.make(
        burst=given.burst,
        functions=[probes.probe, probes.raw_probe],
        housekeeping=not given.no_housekeeping,
        max_jobs=given.max_jobs,
        job_completion_wait=given.stop_wait,
        poll_delay=0.05,
        **hooks,
    )
    made.run()


async def raising(ctx: dict[str, object]) -> None:
    raise RuntimeError("a hook that raises")


if __name__ == "__main__":
    main()
