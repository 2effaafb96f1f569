"""A tenant's books, read once for comparing candidates with them."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import numpy as np

from graph import sql
from graph.database.tenancy import tenant_transaction
from graph.enrich import fraud
from graph.enrich.columns import stated_fields
from graph.enrich.columns.counterparties import sides
from graph.enrich.columns.grouping import codes
from graph.enrich.columns.payments import Ints, Payments, load
from graph.enrich.columns.records import money_moved
from graph.enrich.fraud import Stated
from graph.enrich.resolution import step
from graph.enrich.resolution.resolve import PARTIES, Continued, Decision, Party
from graph.ingest.store.identity import normalized

ROW_BYTES = 2_000  # approximate bytes of one payment in memory, with the columns made of its texts
OURS = ("department", "account", "employee", "project")
Identity = tuple[str, str]  # an entity's kind and normalized name or key


@dataclass(frozen=True, eq=False)
class History:
    """A tenant's payments with everything that detectors read, and the tenant's parties.

    `named` has the place of each identity among the payments' entities. `stands` has, for each
    place, the place of the entity that it is merged into, or itself.
    """

    payments: Payments
    stated: Stated
    kinds: stated_fields.Fields
    parties: list[Party]
    decisions: list[Decision]
    continued: list[Continued]
    named: dict[Identity, int]
    stands: Ints

    @property
    def nbytes(self) -> int:
        return ROW_BYTES * (len(self.payments) + len(self.parties) + 1)

    @cached_property
    def keys(self) -> dict[str, set[tuple[str, str]]]:
        """Return entity's id → the strong keys (kind, value) that the books state for it."""
        return {party.id: {(key.kind, key.value) for key in party.keys} for party in self.parties}

    @cached_property
    def namesakes(self) -> dict[str, set[int]]:
        """Return normalized name → the places of the entities that have that name, after merges."""
        names: dict[str, set[int]] = defaultdict(set)
        entities = self.payments.entities
        for place, kind in enumerate(entities.kind):
            if kind in PARTIES:
                names[normalized(entities.name[place])].add(int(self.stands[place]))
        return names

    @cached_property
    def place(self) -> dict[str, int]:
        """Return entity's id → its place among the payments' entities."""
        return {name: at for at, name in enumerate(self.payments.entities.id)}

    @cached_property
    def usual_source(self) -> str:
        """Return the source with the most outgoing payments, into which a pay run is imported, or
        "" if there are none."""
        payments = self.payments
        paid = sides(payments).outgoing & money_moved(payments)
        names, counts = np.unique(payments.source[paid].astype(str), return_counts=True)
        return str(names[counts.argmax()]) if len(names) else ""

    def usual_payers(self, source: str) -> tuple[dict[int, int], int | None]:
        """Return payee's place → place of the tenant's party that pays it most often, and the
        tenant's party that pays most often of all (None without payments).

        Only payments of this source are counted.
        """
        if source not in self._usual_payers:
            self._usual_payers[source] = self._counted_payers(source)
        return self._usual_payers[source]

    @cached_property
    def _usual_payers(self) -> dict[str, tuple[dict[int, int], int | None]]:
        return {}

    @cached_property
    def ours(self) -> dict[str, int]:
        """Return normalized name → place of the tenant's own party of that name, after merges."""
        entities = self.payments.entities
        return {
            normalized(name): int(self.stands[at])
            for at, (kind, name) in enumerate(zip(entities.kind, entities.name, strict=True))
            if kind in OURS
        }

    def _counted_payers(self, source: str) -> tuple[dict[int, int], int | None]:
        payments, side = self.payments, sides(self.payments)
        rows = np.flatnonzero(side.outgoing & (payments.source == source))
        if not len(rows):
            return {}, None
        pairs = codes(side.party[rows], side.own[rows])
        counts = np.bincount(pairs)[pairs]
        usual = {
            int(side.party[rows[at]]): int(side.own[rows[at]])
            for at in np.argsort(counts, kind="stable")
        }
        return usual, int(np.bincount(side.own[rows]).argmax())


def state(user_id: UUID) -> tuple[object, ...]:
    """Return a value that changes when the tenant's books must be read again although the version
    is the same, such as after a decision."""
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        cursor.execute(sql.read("enrich/history_state"), {"user_id": user_id})
        return tuple(cursor.fetchone())


def read(user_id: UUID) -> History:
    """Read the tenant's books as they are now."""
    payments = load(user_id)
    with tenant_transaction(user_id) as connection, connection.cursor() as cursor:
        parties, decisions = step.parties(cursor, user_id), step.decisions(cursor, user_id)
        continued = step.continued(cursor, user_id)
        cursor.execute(sql.read("enrich/standing"), {"user_id": user_id})
        representatives = cursor.fetchall()
    place = {name: at for at, name in enumerate(payments.entities.id)}
    identities = [
        (entity, (kind, name), by) for entity, kind, name, by in representatives if entity in place
    ]
    representatives = np.arange(len(place), dtype=np.int64)
    for entity, _, by in identities:
        representatives[place[entity]] = place.get(by, place[entity])
    return History(
        payments,
        fraud.stated(user_id, payments),
        stated_fields.load(user_id, payments),
        parties,
        decisions,
        continued,
        {identity: place[entity] for entity, identity, _ in identities},
        representatives,
    )
