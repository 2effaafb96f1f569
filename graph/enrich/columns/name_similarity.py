"""Computes how similar the names of two parties are. Feeds shorten names, or add a town or
initials.

A name is a set of trigrams (as in pg_trgm: each word with two blanks before and one after it).
Trigrams are weighted by rarity (G. Salton, C. Buckley, "Term-weighting approaches in automatic text
retrieval", 1988). The similarity of two names is the weight of the shared trigrams over the weight
of the lighter name: the overlap coefficient, which a shortened name or an added town lowers little.

This is fast, over all pairs in columns, and detectors of links use it. Whether two entities are one
party is decided by words instead, in graph.enrich.resolution.similarity.
"""

from functools import lru_cache
from itertools import chain

import numpy as np
import scipy  # it imports scipy.sparse when that is first used
from numpy.typing import NDArray

from graph.enrich.columns.column_cache import once
from graph.enrich.columns.payments import Entities, Ints
from graph.ingest.store.identity import normalized

LEGAL = frozenset(
    {"ltd", "limited", "llp", "plc", "inc", "llc", "co", "company", "gmbh", "ag", "bv", "nv", "sa"}
    | {"sas", "sarl", "srl", "spa", "oy", "ab", "the", "and"}
)
FEW = 4  # trigrams; a shorter name says little, and is compared as if it had this many
Floats = NDArray[np.float64]


@lru_cache(maxsize=65_536)
def core(name: str) -> str:
    """Return the part of the name that is compared: normalized, without legal forms unless nothing
    else is left."""
    words = normalized(name).split()
    return " ".join(word for word in words if word not in LEGAL) or " ".join(words)


@once
def likeness(entities: Entities) -> "Likeness":
    return Likeness(entities)


class Likeness:
    """Computes how similar the names of the tenant's parties are. A party is given as its place
    among the entities.

    `samples` caches the similarities of samples of pairs, by the two lists of places.
    """

    def __init__(self, entities: Entities) -> None:
        self.cores = np.array([core(name) for name in entities.name], dtype=object)
        grams = [_trigrams(name_core) for name_core in self.cores]
        self._names = _matrix(grams)
        self._weight = np.asarray(self._names.power(2).sum(axis=1)).ravel()
        self.samples: dict[tuple[bytes, bytes], Floats] = {}
        self._least = FEW * float(np.median(self._names.power(2).data)) if self._names.nnz else 1.0

    def of(self, one: Ints, other: Ints) -> Floats:
        """Return the similarity (0..1) of the names of the entities at one[i] and other[i]: 1 for
        the same entity or the same name."""
        pairs = one * np.int64(len(self.cores)) + other
        distinct, back = np.unique(pairs, return_inverse=True)
        left, right = np.divmod(distinct, max(len(self.cores), 1))
        shared = np.asarray(self._names[left].multiply(self._names[right]).sum(axis=1)).ravel()
        lighter = np.minimum(self._weight[left], self._weight[right])
        alike = np.minimum(shared / np.maximum(lighter, self._least), 1)
        same = (left == right) | (self.cores[left] == self.cores[right])
        return np.asarray(np.where(same, 1.0, alike)[back], dtype=np.float64)


def _trigrams(name: str) -> set[str]:
    words = [f"  {word} " for word in name.split()]
    return {word[at : at + 3] for word in words for at in range(len(word) - 2)}


def _matrix(grams: list[set[str]]) -> "scipy.sparse.csr_matrix":
    """Return a matrix with a row per name and a column per trigram. An entry is log(number of names
    / number of names that have the trigram)."""
    places: dict[str, int] = {}
    for gram in chain.from_iterable(sorted(trigrams) for trigrams in grams):
        places.setdefault(gram, len(places))
    columns = [places[gram] for trigrams in grams for gram in sorted(trigrams)]
    starts = np.cumsum([0, *(len(trigrams) for trigrams in grams)])
    frequency = np.bincount(columns, minlength=len(places)) if columns else np.zeros(0)
    rarity = np.sqrt(np.log((len(grams) + 1) / np.maximum(frequency, 1)))
    data = rarity[columns] if columns else np.zeros(0)
    return scipy.sparse.csr_matrix((data, columns, starts), shape=(len(grams), max(len(places), 1)))
