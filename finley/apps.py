from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import import_string


class FinleyConfig(AppConfig):
    name = "finley"

    def ready(self) -> None:
        """Tracing is not even loaded where nobody is told."""
        if settings.TRACED:
            import_string("finley.observability.tracing.begin")()
