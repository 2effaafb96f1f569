"""Checks the replaced system's tables before any row is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graph.adopting.casts import cast, readable, staged_type
from graph.adopting.old_tables import BOOKS, RELATIONSHIPS, Old, Way, tables
from graph.errors import AdoptError
from graph.layers import Layer

Columns = Mapping[str, str]
POINTED_AT: Way = ("",)  # the relationship's own column refers to the layer's row
NEVER_MADE_UP = frozenset({"id", "user_id"})
OF_WAYS = frozenset({"relationship_id", "original_relationship_id"})


@dataclass(frozen=True)
class Plan:
    """How an old table is read: its columns with their types, and the columns that finley does not
    have."""

    old: Old
    columns: Columns
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class LayerPlan(Plan):
    """How a layer's old table is read. `way` names the columns that say which relationship a row is
    about."""

    layer: Layer
    way: Way

    @property
    def is_direct(self) -> bool:
        """Return whether each row names its relationship by id."""
        return self.way[0] == "relationship_id"


def plans(columns_by_table: Mapping[str, Columns], schema: str) -> list[Plan]:
    """Return one plan per old table that exists. Raises AdoptError, whose message lists all
    problems."""
    if not columns_by_table:
        raise AdoptError(
            f"The schema {schema!r} has no table of the replaced system, such as {BOOKS[0]}. "
            "Name their schema with --schema."
        )
    problems = list(_problems(columns_by_table))
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise AdoptError(
            f"The tables in {schema!r} cannot be read. Create a schema of views that rename and "
            f"cast their columns (docs/adopting.md):\n{listed}"
        )
    return [_plan(old, columns_by_table) for old in tables() if old.name in columns_by_table]


def _plan(old: Old, columns_by_table: Mapping[str, Columns]) -> Plan:
    columns = columns_by_table[old.name]
    read = {*(name for name, _ in old.fields()), *old.pointers()}
    unknown = tuple(name for name in columns if name not in read)
    way = _way(old, columns_by_table)
    if old.layer is None or way is None:
        return Plan(old, columns, unknown)
    return LayerPlan(old, columns, unknown, old.layer, way)


def _way(old: Old, columns_by_table: Mapping[str, Columns]) -> Way | None:
    """Return how the rows of the old table say which relationship they are about.

    That is POINTED_AT if relationships have a column with the pattern's id, else the first entry of
    the old table's `ways` whose columns all exist. Returns None if there is none.
    """
    if old.layer and old.layer.is_pattern and old.layer.pointer in columns_by_table[RELATIONSHIPS]:
        return POINTED_AT
    return next((way for way in old.ways if columns_by_table[old.name].keys() >= set(way)), None)


def _problems(columns_by_table: Mapping[str, Columns]) -> Iterator[str]:
    for name in BOOKS:
        if name not in columns_by_table:
            yield f"{name} is missing. It is required for a graph"
    for old in tables():
        if old.name in columns_by_table:
            yield from _column_problems(old, columns_by_table[old.name])
            if (
                old.layer
                and RELATIONSHIPS in columns_by_table
                and _way(old, columns_by_table) is None
            ):
                yield f"{old.name} does not say what its rows are about. It needs {_ways(old)}"


def _column_problems(old: Old, columns: Columns) -> Iterator[str]:
    for name, field in old.fields():
        staged = staged_type(field)
        if name not in columns:
            if is_needed(old, name):
                yield f"{old.name} has no column {name}"
        elif cast(staged, columns[name]) is None:
            yield f"{old.name}.{name} is {columns[name]}. It must be {readable(staged)}"
    for name in old.pointers():
        staged = "text" if name == "relationship_type" else "uuid"
        if name in columns and cast(staged, columns[name]) is None:
            yield f"{old.name}.{name} is {columns[name]}. It must be {readable(staged)}"


def is_needed(old: Old, name: str) -> bool:
    """Return whether the old table must have finley's column of this name."""
    if name in NEVER_MADE_UP:
        return True
    if name in old.defaults or (old.layer and name in OF_WAYS):
        return False
    field = dict(old.fields())[name]
    return not field.null and not field.has_db_default()


def _ways(old: Old) -> str:
    ways = [" and ".join(way) for way in old.ways]
    if old.layer and old.layer.is_pattern:
        ways.append(f"{RELATIONSHIPS}.{old.layer.pointer}")
    return ", or ".join(dict.fromkeys(ways))
