"""`python -m tests.syncjobs.worker_process DATABASE QUEUE`: a worker for a test, in its own
process."""

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
    options = parser.parse_args()
    django.setup()
    logging.getLogger().setLevel("INFO")
    from django.db import connections  # noqa: PLC0415 - after setup

    for alias in connections:
        connections[alias].settings_dict["NAME"] = options.database
    from syncjobs import metrics, queue, worker  # noqa: PLC0415
    from tests.syncjobs import probes  # noqa: PLC0415

    queue.NAME = options.queue
    if options.metrics_port:
        metrics.serve(options.metrics_port)
    hooks = {options.raising: raising} if options.raising else {}
    process = worker.make(
        burst=options.burst,
        functions=[probes.probe, probes.raw_probe],
        housekeeping=not options.no_housekeeping,
        max_jobs=options.max_jobs,
        job_completion_wait=options.stop_wait,
        poll_delay=0.05,
        **hooks,
    )
    process.run()


async def raising(ctx: dict[str, object]) -> None:
    raise RuntimeError("a hook that raises")


if __name__ == "__main__":
    main()
