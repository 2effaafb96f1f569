"""Mappings that a tenant saved. finley reads the next file with the same columns by them."""

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
    """Return all of the tenant's saved mappings, by the key of their column layout."""
    with tenant_transaction(user_id):
        rows = SavedMapping.objects.filter(user_id=user_id).values_list("layout", "name", "toml")
        return {layout: Saved(name, toml) for layout, name, toml in rows}


def find(user_id: UUID, path: Path) -> Mapping | None:
    """Return the tenant's mapping for the file's columns, wherever the header is; None if there is
    none."""
    return mapping_for_header.find(path, of_tenant(user_id))


def save(user_id: UUID, path: Path, by: Mapping) -> str:
    """Save the mapping for files with these columns, and return the key of this column layout.

    The mapping replaces an earlier one for the same layout. If the file has no header and its rows
    do not identify the mapping's columns, nothing is saved and "" is returned: the mapping could
    misread another file without a header.
    """
    layout = mapping_for_header.layout_at(path, by)
    if not layout:
        return ""
    with tenant_transaction(user_id):
        SavedMapping.objects.update_or_create(
            user_id=user_id, layout=layout, defaults={"name": by.name, "toml": as_toml(by)}
        )
    return layout
