"""Keeps finished exports in the process's memory, for equal requests at the same version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from graph.reading.memory_cache import BoundedCache


@dataclass(frozen=True, slots=True)
class Wanted:
    """An export of a tenant's graph at a version. `edge_class` None means all relationships."""

    user_id: UUID
    version: str
    format: str
    columns: tuple[str, ...]
    edge_class: str | None


exports: BoundedCache[Sequence[bytes]] = BoundedCache(lambda: int(settings.EXPORTS["memory"]))


def keeping(wanted: Wanted, version: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the pieces, and keep them after the last one.

    They are not kept if the `version` that was read is another one than wanted, or if they are
    larger than what may be kept.
    """
    bound = int(settings.EXPORTS["memory"]) if version == wanted.version else 0
    gathered: list[bytes] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size <= bound:
            gathered.append(piece)
        else:
            gathered.clear()
        yield piece
    if size <= bound:
        exports.put(wanted, gathered, size)
