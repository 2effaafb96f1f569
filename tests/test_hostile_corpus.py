"""The corpus of hostile items: large enough, of every kind, the same each time."""

from collections import Counter

from tests.hostile_corpus import KINDS, corpus


def test_there_are_enough_of_every_kind_and_none_is_long():
    items = corpus()
    assert len(items) >= 300
    counts = Counter(item.kind for item in items)
    assert counts.keys() == set(KINDS)
    assert min(counts.values()) >= 40
    assert max(len(item.data) for item in items) <= 2_000_000
    twice = {item.file: item.data for item in corpus()}
    assert twice == {item.file: item.data for item in items}
