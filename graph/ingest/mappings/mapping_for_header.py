"""Finds the saved mapping for a file's columns."""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from pathlib import Path

from graph.ingest.guessing import header
from graph.ingest.guessing.guess import guess, layout_of
from graph.ingest.guessing.party_columns import account_above
from graph.ingest.mappings import from_toml
from graph.ingest.mappings.column_names import canonical
from graph.ingest.mappings.mapping import Mapping

_COLUMN_OPTIONS = frozenset({"--date", "--amount", "--payee"})


@dataclass(frozen=True, slots=True)
class Saved:
    """A mapping that a tenant saved: its name and its TOML."""

    name: str
    toml: str


def layout_at(path: Path, by: Mapping) -> str:
    """Return the key of the file's column layout (guess.layout_of), wherever its header is.

    Returns "" for a file without a header whose rows do not identify the columns that the mapping
    reads. Raises GuessError.
    """
    place = header.found(path)
    return layout_of(canonical(place.shape.header, {})) if _is_for(by, path, place) else ""


def find(path: Path, saved: Dictionary[str, Saved]) -> Mapping | None:
    """Return the saved mapping that fits the file's columns, or None. Raises MappingError.

    `saved` has mappings by the key of their layout.
    """
    if not saved:
        return None
    try:
        place = header.found(path)
    except header.GuessError:
        return None
    row = saved.get(layout_of(canonical(place.shape.header, {})))
    if row is None:
        return None
    mapping = from_toml.loads(f"the saved mapping {row.name!r}", row.toml)
    if not _is_for(mapping, path, place):
        return None
    mapping = _in_notation(mapping, path, place)
    mapping = replace(mapping, file=replace(mapping.file, header_line=place.shape.line))
    return _of_account(mapping, account_above(place.above))


def _in_notation(by: Mapping, path: Path, place: header.HeaderPlace) -> Mapping:
    """Return the mapping, adapted if the file has another delimiter.

    A program of another country may have written such a file, so its amounts are read in the
    notation that its rows show.
    """
    if by.file.delimiter in {"auto", place.shape.delimiter}:
        return by
    own = guess(path).amount
    return replace(
        by,
        file=replace(by.file, delimiter=place.shape.delimiter),
        amount=replace(by.amount, decimal=own.decimal, thousands=own.thousands),
    )


def _is_for(by: Mapping, path: Path, place: header.HeaderPlace) -> bool:
    """Return whether the mapping may read the file.

    It may if the file has a header, or if its rows alone show the columns that the mapping reads.
    """
    if place.shape.line:
        return True
    try:
        own = guess(path)
    except header.GuessError:
        return False
    open_options = {doubt.option for doubt in own.doubts if doubt.blocking}
    return not open_options & _COLUMN_OPTIONS and _columns(own) == _columns(by)


def _columns(by: Mapping) -> tuple[str | None, ...]:
    return by.date.column, by.amount.column, by.payer.name, by.payee.name


def _of_account(saved: Mapping, account: str) -> Mapping:
    """Return the mapping, adapted to the account that this file states above its header."""
    known = saved.key.account
    if not known or not account or account == known:
        return saved
    payer, payee = (
        replace(party, default=account) if party.default == known else party
        for party in (saved.payer, saved.payee)
    )
    return replace(saved, key=replace(saved.key, account=account), payer=payer, payee=payee)
