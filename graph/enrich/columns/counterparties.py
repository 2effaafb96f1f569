"""The counterparty of each payment, and the books' own party."""

from dataclasses import dataclass

import numpy as np
import scipy  # it imports scipy.sparse when that is first used
from numpy.typing import NDArray

from graph.enrich.columns.column_cache import once
from graph.enrich.columns.payments import Ints, Payments

# The party with the higher number is the counterparty. An employee (cardholder) is the tenant's own
# beside a shop, and the counterparty beside a bank.
_FOREIGN = {"vendor": 3, "customer": 3, "employee": 2, "project": 1}


@dataclass(frozen=True)
class Sides:
    """For each payment: the counterparty, the tenant's own party, and whether the counterparty
    receives."""

    party: Ints
    own: Ints
    outgoing: NDArray[np.bool_]


@once
def sides(payments: Payments) -> Sides:
    """Return the two parties' roles in each payment, decided by the parties' kinds: a vendor or
    customer is the counterparty of a department.

    If the kinds do not decide, the party with more payments is the tenant's own.
    """
    rank = np.array([_FOREIGN.get(kind, 0) for kind in payments.entities.kind], dtype=np.int64)
    busy = np.bincount(payments.payer, minlength=len(rank))
    busy += np.bincount(payments.payee, minlength=len(rank))
    payer, payee = payments.payer, payments.payee
    alike = rank[payer] == rank[payee]
    outgoing = np.where(alike, busy[payer] >= busy[payee], rank[payer] < rank[payee])
    party = np.where(outgoing, payee, payer)
    return Sides(party, np.where(outgoing, payer, payee), outgoing)


def joined(party: Ints, one: Ints, other: Ints) -> Ints:
    """Return a party number per row after merging, for each i, the parties of the rows one[i] and
    other[i].

    `party` has the party of each row before. The numbers are new.
    """
    size = int(party.max(initial=-1)) + 1
    ends = (party[one], party[other])
    graph = scipy.sparse.coo_matrix((np.ones(len(one)), ends), shape=(size, size))
    label = scipy.sparse.csgraph.connected_components(graph, directed=False)[1] if size else party
    return np.asarray(label[party], dtype=np.int64)
