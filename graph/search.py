"""Finding entities by name."""

from uuid import UUID

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Q, Value
from django.db.models.functions import Lower

from graph.models import NormalizedEntity
from graph.tenancy import tenant_transaction

LIKENESS = 0.4  # of a word's trigrams: two letters swapped in nine leave 0.5


def entities(
    user_id: UUID, text: str = "", *, kind: str | None = None, limit: int = 20
) -> list[NormalizedEntity]:
    """The entities whose name holds the text or is spelled nearly so, best first.

    Without a text: all, by name. Typos are forgiven by trigram word similarity (pg_trgm).
    """
    found = NormalizedEntity.objects.filter(user_id=user_id)
    if kind is not None:
        found = found.filter(kind=kind)
    if text:
        found = (
            found.annotate(likeness=TrigramWordSimilarity(text, "name"))
            .filter(Q(name__icontains=text) | Q(name__trigram_word_similar=Value(text)))
            .order_by("-likeness", Lower("name"), "id")
        )
    else:
        found = found.order_by(Lower("name"), "id")
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL pg_trgm.word_similarity_threshold = {LIKENESS}")
        return list(found[:limit])
