from django.apps import AppConfig


class SyncjobsConfig(AppConfig):
    name = "syncjobs"
    verbose_name = "Sync jobs"

    def ready(self) -> None:
        from syncjobs.questions import enqueue_questions  # noqa: F401, PLC0415
