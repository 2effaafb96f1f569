from django.apps import AppConfig
from django.conf import settings
from django.utils.module_loading import import_string


class FinleyConfig(AppConfig):
    name = "finley"

    def ready(self) -> None:
        """Import the tracing module only if a collector is configured."""
        if settings.TRACED:
            import_string("finley.observability.tracing.begin")()
