"""The configuration of the Django app syncjobs. It enqueues accepted questions, and
sends events of imports."""

from typing import Any

from django.apps import AppConfig
from django.utils.module_loading import import_string


class SyncjobsConfig(AppConfig):
    name = "syncjobs"
    verbose_name = "Sync jobs"

    def ready(self) -> None:
        from graph.ingest.signals import file_imported  # noqa: PLC0415
        from graph.questions.heavy.deferred import accepted  # noqa: PLC0415

        accepted.connect(enqueue_question)
        file_imported.connect(publish_import)


def publish_import(user_id: Any, file: str, **_: Any) -> None:
    """Send the event of an imported file. The code is imported only now, as below."""
    import_string("syncjobs.events.publish.imported")(user_id, file)


def enqueue_question(question: Any, **_: Any) -> None:
    """Enqueue an accepted question for a worker. The code that does this is imported only now,
    because Redis' client loads slowly."""
    import_string("syncjobs.questions.enqueue_questions.enqueue")(question)
