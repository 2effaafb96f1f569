"""The counts of what a step of the enrichment wrote."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of rows (or links) that a step added, changed and removed."""

    added: int = 0
    changed: int = 0
    removed: int = 0
