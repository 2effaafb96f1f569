"""`manage.py worker`: run background jobs until told to stop."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from syncjobs import worker


class Command(BaseCommand):
    help = (
        "Run background jobs from Redis until SIGTERM or Ctrl-C. The view is refreshed at the "
        "start and every five minutes."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--burst", action="store_true", help="end when the queue is empty")

    def handle(self, *args: Any, **options: Any) -> None:
        worker.make(burst=options["burst"]).run()
