"""What a process keeps never takes more than it may, and is what was put there."""

from hypothesis import given
from hypothesis import strategies as st

from graph.reading.lru import Kept

PUT = st.tuples(st.sampled_from("abcde"), st.integers(0, 60))


@given(st.lists(PUT, max_size=40), st.integers(1, 100))
def test_it_keeps_the_last_used_that_fit(put, bound):
    kept = Kept(lambda: bound)
    expected: dict[str, int] = {}
    for name, nbytes in put:
        kept.put(name, (name, nbytes), nbytes)
        if nbytes <= bound:
            expected.pop(name, None)
            expected[name] = nbytes
            while sum(expected.values()) > bound:
                del expected[next(iter(expected))]
    by_key = {name: kept.get(name) for name in "abcde"}
    assert by_key == {
        name: (name, expected[name]) if name in expected else None for name in "abcde"
    }


def test_what_is_read_stays_longer():
    kept = Kept(lambda: 20)
    kept.put("old", 1, 10)
    kept.put("new", 2, 10)
    assert kept.get("old") == 1
    kept.put("newest", 3, 10)
    assert (kept.get("old"), kept.get("new"), kept.get("newest")) == (1, None, 3)


def test_without_room_nothing_is_kept():
    kept = Kept(lambda: 0)
    kept.put("empty", b"", 0)
    assert kept.get("empty") is None


def test_what_is_forgotten_leaves_its_room():
    kept = Kept(lambda: 10)
    kept.put("a", 1, 10)
    kept.forget()
    kept.put("b", 2, 10)
    kept.put("b", 3, 10)
    assert (kept.get("a"), kept.get("b")) == (None, 3)
