"""The configuration of the Django app syncjobs. It enqueues accepted questions."""

from typing import Any

from django.apps import AppConfig
from django.utils.module_loading import import_string


class SyncjobsConfig(AppConfig):
    name = "syncjobs"
    verbose_name = "Sync jobs"

    def ready(self) -> None:
        from graph.questions.heavy.deferred import accepted  # noqa: PLC0415

        accepted.connect(enqueue_question)


def enqueue_question(question: Any, **_: Any) -> None:
    """Enqueue an accepted question for a worker. The code that does this is imported only now,
    because Redis' client loads slowly."""
    import_string("syncjobs.questions.enqueue_questions.enqueue")(question)
