"""A client that applies feeds has what a full copy has."""

import random

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import QuestionError, TooOld
from graph.reading import change_feed, current_graph
from graph.view import refresh, version
from tests.graph import rows
from tests.oracle import histories

pytestmark = pytest.mark.usefixtures("committed")


NOTHING = {"added": [], "changed": [], "changed_fields": {}, "removed": []}


class Client:
    """Keeps a copy, by feeds alone; each feed must say of each row what it is to the copy."""

    def __init__(self, user, *, strict: bool = True) -> None:
        self.user, self.strict = user, strict
        self.nodes: dict = {}
        self.edges: dict = {}
        self.version: str | None = None

    def follow(self) -> None:
        result = (
            change_feed.full(self.user)
            if self.version is None
            else change_feed.since(self.user, self.version)
        )
        for copy, changed in ((self.nodes, result["entities"]), (self.edges, result["edges"])):
            assert changed["changed_fields"].keys() == {row["id"] for row in changed["changed"]}
            for row in changed["changed"]:
                was = copy.get(row["id"], row)
                assert {name for name in row if row[name] != was[name]} <= set(
                    changed["changed_fields"][row["id"]]
                )
            if self.strict:
                assert not copy.keys() & {row["id"] for row in changed["added"]}
                assert copy.keys() >= {row["id"] for row in changed["changed"]}
                assert copy.keys() >= set(changed["removed"])
            copy.update({row["id"]: row for row in changed["added"] + changed["changed"]})
            for key in changed["removed"]:
                copy.pop(key, None)
        self.version = result["as_of_version"]


def full(user) -> Client:
    client = Client(user)
    client.follow()
    return client


def execute(statement, *parameters):
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.fixture(autouse=True)
def usual_thresholds(monkeypatch):
    monkeypatch.setattr(current_graph, "PATCHED_ANYWAY", current_graph.PATCHED_ANYWAY)
    monkeypatch.setattr(refresh, "LOCK_TIMEOUT", refresh.LOCK_TIMEOUT)


def followed(number: int, choose, steps: int) -> int:
    """Feeds applied in between; sometimes the copy is too old, and taken anew."""
    with histories.sessions() as writers:
        history = histories.History(number, choose, writers)
        clients = [Client(user, strict=False) for user in history.users]
        feeds = 0

        def look() -> None:
            nonlocal feeds
            for client in clients:
                try:
                    client.follow()
                except TooOld:
                    client.__init__(client.user, strict=False)
                    client.follow()
                truth = full(client.user)
                assert (client.nodes, client.edges) == (truth.nodes, truth.edges)
                assert client.version == truth.version
                feeds += 1

        history.check = look
        history.run(steps)
        return feeds


@pytest.mark.parametrize("seed", range(2))
def test_feeds_applied_are_a_full_copy(seed):
    choices = random.Random(seed)
    assert followed(seed, choices.randrange, 50) > 15


@settings(
    max_examples=max(1, settings.default.max_examples // 50),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_feeds_that_shrink(data):
    histories.emptied()
    followed(0, lambda n: data.draw(st.integers(0, n - 1)), 10)


def test_each_change_is_called_what_it_is():
    user = rows.tenant_id()
    payer, payee = rows.entity(user, "A"), rows.entity(user, "B")
    changed, deleted = rows.payment(user, payer, payee), rows.payment(user, payer, payee)
    client = full(user)
    come = rows.payment(user, payer, rows.entity(user, "C"))
    execute("UPDATE relationship_instances SET reason = 'x' WHERE id = %s", changed)
    execute("UPDATE relationship_instances SET deleted_at = now() WHERE id = %s", deleted)
    execute("UPDATE normalized_entities SET merged_into_id = %s WHERE id = %s", payer.id, payee.id)
    result = change_feed.since(user, client.version)
    assert [row["id"] for row in result["edges"]["added"]] == [str(come)]
    assert [(row["id"], row["reason"]) for row in result["edges"]["changed"]] == [
        (str(changed), "x")
    ]
    assert result["edges"]["changed_fields"] == {str(changed): ["reason"]}
    assert result["edges"]["removed"] == [str(deleted)]
    assert [row["name"] for row in result["entities"]["added"]] == ["C"]
    assert result["entities"]["removed"] == [str(payee.id)]
    assert result["entities"]["merged"] == [{"id": str(payee.id), "merged_into": str(payer.id)}]
    client.follow()
    assert change_feed.since(user, client.version)["edges"] == NOTHING
    execute("UPDATE normalized_entities SET merged_into_id = NULL WHERE id = %s", payee.id)
    apart = change_feed.since(user, client.version)["entities"]
    assert [row["id"] for row in apart["added"]] == apart["split"] == [str(payee.id)]
    assert apart["merged"] == []


def test_what_came_and_went_in_between_is_not_told():
    user = rows.tenant_id()
    before = full(user).version
    execute("DELETE FROM normalized_entities WHERE id = %s", rows.entity(user, "A").id)
    result = change_feed.since(user, before)
    assert result["entities"] == NOTHING | change_feed.NO_MERGERS
    assert result["as_of_version"] != before


def test_a_transaction_that_was_late_to_commit_is_not_missed():
    user = rows.tenant_id()
    entity = rows.entity(user, "A")
    with histories.sessions(1) as [slow]:
        slow.begin()
        slow.write("UPDATE normalized_entities SET name = 'late' WHERE id = %s", [entity.id])
        rows.entity(user, "B")
        client = full(user)
        refresh.refresh()
        slow.end("COMMIT")
    client.strict = False
    client.follow()
    assert client.nodes == full(user).nodes
    assert client.nodes[str(entity.id)]["name"] == "late"


@pytest.mark.parametrize("text", ["", "x", "1", "1-2-3-4", "1-" + "0" * 33 + "-ab", "9" * 30])
def test_no_version_at_all(text):
    with pytest.raises(QuestionError, match="as_of_version"):
        change_feed.since(rows.tenant_id(), text)


def test_what_cannot_be_known_is_refused():
    user = rows.tenant_id()
    entity = rows.entity(user, "A")
    now = version.version(user)
    count, last, life = now.split("-")
    for stranger in (f"{int(count) + 1}-{last}-{life}", f"{count}-{'0' * 32}-{life}", "1-0-abc"):
        with pytest.raises(TooOld):
            change_feed.since(user, stranger)
    other = rows.tenant_id()
    rows.entity(other, "B")
    with pytest.raises(TooOld):
        change_feed.since(user, version.version(other))
    execute("TRUNCATE causal_relationships")
    with pytest.raises(TooOld):
        change_feed.since(user, now)
    assert full(user).nodes.keys() == {str(entity.id)}


def test_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(change_feed, "MOST", 1)
    user = rows.tenant_id()
    before = full(user).version
    rows.entity(user, "A")
    assert len(change_feed.since(user, before)["entities"]["added"]) == 1
    rows.entity(user, "B")
    with pytest.raises(TooOld, match="full copy"):
        change_feed.since(user, before)
