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
    """The key of the column layout, wherever the header stands (guess.layout_of). Raises
    GuessError.

    Without a header only the number of columns is known. The key is "" if the rows alone do not
    identify the columns that the mapping reads.
    """
    place = header.found(path)
    return layout_of(canonical(place.shape.header, {})) if _is_for(by, path, place) else ""


def find(path: Path, saved: Dictionary[str, Saved]) -> Mapping | None:
    """The mapping among `saved` (by layout) that fits the file's columns, or None. Raises
    MappingError."""
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
    """For a file with another delimiter, which a program of another country may have written: its
    amounts are then in that file's notation."""
    if by.file.delimiter in {"auto", place.shape.delimiter}:
        return by
    own = guess(path).amount
    return replace(
        by,
        file=replace(by.file, delimiter=place.shape.delimiter),
        amount=replace(by.amount, decimal=own.decimal, thousands=own.thousands),
    )


def _is_for(by: Mapping, path: Path, place: header.HeaderPlace) -> bool:
    """Return whether the file has a header, or its rows alone identify the columns that the mapping
    reads."""
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
    """The mapping, adapted to the account that another file states above its header."""
    known = saved.key.account
    if not known or not account or account == known:
        return saved
    payer, payee = (
        replace(party, default=account) if party.default == known else party
        for party in (saved.payer, saved.payee)
    )
    return replace(saved, key=replace(saved.key, account=account), payer=payer, payee=payee)
