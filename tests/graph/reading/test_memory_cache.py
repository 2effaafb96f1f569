"""What a process keeps never takes more than it may, and is what was put there."""

from hypothesis import given
from hypothesis import strategies as st

from graph.reading.memory_cache import BoundedCache

PUT = st.tuples(st.sampled_from("abcde"), st.integers(0, 60))


@given(st.lists(PUT, max_size=40), st.integers(1, 100))
def test_it_keeps_the_last_used_that_fit(put, bound):
    store = BoundedCache(lambda: bound)
    expected: dict[str, int] = {}
    for name, nbytes in put:
        store.put(name, (name, nbytes), nbytes)
        if nbytes <= bound:
            expected.pop(name, None)
            expected[name] = nbytes
            while sum(expected.values()) > bound:
                del expected[next(iter(expected))]
    by_key = {name: store.get(name) for name in "abcde"}
    assert by_key == {
        name: (name, expected[name]) if name in expected else None for name in "abcde"
    }


def test_what_is_read_stays_longer():
    store = BoundedCache(lambda: 20)
    store.put("old", 1, 10)
    store.put("new", 2, 10)
    assert store.get("old") == 1
    store.put("newest", 3, 10)
    assert (store.get("old"), store.get("new"), store.get("newest")) == (1, None, 3)


def test_without_room_nothing_is_kept():
    store = BoundedCache(lambda: 0)
    store.put("empty", b"", 0)
    assert store.get("empty") is None


def test_what_is_forgotten_leaves_its_room():
    store = BoundedCache(lambda: 10)
    store.put("a", 1, 10)
    store.forget()
    store.put("b", 2, 10)
    store.put("b", 3, 10)
    assert (store.get("a"), store.get("b")) == (None, 3)
