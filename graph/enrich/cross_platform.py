"""Layer 5, cross-platform: the platforms that recorded a payment.

A payment's own platform is one of them. So is the platform of each other sighting of the payment:
same_transaction links connect the sightings, directly or through further sightings. So is each
platform that holds a document with a receipt link to one of the payment's postings.
"""

import json
from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

from psycopg.sql import SQL, Literal

from graph import sql
from graph.database.arrow import tenant_snapshot
from graph.database.bulk import AS_USUAL, IN_BULK
from graph.database.tenancy import tenant_transaction
from graph.enrich import canonical
from graph.enrich.columns.payments import Payments
from graph.enrich.write.counts import Counts

Seen = dict[str, dict[str, list[str]]]
STAGING = """
    CREATE TEMPORARY TABLE seen_by_several (relationship_id uuid, platforms text[], evidence jsonb)
    ON COMMIT DROP
"""


def enrich(user_id: UUID, payments: Payments) -> Counts:
    """Write one row of layer 5 per payment, and return the numbers of changed rows.

    It must run after same_transaction, whose links it reads. The rows of payments on one platform,
    which most are, are made in the database.
    """
    groups = canonical.grouped(*canonical.read(user_id))
    documents = _documents(user_id)
    views = {view.id: [other.id for other in group] for group in groups for view in group}
    return _write(user_id, seen(payments, views, documents))


def seen(
    payments: Payments,
    views: Mapping[str, list[str]],
    documents: Mapping[str, Mapping[str, list[str]]],
) -> Seen:
    """Return relationship → platform → the keys of the rows and documents there, for payments that
    several platforms recorded.

    `views`: relationship → the relationships of its group; `documents`: relationship → platform →
    the keys of the documents there.
    """
    place = {relationship: at for at, relationship in enumerate(payments.relationship)}
    sources: Seen = {}
    for relationship in sorted((views.keys() | documents.keys()) & place.keys()):
        by: dict[str, set[str]] = defaultdict(set)
        for view in views.get(relationship, [relationship]):
            if (at := place.get(view)) is not None:
                by[payments.platform[at]].add(f"{payments.source[at]} {payments.external_id[at]}")
            for platform, keys in documents.get(view, {}).items():
                by[platform] |= set(keys)
        if len(by) > 1:  # else the payment's own row is enough
            sources[relationship] = {name: sorted(by[name]) for name in sorted(by)}
    return sources


def _write(user_id: UUID, sources: Seen) -> Counts:
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(STAGING)
        with (
            connection.connection.cursor() as copying,
            copying.copy("COPY seen_by_several FROM STDIN") as copy,
        ):
            for relationship, by in sources.items():
                copy.write_row((relationship, list(by), json.dumps(by, ensure_ascii=False)))
        cursor.execute("ANALYZE seen_by_several")
        cursor.execute(IN_BULK)
        cursor.execute(sql.read("enrich/platforms"), {"user_id": user_id})
        counts = Counts(*cursor.fetchone())
        cursor.execute("DROP TABLE seen_by_several")
        cursor.execute(AS_USUAL)
    return counts


def _documents(user_id: UUID) -> dict[str, dict[str, list[str]]]:
    with tenant_snapshot(user_id, hashed=True) as reader:
        query = SQL(sql.read("enrich/receipts")).format(user_id=Literal(str(user_id)))
        documents: dict[str, dict[str, list[str]]] = {}
        for row in reader.table(query).to_pylist():
            platforms = documents.setdefault(row["relationship"], {})
            platforms.setdefault(row["platform"], []).append(row["key"])
    return documents
