"""The books of the graph benchmarks. They are made once and kept in a database of their own."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import numpy as np

from benchmarks import dataset
from benchmarks.many_tenants import bare_tables
from benchmarks.many_tenants.seeded_books import EDITION, Books
from graph import migrations
from graph.models.view_sql import materialized_sql

DATABASE = "finley_graph"
LARGE, MIDDLE, SMALL = 500_000, 50_000, 5_000
SIZES = (LARGE, *[MIDDLE] * 4, *[SMALL] * 195)
# One tenant of each size, for the plot of time against edges.
STEPS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


@contextmanager
def kept(sizes: tuple[int, ...], seed: int, name: str = DATABASE) -> Iterator[list[UUID]]:
    """Yield the tenants in the order of their sizes. The database is made again if the code has
    changed."""
    books = Books(np.array(sizes), seed)
    made_of = _label(sizes, seed)
    with dataset.kept(name, made_of, lambda: bare_tables.fill(books)):
        yield books.tenants()


def _label(sizes: tuple[int, ...], seed: int) -> str:
    """A text that contains everything that determines the rows: the numbers, the generator, the
    tables and the view."""
    names = sorted(path.name for path in Path(migrations.__path__[0]).glob("*.py"))
    parts = [repr((sizes, seed, EDITION, names)), materialized_sql()]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()
