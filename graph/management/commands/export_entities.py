"""`manage.py export_entities`: a tenant's entities as a file, with all spellings."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

from graph.export import arrow_pages
from graph.export.arrow_pages import Export
from graph.management.commands import export_relationships


class Command(export_relationships.Command):
    help = (
        "Export a tenant's entities: id, kind, name, identity, strong keys, number of events, and "
        "the spellings in these events. In CSV, text that a spreadsheet might run as a formula "
        "gets a leading apostrophe."
    )
    what = "entities"
    export: Callable[[UUID], AbstractContextManager[Export]] = staticmethod(arrow_pages.entities)
