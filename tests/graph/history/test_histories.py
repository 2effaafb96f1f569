"""Snapshots that are taken at moments of generated histories equal what is read as of them."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.reading import current_graph, past_relationships
from graph.view import refresh
from tests.graph.history import pasts
from tests.oracle import histories

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture(autouse=True)
def usual_thresholds(monkeypatch):
    monkeypatch.setattr(current_graph, "PATCHED_ANYWAY", current_graph.PATCHED_ANYWAY)
    monkeypatch.setattr(past_relationships, "FEW", past_relationships.FEW)
    monkeypatch.setattr(refresh, "LOCK_TIMEOUT", refresh.LOCK_TIMEOUT)


def compared(number: int, choose, steps: int, *, at_once: int = 2) -> int:
    """Take snapshots after the steps of a history, and read some of the earlier ones again, at most
    `at_once` after a step. Return the number of comparisons."""
    with histories.sessions() as writers:
        history = histories.History(number, choose, writers)
        snapshots = []
        comparisons = 0

        def look() -> None:
            nonlocal comparisons, snapshots
            if any(session.emptied for session in writers):
                return
            if history.emptied_tables:  # the history begins anew
                snapshots, history.emptied_tables = [], False
            user = history.users[choose(2)]
            past_relationships.FEW = (0, 2, 1_000)[choose(3)]
            for _ in range(min(at_once, len(snapshots))):
                whose, moment, contents = snapshots[choose(len(snapshots))]
                assert pasts.read_at(whose, moment) == contents
                comparisons += 1
            snapshots.append((user, pasts.now(), pasts.read(user)))
            mine = [(moment, contents) for whose, moment, contents in snapshots if whose == user]
            (since, before), (until, after) = mine[choose(len(mine))], mine[-choose(2) - 1 :][0]
            if since <= until:
                expected = pasts.by_snapshots(before, after)
                assert pasts.by_history(user, since, until, choose(9) + 1) == expected

        history.check = look
        history.run(steps)
        return comparisons


@pytest.mark.parametrize("seed", range(2))
def test_snapshots_are_what_is_read_later(seed):
    choices = random.Random(seed)
    assert compared(seed, choices.randrange, 60) > 20


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(2, 10))
def test_two_thousand_snapshots_are_what_is_read_later(seed):
    """In eight parts of at least 250 comparisons."""
    choose = random.Random(seed).randrange
    comparisons = 0
    while comparisons < 250:
        comparisons += compared(seed, choose, 60, at_once=12)
        histories.emptied()


@settings(
    max_examples=max(1, settings.default.max_examples // 20),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_snapshots_that_shrink(data):
    histories.emptied()
    compared(0, lambda n: data.draw(st.integers(0, n - 1)), 12)
