"""Writes the links that a method finds."""

from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from decimal import Decimal
from uuid import UUID

from graph.enrich.write import difference
from graph.enrich.write.counts import Counts
from graph.enrich.write.difference import Difference

LINKS = Difference(
    found="found_links",
    columns=(
        "source_event_id, target_event_id, relationship_type, confidence_score, reason, allocated"
    ),
    gone="links_withdrawn",
    written="links_written",
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link between two events. `reason` says why, with numbers. `allocated` is the part of an
    invoice that a payment settles, in the currency's unit."""

    source_event: str
    target_event: str
    type: str
    confidence: float
    reason: str
    allocated: Decimal | None = None


def write(user_id: UUID, detection_method: str, links: Iterable[Link]) -> Counts:
    """Make the method's links of the tenant equal to `links`, in one transaction. Return how many
    were added, changed and removed.

    A link that is no longer found is soft-deleted with a reason that begins with 'withdrawn', and
    restored under its own id when it is found again. Links that people deleted stay deleted, links
    of another method stay unchanged, and links whose events are gone are not written.
    """
    rows = map(astuple, _one_way(links))
    return difference.write(user_id, LINKS, rows, {"method": detection_method})


def _one_way(links: Iterable[Link]) -> Iterator[Link]:
    """Yield the links. Of two links of one type between the same two events in opposite
    directions, only the one with the higher confidence is kept."""
    surest: dict[tuple[str, ...], Link] = {}
    for link in links:
        key = (link.type, *sorted((link.source_event, link.target_event)))
        if key not in surest or link.confidence > surest[key].confidence:
            surest[key] = link
    yield from surest.values()
