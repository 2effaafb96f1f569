"""Links of documents to payments: stored, retracted, and compared with a slow, obvious way."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from finley.models import User
from graph import models
from graph.database.tenancy import tenant_transaction
from graph.ingest.documents.document_facts import Document, Reading, party
from graph.ingest.documents.document_references import Reference
from graph.ingest.store import document_links
from graph.ingest.store.store_documents import Counts
from tests.graph.ingest.store.conftest import Import
from tests.graph.ingest.store.test_store_documents import (
    DAY,
    INVOICE,
    SEEDS,
    document,
    gone,
    linked,
    reading,
    receipts_of,
    take,
)
from tests.oracle import receipts as oracle
from tests.oracle.receipts import Paper, Row


class TestALink:
    def test_is_a_link_from_the_document_to_the_payer(self, tenant: User, books: Import) -> None:
        books(SEEDS)
        assert take(tenant.id, reading(INVOICE)).linked == 1
        [link] = receipts_of(tenant.id)
        assert (link.edge_class, link.detection_method) == ("link", "document_reference")
        assert link.target_event.party_name == "Parks"
        assert link.reason == (
            "the mail 'Your invoice' names INV-77 and GBP 120.00, as row L1 of simple does"
        )

    def test_comes_about_in_either_order(self, tenant: User, books: Import) -> None:
        take(tenant.id, reading(INVOICE))
        assert linked(tenant.id) == {}
        books(SEEDS)
        assert linked(tenant.id) == {"m1": ("L1", 1, 0.97)}

    @pytest.mark.parametrize(
        ("text", "lines", "expected"),
        [
            ("Invoice no. INV 77 total £120.00", [SEEDS], ("L1", 1, 0.97)),
            ("Invoice INV-077 total £120.00", [("L1", "2024-09-10", "120.00", "Acme", "INV-77")],
             None),
            ("Invoice INV-77 total £150.00", [SEEDS], ("L1", 1, 0.9)),
            ("Invoice INV-77 total EUR 120.00", [SEEDS], ("L1", 1, 0.9)),
            ("Invoice INV-77", [("L1", "2020-02-10", "5.00", "Bolt", "INV-77")], ("L1", 1, 0.8)),
            ("Invoice INV-77 total £6.00", [("L1", "2024-02-10", "5.00", "Bolt", "INV-77")], None),
            ("Invoice no. 77", [("L1", "2024-02-10", "5.00", "Bolt", "77")], None),
            ("total £120.00", [SEEDS], ("L1", 1, 0.75)),
            ("total £120.00", [("L1", "2024-02-10", "120.00", "ACME LIMITED", "")],
             ("L1", 1, 0.75)),
            ("total £120.00", [("L1", "2024-02-10", "120.00", "Bolt", "")], None),
            ("total £120.00", [("L1", "2024-01-20", "120.00", "Acme", "")], None),
            ("total £120.00", [("L1", "2024-06-01", "120.00", "Acme", "")], None),
            ("Invoice INV-78 total £120.00", [SEEDS], None),
            ("credit note CN-5 total £120.00", [("L1", "2024-02-10", "-120.00", "Acme", "CN 5")],
             ("L1", 1, 0.97)),
            ("total -£120.00", [("L1", "2024-02-10", "-120.00", "Acme", "")], ("L1", 1, 0.75)),
            ("total -£120.00", [("L1", "2024-02-10", "120.00", "Acme", "")], None),
        ],
    )  # fmt: skip
    def test_is_as_sure_as_its_evidence(
        self, tenant: User, books: Import, text: str, lines: Any, expected: Any
    ) -> None:
        books(*lines)
        take(tenant.id, reading(text))
        assert linked(tenant.id).get("m1") == expected

    @pytest.mark.parametrize(
        ("sender", "confidence", "says"),
        [
            ("verified", 0.97, "as row L1 of"),
            ("unverified", 0.78, "nothing proves who sent the mail"),
            ("failed", 0.49, "failed the check of its sender's domain"),
        ],
    )
    def test_weighs_less_where_nobody_knows_who_sent_the_mail(
        self, tenant: User, books: Import, sender: str, confidence: float, says: str
    ) -> None:
        books(SEEDS)
        take(tenant.id, reading(INVOICE, metadata={"sender": sender}))
        link = models.RelationshipInstance.objects.using("owner").get(relationship_type="receipt")
        assert link.confidence_score == pytest.approx(confidence)
        assert says in link.reason
        matches = models.EntityMatch.objects.using("owner").filter(event_id=link.source_event_id)
        weight = {"verified": 1, "unverified": 0.8, "failed": 0.5}[sender]
        assert max(match.confidence for match in matches) <= 0.95 * weight + 0.001

    def test_is_made_to_the_row_of_the_amount_among_many(self, tenant: User, books: Import) -> None:
        books(SEEDS, ("L2", "2024-02-10", "30.00", "Acme Ltd", "INV-77"))
        take(tenant.id, reading(INVOICE), reading("Invoice INV-77 total £150.00", key="m2"),
             reading("Invoice INV-77 total £99.00", key="m3"))  # fmt: skip
        assert linked(tenant.id) == {"m1": ("L1", 1, 0.97), "m2": ("L1", 1, 0.95)}
        assert (
            "which the 2 lines of that number from row L1 of simple on add up to"
            in {link.source_event.external_id: link.reason for link in receipts_of(tenant.id)}["m2"]
        )

    def test_is_not_made_where_two_are_equally_likely(self, tenant: User, books: Import) -> None:
        books(SEEDS, ("L2", *SEEDS[1:]))
        take(tenant.id, reading(INVOICE), reading("total £120.00", key="m2"))
        assert linked(tenant.id) == {}

    def test_goes_to_the_sender_s_own_row_of_two(self, tenant: User, books: Import) -> None:
        books(SEEDS, ("L2", "2024-02-10", "120.00", "Bolt", "INV-77"))
        take(tenant.id, reading(INVOICE, sender_name="Bolt"))
        assert linked(tenant.id) == {"m1": ("L2", 1, 0.97)}

    def test_may_be_shared_by_an_invoice_and_its_reminder(
        self, tenant: User, books: Import
    ) -> None:
        books(SEEDS)
        take(tenant.id, reading(INVOICE), reading("Reminder: " + INVOICE, key="m2"))
        assert linked(tenant.id) == dict.fromkeys(["m1", "m2"], ("L1", 1, 0.97))

    def test_of_a_payer_s_own_mail_goes_to_the_payee(self, tenant: User, books: Import) -> None:
        books(SEEDS)
        take(tenant.id, reading(INVOICE, sender_name="Parks"))
        assert linked(tenant.id) == {"m1": ("L1", 2, 0.97)}

    def test_is_found_in_foreign_scripts(self, tenant: User, books: Import) -> None:
        books(("L1", "2024-02-10", "5000.00", "Ромашка", "СФ-123"))
        take(tenant.id, reading("Итого £5 000,00", sender_name="ромашка"))
        assert linked(tenant.id) == {"m1": ("L1", 1, 0.75)}

    def test_says_nothing_of_an_amount_that_everything_costs(
        self, tenant: User, books: Import, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(document_links, "COMMON", 2)
        books(*((f"L{n}", "2024-02-10", "120.00", f"Acme{n}", "") for n in range(3)))
        take(tenant.id, reading("total £120.00", sender_name="Acme1"))
        assert linked(tenant.id) == {}

    def test_never_crosses_tenants(self, tenant: User, other_tenant: User, books: Import) -> None:
        books(SEEDS, user=other_tenant.id)
        take(tenant.id, reading(INVOICE))
        books(SEEDS, user=other_tenant.id)
        assert linked(tenant.id) == linked(other_tenant.id) == {}
        books(SEEDS)
        assert linked(tenant.id) == {"m1": ("L1", 1, 0.97)}

    def test_that_people_deleted_stays_deleted(self, tenant: User, books: Import) -> None:
        books(SEEDS)
        take(tenant.id, reading(INVOICE))
        at = timezone.now()
        models.RelationshipInstance.objects.using("owner").filter(
            relationship_type="receipt"
        ).update(deleted_at=at)
        books(("L2", "2024-02-10", "9.00", "Bolt", ""))
        gone(tenant.id, "m1")
        take(tenant.id, reading(INVOICE))
        take(tenant.id, reading(INVOICE + " again"))
        assert [link.deleted_at for link in receipts_of(tenant.id)] == [at]


class TestRetracted:
    def test_documents_lose_their_links_and_keep_their_events(
        self, tenant: User, books: Import
    ) -> None:
        books(SEEDS)
        take(tenant.id, reading(INVOICE), reading(INVOICE, key="m2"))
        before = [link.reason for link in receipts_of(tenant.id)]
        assert (gone(tenant.id, "m1", "?"), gone(tenant.id, "m1")) == (1, 0)
        assert list(linked(tenant.id)) == ["m2"]
        assert document(tenant.id).amount == 120
        assert take(tenant.id, reading(INVOICE)) == Counts(1, 0, 0, 1, 1)
        assert set(linked(tenant.id)) == {"m1", "m2"}
        assert [link.reason for link in receipts_of(tenant.id)] == before
        assert "gone_at" not in document(tenant.id).data

    def test_documents_are_not_linked_until_they_are_back(
        self, tenant: User, books: Import
    ) -> None:
        take(tenant.id, reading(INVOICE))
        gone(tenant.id, "m1")
        books(SEEDS)
        assert linked(tenant.id) == {}
        assert take(tenant.id, reading(INVOICE)) == Counts(1, 0, 0, 1, 1)
        assert linked(tenant.id) == {"m1": ("L1", 1, 0.97)}

    def test_documents_that_come_back_changed_are_linked_anew(
        self, tenant: User, books: Import
    ) -> None:
        books(SEEDS, ("L2", "2024-02-11", "9.00", "Acme Ltd", "INV-78"))
        take(tenant.id, reading(INVOICE))
        gone(tenant.id, "m1")
        assert take(tenant.id, reading("Invoice INV-78 total £9.00")) == Counts(1, 0, 1, 0, 1)
        assert linked(tenant.id) == {"m1": ("L2", 1, 0.97)}

    def test_links_of_people_come_back_too(self, tenant: User, books: Import) -> None:
        books(SEEDS)
        take(tenant.id, reading("Invoice no. 5"))
        [payer] = models.RawEvent.objects.using("owner").filter(external_id="L1", posting=1)
        models.RelationshipInstance.objects.using("owner").create(
            user_id=tenant.id, source_event=document(tenant.id), target_event=payer,
            relationship_type="receipt", edge_class="link", confidence_score=1,
            detection_method="person", reason="told by Ann",
        )  # fmt: skip
        gone(tenant.id, "m1")
        assert linked(tenant.id) == {}
        take(tenant.id, reading("Invoice no. 5"))
        take(tenant.id, reading("Invoice no. 6"))
        assert linked(tenant.id) == {"m1": ("L1", 1, 1)}


NAMES = ["Acme Ltd", "ACME", "Acmee Ltd", "Bolt Supplies", "Bolt Supply Co", "Parks", ""]
NUMBERS = [None, None, "INV-77", "inv 77", "INV-078", "12", "PO/4500"]
AMOUNTS = [Decimal(n) for n in ("10", "20", "30", "-10", "10.50")]
DAYS = [DAY + timedelta(days=n) for n in (-11, -10, 0, 5, 120, 121)]
ROWS = st.lists(
    st.builds(
        Row,
        source=st.sampled_from(["books", "books", "bank"]),
        key=st.just(""),
        transaction=st.sampled_from(["", "", "t1"]),
        at=st.sampled_from(DAYS),
        amount=st.sampled_from(AMOUNTS),
        currency=st.sampled_from(["GBP", "GBP", "GBP", "EUR"]),
        number=st.sampled_from([*NUMBERS, "", "--"]),
        payer=st.sampled_from(["Parks", "Parks", "Acme Ltd"]),
        payee=st.sampled_from(NAMES[:-1]),
    ),
    max_size=6,
).map(lambda made: [_named(row, n) for n, row in enumerate(made)])
PAPERS = st.lists(
    st.builds(
        Paper,
        at=st.just(DAY),
        amount=st.sampled_from([None, *AMOUNTS]),
        currency=st.sampled_from(["GBP", "GBP", "EUR"]),
        number=st.sampled_from(NUMBERS),
        sender=st.sampled_from(NAMES),
    ),
    min_size=1,
    max_size=4,
)


def _named(row: Row, number: int) -> Row:
    key = f"r{number}"
    platform = "ledger" if row.source == "books" else "bank"
    return replace(row, key=key, transaction=row.transaction or key, platform=platform)


def put(user: UUID, made: list[Row]) -> None:
    """The rows as an import leaves them."""
    entities = {}
    for row in made:
        for posting, name in ((1, row.payer), (2, row.payee)):
            if name not in entities:
                entities[name] = models.NormalizedEntity.objects.using("owner").get_or_create(
                    user_id=user, kind="vendor", identity=name.lower(), defaults={"name": name}
                )[0]
            event = models.RawEvent.objects.using("owner").create(
                user_id=user, source=row.source, platform=row.platform, external_id=row.key,
                posting=posting, transaction_ref=row.transaction, occurred_at=row.at,
                amount=row.amount * (1 if posting == 2 else -1), currency=row.currency,
                document_ref=row.number, party_kind="vendor", party_name=name,
            )  # fmt: skip
            models.EntityMatch.objects.using("owner").create(
                user_id=user, event=event, entity=entities[name], confidence=1
            )


def as_reading(paper: Paper, key: str) -> Reading:
    made = Document(key, "message", "A mail", "", paper.at)
    number = Reference("invoice", paper.number) if paper.number else None
    currency = paper.currency if paper.amount is not None else None
    return Reading(
        made, paper.amount, currency, number, None, party(paper.sender, ""), (), ()
    )  # fmt: skip


class TestAgainstTheObvious:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(papers=PAPERS, made=ROWS, first=st.booleans())
    @example(
        papers=[Paper(DAY, Decimal(30), "GBP", "INV-77", "")],
        made=[Row("books", f"r{n}", f"r{n}", DAY, Decimal(10 * n), "GBP", "INV-77", "Parks", "ACME")
              for n in (1, 2)],
        first=True,
    )  # fmt: skip
    def test_links(
        self, committed: None, papers: list[Paper], made: list[Row], first: bool
    ) -> None:
        user = uuid4()
        readings = [as_reading(paper, f"d{n}") for n, paper in enumerate(papers)]
        if first:
            put(user, made)
            take(user, *readings)
        else:
            take(user, *readings)
            put(user, made)
            with tenant_transaction(user) as connection:
                document_links.link(connection, user)
        expected = {
            f"d{n}": (match.key, match.posting, match.confidence)
            for n, paper in enumerate(papers)
            if (match := oracle.find(paper, made))
        }
        assert linked(user) == expected
        with tenant_transaction(user) as connection:
            assert document_links.link(connection, user) == 0


def test_plans_do_not_loop_over_the_books(tenant: User, books: Import) -> None:
    """A source that came after the last ANALYZE looks like one row to the planner."""
    many = range(300)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE raw_events")
    books(*((f"L{n}", "2024-02-10", f"{n}.00", f"Acme {n}", f"INV-{n:03}") for n in many))
    papers = [reading(f"Invoice INV-{n:03} total £{n}.00", key=f"m{n}", sender_name=f"Acme {n}")
              for n in many if n]  # fmt: skip
    assert take(tenant.id, *papers).linked == 299
