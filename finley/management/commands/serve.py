"""`manage.py serve`: serve the API, the admin and the docs page with uvicorn."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from finley.server import uvicorn


class Command(BaseCommand):
    help = (
        "Serve the API, the admin and the docs page with uvicorn until SIGTERM or Ctrl-C. Slow "
        "clients are disconnected after timeouts, see docs/settings.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="%(default)s")
        parser.add_argument("--port", type=int, default=8000, help="%(default)s")
        parser.add_argument("--fd", type=int, help="file descriptor of an open listening socket")
        parser.add_argument("--workers", type=int, default=1, help="processes (%(default)s)")
        parser.add_argument(
            "--log-level",
            default="info",
            choices=["critical", "error", "warning", "info", "debug"],
            help="level of uvicorn's own log (%(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("host", "port", "fd", "workers", "log_level")
        uvicorn.serve(**{name: options[name] for name in names})
