"""The replaced system's books through `adopt`: the view against every rule written out."""

import psycopg
import pytest

from graph import models
from graph.adopting.run_adoption import adopt
from graph.enrich import run_enrichment as enriching
from graph.errors import AdoptError
from tests.graph.adopting.conftest import OTHER, SCHEMA, USER, rows, shown, table, written
from tests.graph.adopting.replaced import DAY, Replaced, joined

TEMPORAL = {
    "relationship_type": "payment",
    "recurrence_frequency": "monthly",
    "last_occurrence": DAY,
}


def small(old: Replaced, user=USER) -> dict:
    """One payment between two parties; its relationship's old row."""
    source, target = old.event(user, 0, amount=-5), old.event(user, 1, amount=5)
    old.match(user, source, old.entity(user, "Office", kind="department"))
    old.match(user, target, old.entity(user, "Acme & Sons"))
    return old.relationship(user, source["id"], target["id"], deleted_at=None)


@pytest.mark.parametrize("seed", range(8))
def test_each_relationship_gets_the_row_that_the_rules_pick(old, raw, put, seed):
    old.random.seed(seed)
    for user in (USER, OTHER):
        old.books(user)
    put()
    outcome = adopt(SCHEMA)
    assert outcome.rows_joined == joined(raw, SCHEMA) > outcome.relationships
    for user in (USER, OTHER):
        result, expected = shown(user), old.expected(user)
        assert result.keys() == expected.keys()
        for key, row in expected.items():
            assert {name: result[key][name] for name in row} == row


@pytest.mark.parametrize("seed", range(3))
def test_a_dry_run_tells_what_the_run_does_and_writes_nothing(old, put, seed):
    old.random.seed(seed)
    old.books(USER)
    put()
    dry = adopt(SCHEMA, dry_run=True)
    assert written() == 0
    outcome = adopt(SCHEMA)
    assert dry.tables == outcome.tables
    assert written() == sum(item.written for item in outcome.tables)


def test_old_rows_are_brought_or_there_or_skipped_and_a_second_run_adds_nothing(old, put):
    for user in (USER, OTHER):
        old.books(user)
    put()
    first = adopt(SCHEMA)
    count, view_rows = written(), shown(USER)
    again = adopt(SCHEMA)
    assert [item.written for item in again.tables] == [0] * 13
    assert again.repointed == 0
    for before, after in zip(first.tables, again.tables, strict=True):
        assert before.rows == len(old.rows[before.name]) == after.rows
        assert before.rows == before.brought + sum(before.skipped.values())
        assert (after.already_there, after.skipped) == (before.brought, before.skipped)
    assert (written(), shown(USER)) == (count, view_rows)


def test_another_database_gives_what_a_schema_gives(old, put, elsewhere):
    old.books(USER)
    old.event(USER, 99, external_id="tab\tand \\N", amount="12.34567", description="é\n")
    put()
    with psycopg.connect(elsewhere) as remote:
        old.write(remote, "public")
    from_there = adopt("public", elsewhere, dry_run=True)
    outcome = adopt("public", elsewhere)
    assert from_there.tables == outcome.tables
    assert [item.written for item in adopt(SCHEMA).tables] == [0] * 13
    event = models.RawEvent.objects.using("owner").get(external_id="tab\tand \\N")
    assert (str(event.amount), event.description) == ("12.3457", "é\n")


def test_only_the_tenants_that_are_named_come(old, put):
    small(old), small(old, OTHER)
    put()
    outcome = adopt(SCHEMA, only=[OTHER])
    assert outcome.tenants == 1
    assert table(outcome, "raw_events").rows == 2
    assert not rows(models.RawEvent)
    assert len(shown(OTHER)) == 1


def test_what_an_event_says_beside_our_columns_is_kept(old, put):
    small(old)
    put()
    adopt(SCHEMA)
    event = rows(models.RawEvent)[0]
    assert (event.source, event.platform) == ("oracle-fusion", "oracle-fusion")
    assert event.data == {"event_type": "invoice", "metadata": {"n": int(event.external_id)}}
    assert event.occurred_at.isoformat() in {
        "2024-01-31T00:00:00+00:00",
        "2024-02-01T00:00:00+00:00",
    }


def test_one_party_under_two_ids_is_one_and_its_matches_follow(old, put):
    relationship = small(old)
    first = old.rows["normalized_entities"][1]
    twice = old.entity(USER, "ACME and  sons", created_at=first["created_at"].replace(year=2030))
    old.rows["entity_matches"][1]["entity_id"] = twice["id"]
    put()
    outcome = adopt(SCHEMA)
    assert table(outcome, "normalized_entities").skipped == {
        "another entity of its kind has this name": 1
    }
    assert shown(USER)[relationship["id"]]["target_entity_id"] == first["id"]
    assert adopt(SCHEMA).tables[1].skipped == table(outcome, "normalized_entities").skipped


def test_a_party_that_finley_knows_stays_itself(old, put):
    relationship = small(old)
    vendor = models.NormalizedEntity.objects.using("owner").create(
        user_id=USER, kind="vendor", name="Acme and Sons", identity="acme and sons"
    )
    put()
    outcome = adopt(SCHEMA)
    assert table(outcome, "normalized_entities").already_there == 1
    assert shown(USER)[relationship["id"]]["target_entity_id"] == vendor.id


def test_a_party_that_was_merged_in_finley_stays_merged(old, put):
    relationship = small(old)
    make = models.NormalizedEntity.objects.using("owner").create
    whole = make(user_id=USER, kind="vendor", name="Acme", identity="acme")
    make(
        user_id=USER, kind="vendor", name="Acme & Sons", identity="acme and sons", merged_into=whole
    )
    put()
    for _ in "ab":
        outcome = adopt(SCHEMA)
        assert shown(USER)[relationship["id"]]["target_entity_id"] == whole.id
    assert [item.written for item in outcome.tables] == [0] * len(outcome.tables)


def test_facts_of_a_relationship_that_is_there_twice_are_of_the_one_that_stays(old, put):
    relationship = small(old)
    relationship["confidence_score"] = 0.9
    ends = (relationship["source_event_id"], relationship["target_event_id"])
    twin = old.relationship(USER, *ends, confidence_score=0.2, deleted_at=None)
    old.add("causal_relationships", USER, relationship_id=twin["id"], causal_score=0.7,
            causal_direction="both")  # fmt: skip
    old.add("predicted_relationships", USER, source_event_id=ends[0], status="pending",
            prediction_confidence=0.5, prediction_reason="")  # fmt: skip
    put()
    outcome = adopt(SCHEMA)
    assert table(outcome, "relationship_instances").skipped == {
        "another relationship of this type between these events exists": 1
    }
    assert [row["causal_score"] for row in shown(USER).values()] == [0.7]
    assert (outcome.relationships, outcome.rows_joined) == (1, 1)


def test_layers_that_name_their_relationship_come_whole_and_the_view_picks(old, put):
    relationship = small(old)
    for n, status in enumerate(("fulfilled", "cancelled", "pending")):
        old.add("predicted_relationships", USER, status=status, prediction_confidence=n / 10,
                prediction_reason=str(n))  # fmt: skip
    pair = old.relationship(USER, relationship["target_event_id"], relationship["source_event_id"])
    put(
        "ALTER TABLE predicted_relationships ADD relationship_id uuid, DROP source_event_id",
        f"UPDATE predicted_relationships SET relationship_id = '{relationship['id']}'",  # noqa: S608
        "ALTER TABLE duplicate_transactions DROP event_id, DROP original_event_id,"
        " ADD relationship_id uuid, ADD original_relationship_id uuid",
        "INSERT INTO duplicate_transactions (id, user_id, relationship_id,"  # noqa: S608
        " original_relationship_id, duplicate_confidence, status) VALUES"
        f" (gen_random_uuid(), '{USER}', '{relationship['id']}', '{pair['id']}', 0.9, 'dismissed'),"
        f" (gen_random_uuid(), '{USER}', '{pair['id']}', '{relationship['id']}', 0.1, 'open')",
    )
    outcome = adopt(SCHEMA)
    assert table(outcome, "predicted_relationships").brought == 3
    result = shown(USER)[relationship["id"]]
    newest = max(
        (row for row in old.rows["predicted_relationships"] if row["status"] != "cancelled"),
        key=lambda row: (row["created_at"], -row["id"].int),
    )
    assert result["predicted_relationship_id"] == newest["id"]
    (judged,) = rows(models.DuplicateTransaction)
    assert judged.status == "open"
    assert (judged.relationship_key, judged.original_key) == ("oracle-fusion 0", "oracle-fusion 1")


def test_relationships_may_point_at_their_patterns_themselves(old, put):
    relationship = small(old)
    good = old.add("temporal_patterns", USER, **TEMPORAL, recurrence_score=0.1)
    old.add("temporal_patterns", USER, **TEMPORAL, recurrence_score=0.9)
    foreign = old.add("relationship_patterns", OTHER, pattern_name="x", pattern_confidence=1)
    put(
        "ALTER TABLE relationship_instances ADD temporal_pattern_id uuid, ADD pattern_id uuid,"
        " ADD seasonal_pattern_id uuid",
        f"UPDATE relationship_instances SET temporal_pattern_id = '{good['id']}',"  # noqa: S608
        f" pattern_id = '{foreign['id']}', seasonal_pattern_id = gen_random_uuid()",
        "DROP TABLE seasonal_patterns",
    )
    outcome = adopt(SCHEMA)
    assert outcome.pointers_lost == 2
    result = shown(USER)[relationship["id"]]
    assert (result["temporal_pattern_id"], result["pattern_id"]) == (good["id"], None)
    assert result["seasonal_pattern_id"] is None
    assert table(outcome, "temporal_patterns").by == ["relationship_instances.temporal_pattern_id"]


def test_a_layer_that_comes_later_is_hung_on_what_is_there(old, put, raw):
    relationship = small(old)
    pattern = old.add("temporal_patterns", USER, **TEMPORAL, recurrence_score=0.4)
    put("ALTER TABLE temporal_patterns RENAME TO away")
    outcome = adopt(SCHEMA)
    assert "temporal_patterns" not in {item.name for item in outcome.tables}
    raw.execute(f'ALTER TABLE "{SCHEMA}".away RENAME TO temporal_patterns')
    outcome = adopt(SCHEMA)
    assert (outcome.repointed, table(outcome, "temporal_patterns").brought) == (1, 1)
    assert shown(USER)[relationship["id"]]["temporal_pattern_id"] == pattern["id"]


def test_what_only_deleted_relationships_would_share_does_not_come(old, put):
    relationship = small(old)
    relationship["deleted_at"] = DAY
    of = {"relationship_id": relationship["id"]}
    old.add("temporal_patterns", USER, **TEMPORAL, recurrence_score=0.4)
    old.add("root_cause_analyses", USER, source_event_id=relationship["source_event_id"],
            root_cause_analysis="rain", confidence=1)  # fmt: skip
    old.add("causal_relationships", USER, **of, causal_score=1, causal_direction="both")
    put()
    outcome = adopt(SCHEMA)
    nothing = {"it is about no relationship that is there": 1}
    assert table(outcome, "temporal_patterns").skipped == nothing
    assert table(outcome, "root_cause_analyses").skipped == nothing
    assert table(outcome, "causal_relationships").brought == 1
    assert not shown(USER)


def test_a_log_outlives_its_relationship(old, put):
    small(old)
    for event in (old.rows["raw_events"][0]["id"], old.id()):
        old.add("event_delta_logs", USER, event_id=event, change_type="modified")
        old.add("event_delta_logs", USER, event_id=event, change_type="created")
    put()
    outcome = adopt(SCHEMA)
    result = rows(models.EventDeltaLog)
    assert table(outcome, "event_delta_logs").brought == 4 == len(result)
    assert sorted(row.relationship_id is None for row in result) == [False, True, True, True]
    assert sorted(row.event_key.split()[0] for row in result) == [
        "adopted", "adopted", "oracle-fusion", "oracle-fusion"
    ]  # fmt: skip


def test_layers_that_finley_computed_stay_as_they_are(old, put, raw):
    relationship = small(old)
    put()
    adopt(SCHEMA)
    models.Enrichment.objects.using("owner").create(
        user_id=USER, wanted_at="2025-01-01T00:00Z", done_for=None
    )
    enriching.enrich(USER)
    raw.execute(
        f'INSERT INTO "{SCHEMA}".temporal_patterns (id, user_id, relationship_type,'  # noqa: S608
        " recurrence_score, recurrence_frequency, last_occurrence)"
        f" VALUES (gen_random_uuid(), '{USER}', 'payment', 0.4, 'monthly', now())"
    )
    outcome = adopt(SCHEMA)
    assert table(outcome, "temporal_patterns").skipped == {
        "finley has computed the layers of this tenant itself": 1
    }
    assert shown(USER)[relationship["id"]]["temporal_pattern_id"] is None


def test_what_fails_half_way_leaves_nothing(old, put):
    small(old)
    noise = "".join(map(chr, old.random.choices(range(0x4E00, 0x9000), k=3000)))  # for no index
    put(
        "ALTER TABLE relationship_instances ALTER relationship_type TYPE text",
        f"UPDATE relationship_instances SET relationship_type = '{noise}'",  # noqa: S608
    )
    with pytest.raises(AdoptError, match=r"Nothing was written: .*index"):
        adopt(SCHEMA)
    assert written() == 0
