"""Layer 5, cross-platform: which systems saw a payment.

Its own; those of the other views of it (same_transaction links, over any number of them); and
those that hold a document of it (receipt links to either of its postings).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from psycopg.sql import SQL, Literal

from graph import sql
from graph.arrow import tenant_snapshot
from graph.enrich import canonical, facts
from graph.enrich.counts import Counts
from graph.enrich.payments import Payments
from graph.models.enrichment import CrossPlatformRelationship

COLUMNS = ("platform_sources", "evidence")


def enrich(user_id: UUID, payments: Payments) -> Counts:
    """A row for each payment. After same_transaction: it reads the links that are written."""
    groups = canonical.grouped(*canonical.read(user_id))
    documents = _documents(user_id)
    views = {view.id: [other.id for other in group] for group in groups for view in group}
    rows = seen(payments, views, documents)
    return facts.write(user_id, CrossPlatformRelationship, COLUMNS, rows)


def seen(
    payments: Payments,
    views: Mapping[str, list[str]],
    documents: Mapping[str, Mapping[str, list[str]]],
) -> Iterator[dict[str, Any]]:
    """For each payment its platforms, sorted, and what each of them has of it.

    `views`: relationship → the relationships of its group; `documents`: relationship → platform →
    the keys of the documents there.
    """
    place = {relationship: at for at, relationship in enumerate(payments.relationship)}
    for relationship, own in zip(payments.relationship, payments.platform, strict=True):
        if relationship not in views and relationship not in documents:
            yield _row(relationship, {own: set()})
            continue
        by: dict[str, set[str]] = defaultdict(set)
        for view in views.get(relationship, [relationship]):
            if (at := place.get(view)) is not None:
                by[payments.platform[at]].add(f"{payments.source[at]} {payments.external_id[at]}")
            for platform, keys in documents.get(view, {}).items():
                by[platform] |= set(keys)
        yield _row(relationship, by)


def _row(relationship: str, by: Mapping[str, set[str]]) -> dict[str, Any]:
    """Where it is one platform's alone, its own row says all."""
    evidence = {name: sorted(by[name]) for name in sorted(by)} if len(by) > 1 else {}
    return {
        "relationship_id": relationship,
        "platform_sources": sorted(by),
        "evidence": evidence,
    }


def _documents(user_id: UUID) -> dict[str, dict[str, list[str]]]:
    with tenant_snapshot(user_id, hashed=True) as reader:
        query = SQL(sql.read("enrich_receipts")).format(user_id=Literal(str(user_id)))
        found: dict[str, dict[str, list[str]]] = {}
        for row in reader.table(query).to_pylist():
            platforms = found.setdefault(row["relationship"], {})
            platforms.setdefault(row["platform"], []).append(row["key"])
    return found
