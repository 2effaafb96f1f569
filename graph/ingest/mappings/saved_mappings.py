"""Mappings that a tenant saved; the next file with the same columns is read with them."""

from pathlib import Path
from uuid import UUID

from graph.database.tenancy import tenant_transaction
from graph.ingest.guessing.as_toml import as_toml
from graph.ingest.mappings import mapping_for_header
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.mappings.mapping_for_header import Saved
from graph.models import SavedMapping

NOT_SAVED = (
    "the mapping is not saved: the file has no header, and its rows do not show which columns are "
    "the date, the amount and the other side"
)


def of_tenant(user_id: UUID) -> dict[str, Saved]:
    """All of the tenant's, by the layout of the columns that they are for."""
    with tenant_transaction(user_id):
        rows = SavedMapping.objects.filter(user_id=user_id).values_list("layout", "name", "toml")
        return {layout: Saved(name, toml) for layout, name, toml in rows}


def find(user_id: UUID, path: Path) -> Mapping | None:
    """The tenant's mapping for the file's columns, wherever its header stands."""
    return mapping_for_header.find(path, of_tenant(user_id))


def save(user_id: UUID, path: Path, by: Mapping) -> str:
    """Keep the mapping for files with these columns, in place of an earlier one. Its layout.

    Nothing is kept, and "" returned, for a file without a header whose rows alone do not show the
    mapping's columns: another such file could be read wrongly by it.
    """
    layout = mapping_for_header.layout_at(path, by)
    if not layout:
        return ""
    with tenant_transaction(user_id):
        SavedMapping.objects.update_or_create(
            user_id=user_id, layout=layout, defaults={"name": by.name, "toml": as_toml(by)}
        )
    return layout
