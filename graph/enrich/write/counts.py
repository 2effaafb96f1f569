"""What a step of the enrichment wrote."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of a layer, or links: new ones, changed ones, and those that are no longer so."""

    added: int = 0
    changed: int = 0
    removed: int = 0
