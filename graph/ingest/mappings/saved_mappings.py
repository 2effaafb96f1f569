"""Mappings that a tenant saved; the next file with the same columns is read with them."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID

from graph.database.tenancy import tenant_transaction
from graph.ingest.file_parts import Format, format_of
from graph.ingest.guessing import header
from graph.ingest.guessing.as_toml import as_toml
from graph.ingest.guessing.choices import NONE, Choices
from graph.ingest.guessing.guess import layout_of
from graph.ingest.guessing.parties import account_above
from graph.ingest.mappings import from_toml
from graph.ingest.mappings.column_names import canonical
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.readers import registry
from graph.models import SavedMapping


def format_for(user_id: UUID, path: Path, choices: Choices = NONE) -> Format:
    """The mapping that the tenant saved for files with these columns, else as `format_of`.

    Decisions for this file (`choices`) override a saved mapping. Raises LedgerError.
    """
    if (
        choices == NONE
        and registry.recognise(path) is None
        and (own_mapping := find(user_id, path))
    ):
        return own_mapping
    return format_of(path, choices)


def find(user_id: UUID, path: Path) -> Mapping | None:
    """The tenant's mapping for the file's columns, wherever its header stands."""
    try:
        place = header.found(path)
    except header.GuessError:
        return None
    layout = layout_of(canonical(place.shape.header, {}))
    with tenant_transaction(user_id):
        row = SavedMapping.objects.filter(user_id=user_id, layout=layout).first()
    if row is None:
        return None
    mapping = from_toml.loads(f"the saved mapping {row.name!r}", row.toml)
    mapping = replace(mapping, file=replace(mapping.file, header_line=place.shape.line))
    return _of_account(mapping, account_above(place.above))


def _of_account(mapping: Mapping, account: str) -> Mapping:
    """For another account's file, where the account stands above the header."""
    own_account = mapping.key.account
    if not own_account or not account or account == own_account:
        return mapping
    payer, payee = (
        replace(party, default=account) if party.default == own_account else party
        for party in (mapping.payer, mapping.payee)
    )
    return replace(mapping, key=replace(mapping.key, account=account), payer=payer, payee=payee)


def save(user_id: UUID, path: Path, by: Mapping) -> str:
    """Save the mapping for files with these columns, in place of an earlier one. Returns the
    layout."""
    layout = layout_of(canonical(header.found(path).shape.header, {}))
    with tenant_transaction(user_id):
        SavedMapping.objects.update_or_create(
            user_id=user_id, layout=layout, defaults={"name": by.name, "toml": as_toml(by)}
        )
    return layout
