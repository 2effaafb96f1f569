"""Documents as events, and their links to transactions, whatever comes first."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from finley.models import User
from graph import models
from graph.database.tenancy import tenant_transaction
from graph.ingest.documents.document_facts import Document, Reading, read
from graph.ingest.store import store_documents
from graph.ingest.store.store_documents import Counts
from tests.graph.ingest.contents import rows
from tests.graph.ingest.store.conftest import Import

DAY = datetime(2024, 1, 31, tzinfo=UTC)
SOURCE = "gmail.one"


def mail(key: str = "m1", text: str = "", name: str = "Your invoice", **values: Any) -> Document:
    usual = {"sender_name": "Acme Ltd", "sender_email": "billing@acme.example", "occurred_at": DAY}
    return Document(key, "message", name, text, **{**usual, **values})


def reading(text: str, **values: Any) -> Reading:
    result = read(mail(text=text, **values))
    assert result is not None
    return result


def take(user: UUID, *readings: Reading, source: str = SOURCE) -> Counts:
    with tenant_transaction(user) as connection:
        return store_documents.store(connection, user, source, "gmail", readings)


def gone(user: UUID, *keys: str) -> int:
    with tenant_transaction(user) as connection:
        return store_documents.retract(connection, user, SOURCE, keys)


def linked(user: UUID) -> dict[str, tuple[str, int, float]]:
    """By document: the transaction's row, the posting that the link goes to, how sure."""
    rows_by_document = {}
    for link in receipts_of(user):
        if link.deleted_at is None:
            target = link.target_event
            assert link.source_event.external_id not in rows_by_document, "one link a document"
            rows_by_document[link.source_event.external_id] = (
                target.external_id, target.posting, link.confidence_score,
            )  # fmt: skip
    return rows_by_document


def receipts_of(user: UUID) -> list[models.RelationshipInstance]:
    relationships = models.RelationshipInstance.objects.using("owner")
    return list(
        relationships.filter(user_id=user, relationship_type="receipt").order_by("created_at")
    )


def parties(user: UUID) -> dict[str, list[tuple[str, float, str]]]:
    """By document: the identities that it is matched to, the best first."""
    matches_by_document: dict[str, list[tuple[str, float, str]]] = {}
    matches = models.EntityMatch.objects.using("owner").filter(user_id=user)
    for match in matches.exclude(event__kind="posting").order_by("-confidence"):
        match_of = (match.entity.identity, match.confidence, match.reason)
        matches_by_document.setdefault(match.event.external_id, []).append(match_of)
    return matches_by_document


def document(user: UUID, key: str = "m1") -> models.RawEvent:
    return models.RawEvent.objects.using("owner").get(user_id=user, external_id=key)


SEEDS = ("L1", "2024-02-10", "120.00", "Acme Ltd", "INV-77")
INVOICE = "Invoice INV-77\nTotal: GBP 120.00\nDue date: 2024-03-01"


class TestADocument:
    def test_becomes_an_event(self, tenant: User) -> None:
        mail_read = reading(INVOICE, url="https://mail.example/m1", metadata={"labels": ["INBOX"]})
        assert take(tenant.id, mail_read) == Counts(1, 1, 0, 0, 0)
        event = document(tenant.id)
        columns = {name: getattr(event, name) for name in (
            "kind", "source", "platform", "posting", "transaction_ref", "occurred_at", "precision",
            "amount", "currency", "document_ref", "party_kind", "party_name", "party_keys",
            "description", "provenance",
        )}  # fmt: skip
        assert columns == {
            "kind": "message", "source": SOURCE, "platform": "gmail", "posting": 1,
            "transaction_ref": "gmail.one m1", "occurred_at": DAY, "precision": "second",
            "amount": 120, "currency": "GBP", "document_ref": "INV-77", "party_kind": "vendor",
            "party_name": "Acme Ltd", "party_keys": {"email": "billing@acme.example"},
            "description": "Your invoice", "provenance": [
                {"file": "Your invoice", "url": "https://mail.example/m1", "labels": ["INBOX"]}
            ],
        }  # fmt: skip
        assert f"{event.due_on}" == "2024-03-01"
        assert event.data == {
            "snippet": "Invoice INV-77 Total: GBP 120.00 Due date: 2024-03-01",
            "amounts": [{"amount": "120.00", "currency": "GBP", "rank": 2}],
            "references": [{"kind": "invoice", "number": "INV-77"}],
        }

    def test_again_changes_nothing(self, tenant: User, books: Import) -> None:
        books(SEEDS)
        take(tenant.id, reading(INVOICE))
        before = everything(tenant.id)
        assert take(tenant.id, reading(INVOICE)) == Counts(1, 0, 0, 1, 0)
        assert everything(tenant.id) == before

    def test_twice_in_one_batch_is_one(self, tenant: User) -> None:
        last = reading("Total GBP 5.00")
        assert take(tenant.id, reading(INVOICE), last).documents_stored == 1
        assert document(tenant.id).amount == 5

    def test_that_changed_is_updated_and_linked_anew(self, tenant: User, books: Import) -> None:
        books(SEEDS, ("L2", "2024-02-11", "9.00", "Acme Ltd", "INV-78"))
        take(tenant.id, reading(INVOICE))
        changed = reading("Invoice INV-78 total GBP 9.00")
        assert take(tenant.id, changed) == Counts(1, 0, 1, 0, 1)
        assert linked(tenant.id) == {"m1": ("L2", 1, 0.97)}
        assert take(tenant.id, reading(INVOICE)) == Counts(1, 0, 1, 0, 1)
        assert linked(tenant.id) == {"m1": ("L1", 1, 0.97)}
        assert len(receipts_of(tenant.id)) == 2

    def test_that_changed_to_nothing_known_loses_its_link(
        self, tenant: User, books: Import
    ) -> None:
        books(SEEDS)
        take(tenant.id, reading(INVOICE))
        take(tenant.id, reading("Invoice INV-99 total GBP 3.00"))
        assert linked(tenant.id) == {}
        [link] = receipts_of(tenant.id)
        assert link.deleted_at is not None
        assert link.reason.startswith("withdrawn (changed): the mail")

    def test_of_text_that_postgresql_refuses_is_stored(self, tenant: User) -> None:
        odd = "x\x00\ud800y"
        take(tenant.id, reading(f"Invoice INV-77 {odd}", name=odd, sender_name=odd,
                                metadata={odd: [odd]}))  # fmt: skip
        event = document(tenant.id)
        assert event.description == event.party_name == "x\ufffd\ufffdy"

    def test_of_nothing_is_nothing(self, tenant: User) -> None:
        assert take(tenant.id) == Counts()
        assert gone(tenant.id) == 0

    def test_among_many_is_taken_in_bulk(self, tenant: User) -> None:
        many = [reading(f"Invoice INV-{n}", key=str(n)) for n in range(200)]
        assert take(tenant.id, *many).documents_stored == 200

    def test_leaves_the_transaction_s_settings_alone(self, tenant: User) -> None:
        many = [reading(f"Invoice INV-{n}", key=str(n)) for n in range(101)]
        with tenant_transaction(tenant.id) as connection:
            store_documents.store(connection, tenant.id, SOURCE, "gmail", many)
            store_documents.store(connection, tenant.id, "gmail.two", "gmail", many)
            with connection.cursor() as cursor:
                cursor.execute("SELECT current_setting('enable_nestloop')")
                assert cursor.fetchone() == ("on",)


def everything(user: UUID) -> dict[str, list[dict[str, Any]]]:
    tables = (models.RawEvent, models.NormalizedEntity, models.EntityMatch,
              models.RelationshipInstance, models.EventDeltaLog)  # fmt: skip
    return {table.__name__: [vars(row) | {"_state": 0} for row in rows(table, user)]
            for table in tables}  # fmt: skip


class TestTheSender:
    def test_unknown_is_a_new_vendor(self, tenant: User) -> None:
        take(tenant.id, reading(INVOICE), reading("Invoice INV-78", key="m2",
             sender_email="other@acme.example"))  # fmt: skip
        [vendor] = rows(models.NormalizedEntity, tenant.id)
        assert (vendor.kind, vendor.name) == ("vendor", "Acme Ltd")
        assert vendor.identity == "acme ltd [email=billing@acme.example]"
        expected = [("acme ltd [email=billing@acme.example]", 0.9, "document: same name")]
        assert parties(tenant.id) == {"m1": expected, "m2": expected}

    def test_known_to_the_books_is_their_vendor(self, tenant: User, books: Import) -> None:
        books(("L1", "2024-02-10", "7.00", "ACME LTD.", ""), supplier_id="S1")
        take(tenant.id, reading(INVOICE))
        expected = [("acme ltd [supplier_id=s1]", 0.9, "document: same name")]
        assert parties(tenant.id) == {"m1": expected}

    def test_of_several_of_that_name_is_the_one_of_the_most_events(
        self, tenant: User, books: Import
    ) -> None:
        books(("L1", "2024-02-10", "7.00", "Acme Ltd", ""), supplier_id="S1")
        books(("L2", "2024-02-10", "8.00", "Acme Ltd", ""),
              ("L3", "2024-02-10", "9.00", "Acme Ltd", ""), supplier_id="S2")  # fmt: skip
        take(tenant.id, reading(INVOICE))
        reason = "document: of 2 parties of this name the one of the most events"
        assert parties(tenant.id) == {"m1": [("acme ltd [supplier_id=s2]", 0.6, reason)]}

    def test_that_is_a_department_of_that_name_is_none(self, tenant: User, books: Import) -> None:
        books(SEEDS)
        take(tenant.id, reading("Invoice INV-5", sender_name="Parks"))
        assert parties(tenant.id)["m1"][0][0] == "parks [email=billing@acme.example]"

    def test_that_another_text_names_is_another(self, tenant: User) -> None:
        take(tenant.id, reading(INVOICE))
        take(tenant.id, reading(INVOICE, sender_name="Bolt"))
        assert [match[0] for match in parties(tenant.id)["m1"]] == [
            "bolt [email=billing@acme.example]"
        ]

    def test_of_a_file_is_the_vendor_of_its_transaction(self, tenant: User, books: Import) -> None:
        books(SEEDS)
        take(tenant.id, reading(INVOICE, sender_name="", sender_email=""))
        assert parties(tenant.id) == {
            "m1": [("acme ltd", 0.95, "receipt: the party of its transaction")]
        }

    def test_first_seen_in_a_mail_is_the_ledger_s_once_linked(
        self, tenant: User, books: Import
    ) -> None:
        take(tenant.id, reading(INVOICE))
        books(SEEDS, supplier_id="S1")
        assert [match[:2] for match in parties(tenant.id)["m1"]] == [
            ("acme ltd [supplier_id=s1]", 0.95), ("acme ltd [email=billing@acme.example]", 0.9),
        ]  # fmt: skip

    def test_of_a_name_of_any_length_is_stored(self, tenant: User) -> None:
        long = "ﷺ" * 5000
        for n in range(2):
            take(
                tenant.id,
                reading(INVOICE + "!" * n, sender_name=long, sender_email=f"{'x' * 60}@a.example"),
            )
        assert len(parties(tenant.id)["m1"]) == len(rows(models.NormalizedEntity, tenant.id)) == 1
