"""The Django app of the graph. It connects system checks, grants and triggers to migrate."""

from django.apps import AppConfig


class GraphConfig(AppConfig):
    name = "graph"

    def ready(self) -> None:
        from graph import system_checks  # noqa: F401, PLC0415
        from graph.database import grants  # noqa: F401, PLC0415
        from graph.view import triggers  # noqa: F401, PLC0415

        # After the two above: it needs the policies, and grants what it creates itself.
        from graph.history import row_triggers  # noqa: F401, PLC0415  isort: skip
