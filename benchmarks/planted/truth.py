"""The truth about the planted cases by kind. Each kind tests one layer."""

from __future__ import annotations

from dataclasses import dataclass, field

from finley.demo.truth import Ref, Truth


@dataclass(frozen=True)
class Kind:
    """One kind of case with its look-alikes.

    `layer` is a link type, "linked" (any type), "duplicates", "series", "aliases", "overdue" or
    "amounts". `rows` are all rows of the kind, including those of look-alikes. What a layer says
    about them is wrong unless the truth says it, too. `pairs` are pairs of rows. `series` and
    `parties` are ids of the truth. `cases` are groups of pairs that are one finding. `pence` are
    the next amounts of series.
    """

    name: str
    layer: str
    rows: list[Ref] = field(default_factory=list)
    pairs: list[list[Ref]] = field(default_factory=list)
    series: list[str] = field(default_factory=list)
    parties: list[str] = field(default_factory=list)
    cases: list[list[list[Ref]]] = field(default_factory=list)
    pence: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class PlantedTruth(Truth):
    """The truth of these books, and its kinds."""

    kinds: list[Kind] = field(default_factory=list)
