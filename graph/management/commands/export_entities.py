"""`manage.py export_entities`: the tenant's parties as a file, with all their spellings."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

from graph.export import pages
from graph.export.pages import Export
from graph.management.commands import export_relationships


class Command(export_relationships.Command):
    help = (
        "Export a tenant's entities: id, kind, name, identity, strong keys, number of events, and "
        "the spellings that those events have. In CSV a text that a spreadsheet might take for a "
        "formula gets an apostrophe before it."
    )
    what = "entities"
    export: Callable[[UUID], AbstractContextManager[Export]] = staticmethod(pages.entities)
