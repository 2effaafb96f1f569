from django.apps import AppConfig


class GraphConfig(AppConfig):
    name = "graph"

    def ready(self) -> None:
        from graph import capture, checks, grants  # noqa: F401, PLC0415
