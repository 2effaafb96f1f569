"""Finding entities by name."""

from collections.abc import Iterable
from uuid import UUID

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Q, Value
from django.db.models.functions import Lower

from graph.models import NormalizedEntity
from graph.tenancy import tenant_transaction

CHUNK = 200  # rows at once: several found may be one party
LIKENESS = 0.4  # of a word's trigrams: two letters swapped in nine leave 0.5


def entities(
    user_id: UUID, text: str = "", *, kind: str | None = None, limit: int = 20
) -> list[NormalizedEntity]:
    """The entities whose name holds the text or is spelled nearly so, best first.

    One that is merged into another is found as that one. Without a text: all, by name.
    Typos are forgiven by trigram word similarity (pg_trgm).
    """
    found = NormalizedEntity.objects.filter(user_id=user_id).select_related("merged_into")
    if kind is not None:
        stands = Q(merged_into=None, kind=kind) | Q(merged_into__kind=kind)
        found = found.filter(stands)
    if text:
        found = (
            found.annotate(likeness=TrigramWordSimilarity(text, "name"))
            .filter(Q(name__icontains=text) | Q(name__trigram_word_similar=Value(text)))
            .order_by("-likeness", Lower("name"), "id")
        )
    else:
        found = found.filter(merged_into=None).order_by(Lower("name"), "id")
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL pg_trgm.word_similarity_threshold = {LIKENESS}")
        return _standing(found.iterator(chunk_size=CHUNK), limit)


def _standing(found: Iterable[NormalizedEntity], limit: int) -> list[NormalizedEntity]:
    """The entities that stand for those found, each once."""
    known: dict[UUID, NormalizedEntity] = {}
    for entity in found:
        standing = entity.merged_into or entity
        known.setdefault(standing.id, standing)
        if len(known) == limit:
            break
    return list(known.values())
