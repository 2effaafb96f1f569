"""Old tables that are not as they should be: what is refused, what is skipped, and what is said."""

from uuid import UUID

import pytest
from django.db.models import CheckConstraint

from graph import models
from graph.adopting.old_tables import tables
from graph.adopting.run_adoption import adopt
from graph.adopting.unstorable_rows import in_words
from graph.errors import AdoptError
from tests.graph.adopting.conftest import OTHER, SCHEMA, USER, rows, shown, table, written
from tests.graph.adopting.test_adopting import small

NAN, INFINITE = "'NaN'", "'-Infinity'"
NO_UUID = "is missing or not a UUID"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DROP TABLE entity_matches", "entity_matches is missing. It is required for a graph"),
        ("ALTER TABLE raw_events DROP occurred_at", "raw_events has no column occurred_at"),
        ("ALTER TABLE raw_events DROP id", "raw_events has no column id"),
        (
            "ALTER TABLE causal_relationships DROP user_id",
            "causal_relationships has no column user_id",
        ),
        (
            "ALTER TABLE raw_events ALTER occurred_at TYPE text",
            "raw_events.occurred_at is text. It must be timestamp with time zone or timestamp "
            "without time zone or date",
        ),
        (
            "ALTER TABLE entity_matches ALTER confidence TYPE text",
            "entity_matches.confidence is text",
        ),
        (
            "ALTER TABLE predicted_relationships ALTER source_event_id TYPE bigint USING 1",
            "predicted_relationships.source_event_id is bigint. It must be uuid or text",
        ),
        (
            "ALTER TABLE temporal_patterns DROP relationship_type",
            "temporal_patterns does not say what its rows are about. It needs relationship_id",
        ),
        (
            "ALTER TABLE duplicate_transactions DROP original_event_id",
            "duplicate_transactions does not say what its rows are about",
        ),
    ],
)
def test_tables_that_cannot_be_read_are_refused_in_words(old, put, change, words):
    small(old)
    put(change)
    with pytest.raises(AdoptError) as refused:
        adopt(SCHEMA)
    assert words in str(refused.value)
    assert "docs/adopting.md" in str(refused.value)
    assert written() == 0


def test_all_that_is_amiss_is_said_at_once(old, put):
    put("ALTER TABLE raw_events DROP occurred_at, DROP user_id", "DROP TABLE entity_matches")
    with pytest.raises(AdoptError) as refused:
        adopt(SCHEMA)
    assert str(refused.value).count("\n") == 3


def test_a_schema_that_is_not_theirs_is_refused(committed):
    with pytest.raises(AdoptError, match="The schema 'no' has no table of the replaced system"):
        adopt("no")
    with pytest.raises(AdoptError, match="contains finley's own tables"):
        adopt("public")


def test_a_database_that_is_away_is_said_without_its_password(committed):
    with pytest.raises(AdoptError, match="cannot be reached") as refused:
        adopt("public", "postgresql://me:geheim@127.0.0.1:1/old")
    assert "geheim" not in str(refused.value)
    with pytest.raises(AdoptError, match="--from is not an address") as refused:
        adopt("public", "postgresql//me:geheim@x")
    assert "geheim" not in str(refused.value)


# What a statement makes of the first row of a table, and why that row is then skipped.
SKIPPED = [
    ("raw_events", "id = NULL", f"id {NO_UUID}"),
    ("raw_events", "occurred_at = NULL", "occurred_at is missing"),
    ("raw_events", "occurred_at = 'infinity'", "occurred_at is outside the years 1 to 9999"),
    ("raw_events", "occurred_at = '0044-03-15 BC'", "occurred_at is outside the years 1 to 9999"),
    ("raw_events", f"amount = {NAN}", "amount is not a number below 10^16"),
    ("raw_events", f"amount = {INFINITE}", "amount is not a number below 10^16"),
    ("raw_events", "amount = 1e17", "amount is not a number below 10^16"),
    ("raw_events", "currency = NULL", "an amount without a currency (name one with --currency)"),
    ("raw_events", "currency = 'gb'", "currency is not a code of three capital letters"),
    ("raw_events", "external_id = ''", "source or external_id is empty"),
    ("normalized_entities", "name = ' \u00a0'", "name is empty"),
    ("normalized_entities", "name = NULL", "name is missing"),
    (
        "normalized_entities",
        "kind = 'person'",
        "kind is none of vendor, department, account, employee, customer, project, clearing",
    ),
    ("entity_matches", f"confidence = {NAN}", "confidence is not a number"),
    ("entity_matches", "confidence = 1.5", "confidence is not a number from 0 to 1"),
    ("entity_matches", "event_id = NULL", f"event_id {NO_UUID}"),
    ("entity_matches", "event_id = gen_random_uuid()", "event_id names no row of raw_events"),
    (
        "entity_matches",
        f"entity_id = '{UUID(int=99)}'",
        "entity_id names another tenant's row of normalized_entities",
    ),
    ("relationship_instances", f"confidence_score = {NAN}", "confidence_score is not a number"),
    ("relationship_instances", "confidence_score = NULL", "confidence_score is missing"),
    ("relationship_instances", "relationship_type = ''", "relationship_type is empty"),
    (
        "relationship_instances",
        f"source_event_id = '{UUID(int=98)}'",
        "source_event_id names another tenant's row of raw_events",
    ),
    (
        "relationship_instances",
        "target_event_id = gen_random_uuid()",
        "target_event_id names no row of raw_events",
    ),
    ("causal_relationships", "causal_score = 2", "causal_score is not a number from 0 to 1"),
    (
        "causal_relationships",
        "causal_direction = 'up'",
        "causal_direction is none of forward, backward, both",
    ),
    (
        "causal_relationships",
        "relationship_id = gen_random_uuid()",
        "relationship_id names no row of relationship_instances",
    ),
    (
        "causal_relationships",
        f"relationship_id = '{UUID(int=97)}'",
        "relationship_id names another tenant's row of relationship_instances",
    ),
    (
        "temporal_patterns",
        "recurrence_frequency = 'daily'",
        "recurrence_frequency is none of weekly, fortnightly, twice_monthly, four_weekly, "
        "thirty_days, monthly, two_monthly, quarterly, half_yearly, yearly",
    ),
    (
        "temporal_patterns",
        "relationship_type = 'other'",
        "it is about no relationship that is there",
    ),
    (
        "seasonal_patterns",
        "seasonal_months = '{0,13}'",
        "seasonal_months has a value that is not a month (1 to 12)",
    ),
    ("seasonal_patterns", "seasonal_months = '{}'", "seasonal_months is empty"),
    ("cross_platform_relationships", "platform_sources = '[]'", "platform_sources is empty"),
    ("cross_platform_relationships", "platform_sources = '3'", "platform_sources is missing"),
    ("predicted_relationships", "status = 'cancelled'", "its status leaves it out"),
    (
        "root_cause_analyses",
        "source_event_id = gen_random_uuid()",
        "source_event_id names no row of raw_events",
    ),
    (
        "event_delta_logs",
        f"event_id = '{UUID(int=98)}'",
        "event_id names another tenant's row of raw_events",
    ),
    ("event_delta_logs", "old_values = '[]'", "old_values is not JSON of the right kind"),
    (
        "duplicate_transactions",
        "original_event_id = event_id",
        "it is about no relationship that is there",
    ),
]
CASES = [UUID(int=1000 + n) for n in range(len(SKIPPED))]


def test_a_row_that_finley_cannot_hold_is_skipped_with_a_reason(old, put):
    """Each case is a tenant's of its own, beside one whose rows are pointed at."""
    foreign(old)
    changes = []
    for user, (name, change, _) in zip(CASES, SKIPPED, strict=True):
        one_of_each(old, user)
        row = old.of(user, name)[0]["id"]
        changes.append(f"UPDATE {name} SET {change} WHERE id = '{row}'")  # noqa: S608
    put(*changes)
    for user, (name, change, words) in zip(CASES, SKIPPED, strict=True):
        outcome = adopt(SCHEMA, only=[user, OTHER], dry_run=True)
        assert table(outcome, name).skipped == {words: 1}, (name, change)
    outcome = adopt(SCHEMA)
    for item in outcome.tables:
        assert item.rows == item.brought + sum(item.skipped.values())
    assert [item.written for item in adopt(SCHEMA).tables] == [0] * 13
    for user in CASES:
        shown(user)


@pytest.mark.parametrize(
    ("value", "words"), [("NULL", f"user_id {NO_UUID}"), (f"'{UUID(int=0)}'", "user_id is zero")]
)
def test_a_row_of_nobody_is_skipped(old, put, value, words):
    small(old)
    put(f"UPDATE raw_events SET user_id = {value} WHERE external_id = '0'")  # noqa: S608
    outcome = adopt(SCHEMA)
    assert table(outcome, "raw_events").skipped == {words: 1}
    assert outcome.tenants == 1


def one_of_each(old, user=USER) -> None:
    """A payment with a row in every layer."""
    relationship = small(old, user)
    source = relationship["source_event_id"]
    later = old.event(user, 2)
    old.relationship(user, later["id"], relationship["target_event_id"], deleted_at=None)
    of = {"relationship_id": relationship["id"]}
    old.add("causal_relationships", user, **of, causal_score=0.5, causal_direction="both")
    old.add("temporal_patterns", user, relationship_type="payment", recurrence_score=0.5,
            recurrence_frequency="monthly", last_occurrence="2024-01-31")  # fmt: skip
    old.add("seasonal_patterns", user, **of, seasonal_strength=0.5, seasonal_months=[1])
    old.add("cross_platform_relationships", user, **of, platform_sources='["bank"]')
    old.add("predicted_relationships", user, source_event_id=source, status="pending",
            prediction_confidence=0.5)  # fmt: skip
    old.add("root_cause_analyses", user, source_event_id=source, root_cause_analysis="rain")
    old.add("event_delta_logs", user, event_id=source, change_type="created")
    old.add("duplicate_transactions", user, event_id=later["id"], original_event_id=source,
            duplicate_confidence=0.9)  # fmt: skip


def foreign(old) -> None:
    """Another tenant's rows, with ids that are known."""
    event = old.event(OTHER, 1, id=UUID(int=98))
    entity = old.entity(OTHER, "Theirs", id=UUID(int=99))
    old.match(OTHER, event, entity)
    old.relationship(OTHER, event["id"], event["id"], id=UUID(int=97), deleted_at=None)


def test_each_layer_comes_where_nothing_is_amiss(old, put):
    one_of_each(old)
    put()
    outcome = adopt(SCHEMA)
    assert [item.skipped for item in outcome.tables] == [{}] * 13
    (row,) = (row for row in shown(USER).values() if row["causal_score"])
    assert row["root_cause_analysis"] == "rain"
    assert rows(models.RootCauseAnalysis)[0].confidence == 0.5
    assert rows(models.PredictedRelationship)[0].prediction_reason == ""


def test_what_hangs_on_a_skipped_row_is_skipped_with_it(old, put):
    relationship = small(old)
    put(f"UPDATE raw_events SET amount = {NAN} WHERE id = '{relationship['target_event_id']}'")  # noqa: S608
    outcome = adopt(SCHEMA)
    assert table(outcome, "entity_matches").skipped == {
        "event_id names a skipped row of raw_events": 1
    }
    assert table(outcome, "relationship_instances").skipped == {
        "target_event_id names a skipped row of raw_events": 1
    }


def test_an_id_that_stands_twice_is_one_row_s(old, put):
    small(old)
    twin = {**old.rows["raw_events"][0], "external_id": "other", "user_id": OTHER}
    later = old.rows["raw_events"][0]["created_at"].replace(year=2030)
    bad = {**twin, "amount": "NaN", "created_at": later}
    old.rows["raw_events"] += [{**twin, "created_at": later.replace(year=2000)}, bad]
    put()
    outcome = adopt(SCHEMA)
    assert table(outcome, "raw_events").skipped == {
        "amount is not a number below 10^16": 1,
        "its id is another row's, too": 1,
    }
    assert len(rows(models.RawEvent)) == 2
    assert len(shown(USER)) == 1


def test_an_id_that_another_tenant_has_in_finley_is_not_taken(old, put):
    relationship = small(old)
    make = models.RawEvent.objects.using("owner").create
    make(id=relationship["source_event_id"], user_id=OTHER, source="x", platform="x",
         external_id="x", transaction_ref="x", occurred_at="2024-01-01T00:00Z")  # fmt: skip
    put()
    outcome = adopt(SCHEMA)
    assert table(outcome, "raw_events").skipped == {"its id is another tenant's in finley": 1}
    assert not shown(USER)


def test_ids_may_be_text_if_they_are_uuids(old, put):
    relationship = small(old)
    put(
        *(
            f"ALTER TABLE {row} ALTER id TYPE varchar(40), ALTER user_id TYPE text"
            for row in old.rows
        ),
        "ALTER TABLE entity_matches ALTER event_id TYPE text",
        "UPDATE entity_matches SET event_id = '7' WHERE false",
        f"UPDATE raw_events SET id = '12-x' WHERE id = '{relationship['source_event_id']}'",  # noqa: S608
    )
    outcome = adopt(SCHEMA, only=[USER])
    assert table(outcome, "raw_events").skipped == {f"id {NO_UUID}": 1}
    assert table(outcome, "entity_matches").brought == 1


def test_amounts_get_the_currency_that_is_named(old, put):
    small(old)
    put("UPDATE raw_events SET currency = NULL")
    adopt(SCHEMA, currency="EUR")
    assert {row.currency for row in rows(models.RawEvent)} == {"EUR"}


def test_every_rule_of_the_tables_has_words():
    """A new rule without words would be told by its name."""
    for old in tables():
        for rule in old.model._meta.constraints:
            if isinstance(rule, CheckConstraint):
                assert "breaks the rule" not in in_words(old.name, rule.name), rule.name
