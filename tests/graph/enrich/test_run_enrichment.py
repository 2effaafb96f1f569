"""The frame and its layers in the database: written once, changed only where the books changed."""

import json
from contextlib import ExitStack
from datetime import UTC, date, datetime, time

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from finley.models import User
from graph.database.role import as_owner
from graph.enrich import run_enrichment
from graph.ingest.store.request_enrichment import books_changed
from graph.models import (
    PredictedRelationship,
    RawEvent,
    RelationshipInstance,
    RelationshipPattern,
    SeasonalPattern,
    TemporalPattern,
)
from syncjobs import periodic
from tests.graph import rows
from tests.graph.ingest import processes

LAYERS = ["temporal", "seasonal", "pattern", "prediction"]


def months(count: int) -> list[date]:
    return [date(2022 + at // 12, at % 12 + 1, 10) for at in range(count)]


def pay(tenant, payer, payee, days: list[date], amounts) -> list[RelationshipInstance]:
    paid = []
    for at, day in enumerate(days):
        when = datetime.combine(day, time(), UTC)
        amount = amounts[at % len(amounts)]
        ends = [rows.event(tenant, party, amount=sign * amount, occurred_at=when)
                for party, sign in ((payer, -1), (payee, 1))]  # fmt: skip
        paid.append(rows.relationship(tenant, *ends))
    return paid


@pytest.fixture
def books(committed):
    """Three years of a heating bill, and its payments."""
    tenant = rows.tenant_id()
    office, vendor = rows.entity(tenant, "Office", "department"), rows.entity(tenant, "Gas Works")
    winter = [300, 290, 250, 120, 60, 40, 35, 35, 60, 130, 250, 310]
    return tenant, office, vendor, pay(tenant, office, vendor, months(36), winter)


def all_of(model):
    return list(model.objects.using("owner").order_by("id").values())


def everything():
    tables = (TemporalPattern, SeasonalPattern, RelationshipPattern, PredictedRelationship)
    return [all_of(table) for table in (*tables, RelationshipInstance)]


def test_empty_books_have_no_layers(committed):
    results = run_enrichment.enrich(rows.tenant_id(), LAYERS)
    assert [result.layer for result in results] == LAYERS
    assert all(
        result.rows_added == result.rows_changed == result.rows_removed == 0 for result in results
    )


def test_one_payment_has_no_layers(committed):
    tenant = rows.tenant_id()
    rows.payment(tenant, rows.entity(tenant, "Office"), rows.entity(tenant, "Shop"))
    assert sum(result.rows_added for result in run_enrichment.enrich(tenant, LAYERS)) == 0


def test_every_layer_is_written_and_pointed_at(books):
    tenant, *_ = books
    results = run_enrichment.enrich(tenant, LAYERS)
    assert [(result.layer, result.rows_added) for result in results] == [
        (layer, 1) for layer in LAYERS
    ]
    temporal = TemporalPattern.objects.using("owner").get()
    assert (temporal.recurrence_frequency, temporal.occurrences) == ("monthly", 36)
    assert temporal.last_occurrence == date(2024, 12, 10)
    assert temporal.next_predicted_occurrence == date(2025, 1, 10)
    assert temporal.active
    assert temporal.evidence["kept"] == 36
    season = SeasonalPattern.objects.using("owner").get()
    assert season.seasonal_months == [1, 2, 3, 11, 12]
    template = RelationshipPattern.objects.using("owner").get()
    edges = RelationshipInstance.objects.using("owner").all()
    assert {e.temporal_pattern_id for e in edges} == {temporal.pk}
    assert {e.seasonal_pattern_id for e in edges} == {season.pk}
    assert {e.pattern_id for e in edges} == {template.pk}
    expected = PredictedRelationship.objects.using("owner").get()
    assert expected.status == "pending"
    assert expected.expected_from <= date(2025, 1, 10) <= expected.expected_to


def test_again_changes_nothing(books):
    tenant, *_ = books
    run_enrichment.enrich(tenant, LAYERS)
    before = everything()
    results = run_enrichment.enrich(tenant, LAYERS)
    assert all(
        result.rows_added == result.rows_changed == result.rows_removed == 0 for result in results
    )
    assert everything() == before


def test_what_comes_next_fulfils_and_keeps_the_ids(books):
    tenant, office, vendor, _ = books
    run_enrichment.enrich(tenant, LAYERS)
    before = TemporalPattern.objects.using("owner").get()
    (late,) = pay(tenant, office, vendor, [date(2025, 1, 10)], [305])
    results = {result.layer: result for result in run_enrichment.enrich(tenant, LAYERS)}
    after = TemporalPattern.objects.using("owner").get()
    assert (after.pk, after.occurrences) == (before.pk, 37)
    assert (results["prediction"].rows_added, results["prediction"].rows_changed) == (1, 1)
    old, new = PredictedRelationship.objects.using("owner").order_by("expected_from")
    assert (old.status, old.fulfilled_by_event_id) == ("fulfilled", late.target_event_id)
    assert (new.status, new.relationship_id) == ("pending", late.pk)


def test_payments_that_are_taken_out_leave_their_series(books):
    tenant, _, _, paid = books
    run_enrichment.enrich(tenant, LAYERS)
    ids = [payment.pk for payment in paid[:34]]
    RelationshipInstance.objects.using("owner").filter(pk__in=ids).update(
        deleted_at=datetime(2025, 1, 1, tzinfo=UTC)
    )
    results = {result.layer: result for result in run_enrichment.enrich(tenant, LAYERS)}
    assert [results[layer].rows_removed for layer in LAYERS] == [1, 1, 1, 1]
    edges = RelationshipInstance.objects.using("owner").all()
    assert {(e.temporal_pattern_id, e.seasonal_pattern_id, e.pattern_id) for e in edges} == {
        (None, None, None)
    }
    assert PredictedRelationship.objects.using("owner").get().status == "cancelled"


def test_additions_changes_and_deletions_end_as_everything_searched_again(books):
    """After each change of the books, a run that searches everything again changes no layer."""
    tenant, office, vendor, paid = books
    shop = rows.entity(tenant, "Shop")
    noise = pay(tenant, office, shop, [date(2022, 1 + at, 3 + at * at) for at in range(5)], [7, 90])
    run_enrichment.enrich(tenant)
    for change in (
        lambda: pay(tenant, office, vendor, [date(2025, 1, 10), date(2025, 2, 10)], [305]),
        lambda: pay(tenant, office, shop, months(30), [44]),
        lambda: _moved(noise[0], date(2023, 5, 6)),
        lambda: _deleted(paid[3:5]),
    ):
        change()
        assert sum(_changes(run_enrichment.enrich(tenant))) > 0
        before = everything()
        assert sum(_changes(run_enrichment.enrich(tenant, everything=True))) == 0
        assert everything() == before


def _changes(results: list[run_enrichment.Done]) -> list[int]:
    return [done.rows_added + done.rows_changed + done.rows_removed for done in results]


def _moved(payment: RelationshipInstance, day: date) -> None:
    ends = [payment.source_event_id, payment.target_event_id]
    RawEvent.objects.using("owner").filter(pk__in=ends).update(
        occurred_at=datetime.combine(day, time(), UTC)
    )


def _deleted(payments: list[RelationshipInstance]) -> None:
    RelationshipInstance.objects.using("owner").filter(
        pk__in=[payment.pk for payment in payments]
    ).update(deleted_at=datetime(2025, 1, 1, tzinfo=UTC))


def test_tenants_do_not_touch_each_other(books):
    tenant, *_ = books
    run_enrichment.enrich(tenant, LAYERS)
    before = everything()
    run_enrichment.enrich(rows.tenant_id(), LAYERS)
    assert everything() == before


def test_only_the_layers_asked_for_in_their_order(books):
    tenant, *_ = books
    progress: list[str] = []
    results = run_enrichment.enrich(tenant, ["prediction", "temporal"], progress.append)
    assert progress == [result.layer for result in results] == ["temporal", "prediction"]
    with pytest.raises(run_enrichment.LayerUnknown, match="No layer is 'tides'"):
        run_enrichment.enrich(tenant, ["tides"])


def test_the_command_says_what_it_wrote(books, capsys):
    tenant, *_ = books
    with as_owner():
        User.objects.create_user("books@example.org", id=tenant)
    call_command("enrich", user="books@example.org", layer=LAYERS, json=True)
    report = json.loads(capsys.readouterr().out)
    assert [(each["layer"], each["rows_added"]) for each in report["layers"]] == [
        (layer, 1) for layer in LAYERS
    ]
    call_command("enrich", user=str(tenant), layer=["temporal"])
    assert "temporal         0 added, 0 changed, 0 removed" in capsys.readouterr().out


def test_the_command_explains_what_it_cannot_do(committed):
    with pytest.raises(CommandError, match="No user is"):
        call_command("enrich", user="stranger@example.org")


def test_books_that_change_wait_until_they_are_enriched(books):
    tenant, *_ = books
    assert run_enrichment.waiting(10) == []
    with connections["owner"].cursor() as cursor:
        books_changed(cursor, tenant)
    assert run_enrichment.waiting(10) == [tenant]
    run_enrichment.enrich(tenant, LAYERS)  # not all of them
    assert run_enrichment.waiting(10) == [tenant]
    run_enrichment.enrich(tenant)
    assert run_enrichment.waiting(10) == []
    with connections["owner"].cursor() as cursor:
        books_changed(cursor, tenant)
    assert run_enrichment.waiting(10) == [tenant]


def test_what_changes_meanwhile_goes_on_waiting(books):
    tenant, *_ = books
    with connections["owner"].cursor() as cursor:
        books_changed(cursor, tenant)

    def meanwhile(name: str) -> None:
        if name == "root_cause":
            with connections["owner"].cursor() as cursor:
                books_changed(cursor, tenant)

    run_enrichment.enrich(tenant, progress=meanwhile)
    assert run_enrichment.waiting(10) == [tenant]


def test_two_at_once_are_as_one_after_the_other(books, tmp_path):
    tenant, *_ = books
    with as_owner():
        User.objects.create_user("books@example.org", id=tenant)
    with ExitStack() as running:
        started = [
            running.enter_context(processes.start("enrich", "--user", tenant, state=tmp_path))
            for _ in range(2)
        ]
        ends = [(process.communicate(timeout=60), process.returncode) for process in started]
    assert [code for _, code in ends] == [0, 0], ends
    assert TemporalPattern.objects.using("owner").get().occurrences == 36


def test_a_worker_enriches_who_waits(books, monkeypatch):
    tenant, *_ = books
    with connections["owner"].cursor() as cursor:
        books_changed(cursor, tenant)
    assert periodic.enrich() == {"tenants": 0}  # perhaps more is coming
    monkeypatch.setattr(periodic, "QUIET", 0)
    assert periodic.enrich() == {"tenants": 1}
    assert TemporalPattern.objects.using("owner").get().occurrences == 36
    assert periodic.enrich() == {"tenants": 0}


def test_nobody_waits_behind_books_that_cannot_be_enriched(books, monkeypatch):
    broken, fine = rows.tenant_id(), books[0]
    for tenant in (broken, fine):
        with connections["owner"].cursor() as cursor:
            books_changed(cursor, tenant)
    monkeypatch.setattr(periodic, "QUIET", 0)
    resolution = run_enrichment.STEPS["resolution"]

    def sometimes(of):
        if of.user_id == broken:
            raise ValueError("broken")
        return resolution(of)

    monkeypatch.setitem(run_enrichment.STEPS, "resolution", sometimes)
    with pytest.raises(ValueError, match="broken"):
        periodic.enrich()
    assert run_enrichment.waiting(10) == [fine, broken]
    with pytest.raises(ValueError, match="broken"):
        periodic.enrich()
    assert run_enrichment.waiting(10) == [broken]
    assert TemporalPattern.objects.using("owner").get().occurrences == 36
