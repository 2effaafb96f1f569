"""What is there of the replaced system, checked before a row of it is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graph.adopting.casts import cast, readable, staged_type
from graph.adopting.old import BOOKS, RELATIONSHIPS, Old, Way, tables
from graph.errors import AdoptError
from graph.layers import Layer

Columns = Mapping[str, str]
POINTED_AT: Way = ("",)  # the relationship's own column points at the layer's row
NEVER_MADE_UP = frozenset({"id", "user_id"})
OF_WAYS = frozenset({"relationship_id", "original_relationship_id"})


@dataclass(frozen=True)
class Plan:
    """How an old table is read: its columns with their types, and those we have none for."""

    old: Old
    columns: Columns
    unknown: tuple[str, ...]


@dataclass(frozen=True)
class LayerPlan(Plan):
    """… and by which way its rows name their relationships."""

    layer: Layer
    way: Way

    @property
    def is_direct(self) -> bool:
        """Each row names its relationship itself."""
        return self.way[0] == "relationship_id"


def plans(found: Mapping[str, Columns], schema: str) -> list[Plan]:
    """One for each table that is there. Raises AdoptError with all that is amiss."""
    if not found:
        raise AdoptError(
            f"No table of the replaced system is in the schema {schema!r}: not {BOOKS[0]}, nor any "
            "other. Name theirs with --schema."
        )
    amiss = list(_amiss(found))
    if amiss:
        listed = "\n".join(f"  {each}" for each in amiss)
        raise AdoptError(
            f"The tables in {schema!r} cannot be read as they are. A schema of views that name and "
            f"cast their columns mends that (docs/adopting.md):\n{listed}"
        )
    return [_plan(old, found) for old in tables() if old.name in found]


def _plan(old: Old, found: Mapping[str, Columns]) -> Plan:
    columns = found[old.name]
    read = {*(name for name, _ in old.fields()), *old.hanging()}
    unknown = tuple(name for name in columns if name not in read)
    way = _way(old, found)
    if old.layer is None or way is None:
        return Plan(old, columns, unknown)
    return LayerPlan(old, columns, unknown, old.layer, way)


def _way(old: Old, found: Mapping[str, Columns]) -> Way | None:
    """The first way of the table whose columns are all there."""
    if old.layer and old.layer.is_pattern and old.layer.pointer in found[RELATIONSHIPS]:
        return POINTED_AT
    return next((way for way in old.ways if found[old.name].keys() >= set(way)), None)


def _amiss(found: Mapping[str, Columns]) -> Iterator[str]:
    for name in BOOKS:
        if name not in found:
            yield f"{name} is missing: without it there is no graph"
    for old in tables():
        if old.name in found:
            yield from _columns_amiss(old, found[old.name])
            if old.layer and RELATIONSHIPS in found and _way(old, found) is None:
                yield f"{old.name} does not say what its rows are about: it needs {_ways(old)}"


def _columns_amiss(old: Old, columns: Columns) -> Iterator[str]:
    for name, field in old.fields():
        staged = staged_type(field)
        if name not in columns:
            if is_needed(old, name):
                yield f"{old.name} has no column {name}"
        elif cast(staged, columns[name]) is None:
            yield f"{old.name}.{name} is {columns[name]}: it has to be {readable(staged)}"
    for name in old.hanging():
        staged = "text" if name == "relationship_type" else "uuid"
        if name in columns and cast(staged, columns[name]) is None:
            yield f"{old.name}.{name} is {columns[name]}: it has to be {readable(staged)}"


def is_needed(old: Old, name: str) -> bool:
    """Whether the old table has to have this column of ours."""
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
