"""`manage.py worker`: run background jobs until told to stop."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from syncjobs import metrics, worker


class Command(BaseCommand):
    help = (
        "Run syncs from Redis, answer heavy questions (each in a process of its own) and run "
        "periodic tasks (recover lost runs, start scheduled syncs, refresh the view, delete old "
        "rows), until SIGTERM or Ctrl-C. Jobs that then still run are requeued. While Redis or "
        "PostgreSQL is not available, the worker waits."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--burst", action="store_true", help="end when the queue is empty")
        parser.add_argument(
            "--metrics-port", type=int, metavar="PORT", help="serve Prometheus on this port"
        )
        parser.add_argument(
            "--metrics-address",
            default="127.0.0.1",
            metavar="ADDRESS",
            help="address for the metrics (%(default)s), without authentication",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if port := options["metrics_port"]:
            try:
                metrics.serve(port, options["metrics_address"])
            except OSError as error:
                raise CommandError(f"Port {port} cannot be used: {error.strerror}.") from None
        worker.make(burst=options["burst"]).run()
