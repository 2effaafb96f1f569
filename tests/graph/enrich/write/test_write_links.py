"""Links, duplicates, platforms and canonical payments in the tables."""

import uuid
from typing import Any
from uuid import UUID

import pytest

from graph import models
from graph.enrich import canonical, cross_platform, fraud, run_enrichment
from graph.enrich.columns.payments import load
from graph.enrich.links import same_transaction
from graph.enrich.write import write_links
from graph.enrich.write.counts import Counts
from graph.enrich.write.write_links import Link
from graph.ingest.import_file import format_of, import_file
from tests.graph import rows

LEDGER = (
    "entry_id,posted_on,account,party,party_kind,supplier_id,vat_number,iban,invoice_number,"
    "due_date,entry_type,amount,currency,description\n"
)
CARD = "transaction_id,booked_on,cardholder,merchant,mcc,amount,currency\n"
BANK = (
    "transaction_id,booked_on,value_on,account,description,counterparty,iban,amount,currency,"
    "reference\n"
)
BOOKS = {
    "ledger.csv": LEDGER
    + "L1,2024-03-01,Office,Acme Mills Ltd,vendor,V1,,GB1,INV-70123,2024-03-31,PI,123.45,GBP,x\n"
    + "L2,2024-03-09,Office,Acme Mills Ltd,vendor,V1,,GB1,INV-70123,2024-04-08,PI,123.45,GBP,x\n"
    + "L3,2024-03-04,Office,Dale Hardware Ltd,vendor,V2,,,,,CP,17.80,GBP,Tools\n",
    "card.csv": CARD + "C1,2024-03-02,ANN BIRTLE,DALE HARDWARE LEEDS,5261,17.80,GBP\n",
    "bank.csv": BANK
    + "B1,2024-03-30,2024-03-30,Current account,BACS,ACME MILLS,GB1,-123.45,GBP,INV-70123\n",
}


@pytest.fixture
def books(tenant: Any, tmp_path: Any) -> Any:
    for name, text in BOOKS.items():
        (tmp_path / name).write_text(text)
        import_file(tenant.id, tmp_path / name, format_of(tmp_path / name), tmp_path)
    return tenant


def state() -> list[Any]:
    links = models.RelationshipInstance.objects.using("owner").filter(edge_class="link")
    return list(links.order_by("id").values_list())


def keys(kind: str) -> set[tuple[str, str]]:
    links = models.RelationshipInstance.objects.using("owner").filter(
        relationship_type=kind, deleted_at=None
    )
    links = links.select_related("source_event", "target_event")
    return {(link.source_event.external_id, link.target_event.external_id) for link in links}


def two(user: uuid.UUID) -> tuple[str, str]:
    return str(rows.event(user).id), str(rows.event(user).id)


def test_written_changed_withdrawn_and_back(tenant):
    one, other = two(tenant.id)
    link = Link(one, other, "reference", 0.9, "both name 7")
    assert write_links.write(tenant.id, "m", [link]) == Counts(added=1)
    before = state()
    assert write_links.write(tenant.id, "m", [link]) == Counts()
    assert state() == before
    better = Link(one, other, "reference", 0.95, "both name 77")
    assert write_links.write(tenant.id, "m", [better]) == Counts(changed=1)
    assert write_links.write(tenant.id, "other method", []) == Counts()
    assert write_links.write(tenant.id, "m", []) == Counts(removed=1)
    [withdrawn] = models.RelationshipInstance.objects.using("owner").all()
    assert withdrawn.deleted_at is not None
    assert withdrawn.reason == "withdrawn: both name 77"
    assert write_links.write(tenant.id, "m", []) == Counts()
    assert write_links.write(tenant.id, "m", [link]) == Counts(added=1)
    [back] = models.RelationshipInstance.objects.using("owner").all()
    assert (back.id, back.deleted_at, back.confidence_score) == (withdrawn.id, None, 0.9)


def test_no_two_events_are_linked_both_ways(tenant):
    one, other = two(tenant.id)
    mirrored = [
        Link(one, other, "reversal", 0.8, "x"),
        Link(other, one, "reversal", 0.9, "y"),
        Link(one, other, "settles", 0.7, "z"),
    ]
    assert write_links.write(tenant.id, "m", mirrored) == Counts(added=2)
    stored_links = models.RelationshipInstance.objects.using("owner").order_by("relationship_type")
    assert [link.reason for link in stored_links] == ["y", "z"]


def test_what_a_person_deleted_stays_deleted(tenant):
    one, other = two(tenant.id)
    link = Link(one, other, "reference", 0.9, "both name 7")
    write_links.write(tenant.id, "m", [link])
    deleted = models.RelationshipInstance.objects.using("owner")
    deleted.update(deleted_at=rows.DAY)
    before = state()
    assert write_links.write(tenant.id, "m", [link]) == Counts()
    assert write_links.write(tenant.id, "m", []) == Counts()
    assert state() == before


def test_another_tenants_events_are_none(tenant, other_tenant):
    link = Link(*two(other_tenant.id), "reference", 0.9, "x")
    assert write_links.write(tenant.id, "m", [link]) == Counts()
    assert state() == []


def enriched(user_id: UUID) -> dict[str, Counts]:
    """Every kind of link, and duplicates."""
    steps = ("same_transaction", "reversals", "settles", "fees", "references", "fraud")
    return {
        result.layer: Counts(result.rows_added, result.rows_changed, result.rows_removed)
        for result in run_enrichment.enrich(user_id, steps)
    }


def test_an_empty_tenant(tenant):
    payments = load(tenant.id)
    assert set(enriched(tenant.id).values()) == {Counts()}
    assert cross_platform.enrich(tenant.id, payments) == Counts()
    assert canonical.of_tenant(tenant.id) == {}


def test_every_kind_of_link_from_imported_books(books):
    payments = load(books.id)
    counts = enriched(books.id)
    assert keys("same_transaction") == {("C1", "L3")}
    assert keys("settles") == {("L1", "B1")}
    assert keys("reference") == {("B1", "L1"), ("B1", "L2")}
    assert counts["fraud"] == Counts(added=1)
    before = state()
    assert set(enriched(books.id).values()) == {Counts()}
    assert state() == before
    assert same_transaction.enrich(books.id, payments) == Counts()


def test_platforms_and_the_canonical_payment(books):
    payments = load(books.id)
    enriched(books.id)
    assert cross_platform.enrich(books.id, payments) == Counts(added=5)
    assert cross_platform.enrich(books.id, load(books.id)) == Counts()
    platforms = {
        fact.relationship.target_event.external_id: (fact.platform_sources, fact.evidence)
        for fact in models.CrossPlatformRelationship.objects.using("owner").select_related(
            "relationship__target_event"
        )
    }
    both = {"card": ["finley-demo.card C1"], "ledger": ["finley-demo.ledger L3"]}
    assert platforms["C1"] == platforms["L3"] == (["card", "ledger"], both)
    assert platforms["B1"] == (["bank"], {})
    flows = models.RelationshipInstance.objects.using("owner").select_related("target_event")
    flows = flows.filter(edge_class="flow")
    by = {flow.target_event.external_id: str(flow.id) for flow in flows}
    assert canonical.of_tenant(books.id) == {by["C1"]: by["L3"], by["L3"]: by["L3"]}


def test_a_document_is_a_platform(books):
    flows = models.RelationshipInstance.objects.using("owner").select_related("target_event")
    flow = flows.get(edge_class="flow", target_event__external_id="L3")
    mail = rows.event(books.id, kind="message")
    values = {"relationship_type": "receipt", "edge_class": "link"}
    rows.relationship(books.id, mail, flow.target_event, **values)
    models.RawEvent.objects.using("owner").filter(id=mail.id).update(platform="gmail")
    cross_platform.enrich(books.id, load(books.id))
    fact = models.CrossPlatformRelationship.objects.using("owner").get(relationship=flow)
    assert fact.platform_sources == ["gmail", "ledger"]


def duplicate() -> Any:
    return models.DuplicateTransaction.objects.using("owner").get()


def test_a_duplicate_names_the_pair_and_its_keys(books):
    fraud.enrich(books.id, load(books.id))
    one = duplicate()
    assert one.relationship_key == "finley-demo.ledger L2"
    assert one.original_key == "finley-demo.ledger L1"
    assert one.status == "open"
    assert one.evidence["kind"] == "paid_twice"


@pytest.mark.parametrize("status", ["dismissed", "confirmed"])
def test_a_persons_word_stays(books, status):
    payments = load(books.id)
    fraud.enrich(books.id, payments)
    models.DuplicateTransaction.objects.using("owner").update(status=status)
    assert fraud.enrich(books.id, payments) == Counts()
    assert duplicate().status == status
    assert fraud.enrich(books.id, payments, []) == Counts()  # no longer found
    assert duplicate().status == status


def test_a_dismissal_holds_for_the_same_rows_under_other_relationships(books):
    payments = load(books.id)
    fraud.enrich(books.id, payments)
    one = duplicate()
    stand_in = rows.payment(books.id)
    models.DuplicateTransaction.objects.using("owner").filter(id=one.id).update(
        status="dismissed", relationship_id=stand_in
    )
    assert fraud.enrich(books.id, payments) == Counts(added=1)
    again = models.DuplicateTransaction.objects.using("owner").exclude(id=one.id).get()
    assert (again.relationship_id, again.status) == (one.relationship_id, "dismissed")


def test_what_is_not_found_any_more_goes(books):
    payments = load(books.id)
    fraud.enrich(books.id, payments)
    assert fraud.enrich(books.id, payments, []) == Counts(removed=1)
    assert not models.DuplicateTransaction.objects.using("owner").exists()
