"""Merged entities in the tables: matches follow, people decide, everything can be undone."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from graph import models
from graph.enrich.resolution import step
from graph.enrich.write.counts import Counts
from graph.errors import NotFound
from graph.ingest.import_file import import_file
from graph.ingest.mappings import from_toml
from graph.questions import search
from graph.reading.load_graph import load
from graph.view import refresh
from tests.graph import rows

MAPPING = """
name = "simple"
platform = "ledger"
[key]
columns = ["id"]
[date]
column = "date"
formats = ["%Y-%m-%d"]
[amount]
column = "amount"
[payer]
kind = "department"
name = "department"
[payee]
kind = "vendor"
name = "supplier"
[payee.keys]
vat_number = "vat"
[constants]
currency = "GBP"
"""
HEADER = "id,date,amount,department,supplier,vat\n"
BOOKS = (
    "1,2024-01-01,5,Parks,Acme Mills Ltd,GB1\n"
    "2,2024-01-02,6,Parks,Acme Mills Ltd,GB1\n"
    "3,2024-01-03,7,Parks,ACME MILLS LIMITED,\n"
    "4,2024-01-04,8,Parks,Dunmail Dairy,GB2\n"
)
STATE = """
    SELECT id, event_id, entity_id, confidence, reason, original_entity_id, original_confidence,
        original_reason, created_at
    FROM entity_matches ORDER BY id
"""


@pytest.fixture
def take(tenant: Any, tmp_path: Path) -> Any:
    path = tmp_path / "simple.toml"
    path.write_text(MAPPING)
    by = from_toml.load(path)

    def taken(lines: str, user: Any = None) -> None:
        file = tmp_path / "books.csv"
        file.write_text(HEADER + lines)
        import_file((user or tenant).id, file, by, tmp_path)

    return taken


def state() -> list[tuple[Any, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(STATE)
        return list(cursor.fetchall())


def entity(name: str) -> models.NormalizedEntity:
    return models.NormalizedEntity.objects.using("owner").get(name=name)


def pairs(**filters: Any) -> list[models.EntityResolution]:
    return list(models.EntityResolution.objects.using("owner").filter(**filters).order_by("id"))


def matched(external_id: str) -> models.EntityMatch:
    """The vendor's match of a row."""
    return models.EntityMatch.objects.using("owner").get(
        event__external_id=external_id, event__posting=2
    )


def test_a_spelling_follows_the_entity_that_stands_for_it(tenant, take):
    take(BOOKS)
    assert step.enrich(tenant.id) == Counts(added=1)
    survivor, merged = entity("Acme Mills Ltd"), entity("ACME MILLS LIMITED")
    assert merged.merged_into_id == survivor.id
    moved = matched("3")
    assert (moved.entity_id, moved.original_entity_id) == (survivor.id, merged.id)
    assert moved.confidence == 0.9
    assert moved.reason.startswith("ledger: same name; the same name after legal form")
    assert matched("4").original_entity_id is None


def test_one_party_is_one_everywhere(tenant, take):
    take(BOOKS)
    step.enrich(tenant.id)
    refresh.refresh()
    graph, _ = load(tenant.id)
    assert sorted(graph.nodes["name"].to_pylist()) == ["Acme Mills Ltd", "Dunmail Dairy", "Parks"]
    survivor = entity("Acme Mills Ltd")
    ends = models.EnrichedRelationship.objects.using("owner").filter(target_entity_id=survivor.id)
    assert ends.count() == 3
    assert [f["id"] for f in search.entities(tenant.id, "acme mills limited").entities] == [
        str(survivor.id)
    ]
    everybody = search.entities(tenant.id).entities
    assert str(survivor.id) in {row["id"] for row in everybody}
    assert "ACME MILLS LIMITED" not in {row["name"] for row in everybody}
    assert search.entities(tenant.id, "acme", kind="customer").entities == []


def test_twice_changes_nothing(tenant, take):
    take(BOOKS)
    step.enrich(tenant.id)
    before, listed = state(), [(pair.id, pair.evidence) for pair in pairs()]
    assert step.enrich(tenant.id) == Counts()
    assert state() == before
    assert [(pair.id, pair.evidence) for pair in pairs()] == listed


def test_a_new_row_of_a_merged_spelling_goes_to_the_kept_entity(tenant, take):
    take(BOOKS)
    step.enrich(tenant.id)
    take(BOOKS + "5,2024-02-01,9,Parks,ACME MILLS LIMITED,\n")
    survivor = entity("Acme Mills Ltd")
    assert matched("5").entity_id == survivor.id
    assert matched("5").reason == matched("3").reason
    assert step.enrich(tenant.id) == Counts()


def test_a_row_that_is_spelled_otherwise_now_has_one_match(tenant, take):
    take(BOOKS)
    step.enrich(tenant.id)
    take("3,2024-01-03,7,Parks,Dunmail Dairy,GB2\n")
    assert matched("3").entity_id == entity("Dunmail Dairy").id
    take("3,2024-01-03,7,Parks,ACME MILLS LIMITED,\n")
    assert matched("3").entity_id == entity("Acme Mills Ltd").id
    take("3,2024-01-03,7,Parks,Acme Mills Ltd,GB1\n")
    assert matched("3").entity_id == entity("Acme Mills Ltd").id
    assert matched("3").original_entity_id is None


def test_what_is_undone_is_as_it_was(tenant, take):
    take(BOOKS)
    before = state()
    step.enrich(tenant.id)
    (pair,) = pairs()
    assert step.undo(tenant.id, [pair.id], "jo@example.org") == 1
    assert state() == before
    assert entity("ACME MILLS LIMITED").merged_into_id is None
    (pair,) = pairs()
    assert (pair.decided, pair.decided_by) == ("apart", "jo@example.org")
    assert pair.evidence["found"]
    assert step.enrich(tenant.id) == Counts()  # it survives
    assert state() == before
    assert step.undo(tenant.id, [pair.id], "jo@example.org") == 1
    assert [pair.decided for pair in pairs()] == ["automatic"]


def test_a_person_merges_what_nothing_would(tenant, take):
    take(BOOKS)
    before = state()
    one, other = entity("Acme Mills Ltd"), entity("Dunmail Dairy")
    step.decide(tenant.id, one.id, other.id, "merge", "jo@example.org")
    names = {matched(key).entity_id for key in "1234"}
    assert len(names) == 1
    step.enrich(tenant.id)
    (word,) = pairs(decided="merge")
    assert word.reason == "merged by jo@example.org"
    assert "merged by jo@example.org" in " ".join(matched(key).reason for key in "14")
    assert step.undo(tenant.id, [word.id], "jo@example.org") == 1
    assert step.undo(tenant.id, [pair.id for pair in pairs()], "jo@example.org") == 1
    assert state() == before


def test_open_pairs_wait_for_a_person(tenant):
    tell = ["Environment Agency", "Enviroment Agency"]
    for name in tell:
        rows.event(tenant.id, rows.entity(tenant.id, name), party_name=name)
    assert step.enrich(tenant.id) == Counts(added=1)
    (pair,) = pairs(decided="open")
    assert pair.confidence < 0.9
    assert entity(tell[1]).merged_into_id is None
    assert step.judge(tenant.id, [pair.id], "merge", "jo@example.org") == 1
    assert {entity(name).merged_into_id for name in tell} == {None, pair.kept_id}
    assert step.judge(tenant.id, [pair.id], "merge", "jo@example.org") == 0
    assert step.judge(tenant.id, [pair.id], "apart", "jo@example.org") == 1
    assert {entity(name).merged_into_id for name in tell} == {None}


def test_an_event_that_names_both_spellings_keeps_both_matches(tenant):
    one, other = rows.entity(tenant.id, "Acme Mills Ltd"), rows.entity(tenant.id, "Acme Mills")
    event = rows.event(tenant.id, one)
    rows.match(tenant.id, event, other, confidence=0.5)
    before = state()
    step.enrich(tenant.id)
    assert len({match[2] for match in state()}) == 1
    step.undo(tenant.id, [pair.id for pair in pairs()], "jo")
    assert state() == before


def test_tenants_are_apart(tenant, other_tenant, take):
    for user in (tenant, other_tenant):
        take(BOOKS, user)
    step.enrich(tenant.id)
    theirs = models.EntityMatch.objects.using("owner").filter(user_id=other_tenant.id)
    assert not theirs.exclude(original_entity=None).exists()
    (pair,) = pairs()
    assert step.judge(other_tenant.id, [pair.id], "apart", "eve") == 0
    assert step.undo(other_tenant.id, [pair.id], "eve") == 0
    with pytest.raises(NotFound):
        step.decide(other_tenant.id, pair.kept_id, pair.merged_id, "apart", "eve")
    assert [pair.decided for pair in pairs()] == ["automatic"]


def test_nobody_and_one(tenant):
    assert step.enrich(tenant.id) == Counts()
    assert step.enrich(uuid.uuid4()) == Counts()
    rows.event(tenant.id, rows.entity(tenant.id, "Acme"))
    assert step.enrich(tenant.id) == Counts()


def test_decisions_on_offered_pairs_move_the_chance_of_the_others_of_their_kind(take, tenant):
    names = ("Bowtie", "Larkrise", "Mallard", "Nettlebed", "Oakhanger")
    take("".join(
        f"{at}{end},2024-01-0{at + 1},{10 ** at},Parks,{name}{more},\n"
        for at, name in enumerate(names) for end, more in ((1, ""), (2, " Television"))
    ))  # fmt: skip
    step.enrich(tenant.id)
    before = {pair.id: pair.confidence for pair in pairs(decided="open")}
    assert len(before) == len(names)
    others = sorted(before)[:3]
    assert step.judge(tenant.id, others, "apart", "Ann") == 3
    after = {pair.id: pair for pair in pairs(decided="open")}
    assert after.keys() == before.keys() - set(others)
    for key, pair in after.items():
        assert 0.05 <= pair.confidence < min(before[key], pair.evidence["chance"]) - 0.1
    step.undo(tenant.id, others, "Ann")
    assert sorted(pair.confidence for pair in pairs(decided="open")) == sorted(before.values())
