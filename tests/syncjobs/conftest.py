"""A queue of each test's own, on the shared Redis."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from syncjobs import queue
from tests.syncjobs import workers


@pytest.fixture
def own_queue(committed, monkeypatch) -> Iterator[str]:
    name = f"test:{uuid4()}"
    monkeypatch.setattr(queue, "NAME", name)
    yield name
    workers.clean(name)
