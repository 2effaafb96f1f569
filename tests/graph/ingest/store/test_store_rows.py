"""Storing a file's rows: what becomes of each, whatever was there before."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from finley.models import User
from graph import models
from graph.ingest.mappings.mapping import Mapping
from tests.graph.ingest.contents import contents, rows
from tests.graph.ingest.store.oracle_files import PUBLISHED, Take, line


class TestARow:
    def test_becomes_two_postings_of_one_transaction(self, take: Take, tenant: User) -> None:
        assert take(line(invoice="I7", about="Seeds", payer="us")) == (1, 0, 0, 0)
        tables = contents(tenant.id)
        shared = {
            "source": "simple", "platform": "ledger", "transaction_ref": "a", "precision": "day",
            "occurred_at": datetime(2024, 1, 31, tzinfo=UTC), "currency": "GBP",
            "document_ref": "I7", "due_on": None, "description": "Seeds",
            "provenance": [("one.csv", "2024-01", 2)],
            "data": {"id": "a", "date": "2024-01-31", "amount": "5", "department": "Parks",
                     "supplier": "Acme", "supplier_id": "S1", "invoice": "I7", "about": "Seeds",
                     "description": "", "payer": "us"},
        }  # fmt: skip
        payer = {"amount": -5, "party_kind": "department", "party_name": "Parks", "party_keys": {}}
        payee = {"amount": 5, "party_kind": "vendor", "party_name": "Acme",
                 "party_keys": {"supplier_id": "S1"}}  # fmt: skip
        assert tables["events"] == {("a", 1): shared | payer, ("a", 2): shared | payee}
        assert tables["entities"] == {
            ("department", "parks"): ("Parks", {}),
            ("vendor", "acme [supplier_id=s1]"): ("Acme", {"supplier_id": "S1"}),
        }
        assert tables["matches"] == [
            (("a", 1), ("department", "parks"), 0.9),
            (("a", 2), ("vendor", "acme [supplier_id=s1]"), 1),
        ]
        assert tables["payments"] == [(("a", 1), ("a", 2))]
        assert tables["changes"] == []

    def test_is_a_payment_that_is_certain_and_a_flow(self, take: Take, tenant: User) -> None:
        take(line())
        [payment] = rows(models.RelationshipInstance, tenant.id)
        assert (payment.relationship_type, payment.edge_class, payment.confidence_score) == (
            "payment", "flow", 1,
        )  # fmt: skip
        assert (payment.detection_method, payment.reason) == (
            "ledger_row", "both postings stand in one row of simple",
        )  # fmt: skip

    def test_of_a_negative_amount_goes_the_other_way(self, take: Take, tenant: User) -> None:
        take(line(amount="-5.25"))
        tables = contents(tenant.id)
        assert tables["payments"] == [(("a", 2), ("a", 1))]
        assert [tables["events"]["a", n]["amount"] for n in (1, 2)] == [
            Decimal("5.25"),
            Decimal("-5.25"),
        ]

    def test_of_nothing_is_a_payment_too(self, take: Take, tenant: User) -> None:
        take(line(amount="0"))
        assert contents(tenant.id)["payments"] == [(("a", 1), ("a", 2))]

    def test_with_references_of_any_length_is_stored(
        self, take: Take, tenant: User, make_mapping: Callable[..., Mapping]
    ) -> None:
        """Index entries have their limit (2,704 bytes), also where compression does not help."""
        long = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(9000))
        by = make_mapping(more=PUBLISHED + '[transaction]\ncolumns = ["description"]\n')
        cells = {"id": long, "supplier": long, "supplier_id": long, "department": long}
        row = line(**cells, invoice=long, about=long, description=long)
        assert take(row, line(**{**cells, "supplier": f"{long}!x"}), by=by) == (1, 0, 0, 1)
        assert take(line(id="b", supplier=f"{long} x"), by=by) == (1, 0, 0, 0)
        assert take(row, by=by) == (0, 0, 1, 0)
        assert len(contents(tenant.id)["entities"]) == 4
        event = next(v for (k, n), v in contents(tenant.id)["events"].items() if k != "b")
        assert event["document_ref"] is None
        assert event["data"]["invoice"] == event["description"] == long


class TestTheSameAgain:
    def test_adds_nothing(self, take: Take, tenant: User) -> None:
        lines = [line(), line(id="b", amount="-1"), line(id="c", amount="much")]
        assert take(*lines) == (2, 0, 0, 1)
        before = contents(tenant.id)
        assert take(*lines) == (0, 0, 2, 1)
        assert contents(tenant.id) == before

    def test_in_another_file_adds_its_place_alone(self, take: Take, tenant: User) -> None:
        take(line(), line(id="b"))
        before = contents(tenant.id)
        assert take(line(id="c"), line(), file="two.csv") == (1, 0, 1, 0)
        after = contents(tenant.id)
        places = [("one.csv", "2024-01", 2), ("two.csv", "2024-01", 3)]
        assert [after["events"]["a", n].pop("provenance") for n in (1, 2)] == [places, places]
        for event in before["events"]["a", 1], before["events"]["a", 2]:
            del event["provenance"]
        assert all(after["events"][posting] == before["events"][posting] for posting in (
            ("a", 1), ("a", 2), ("b", 1), ("b", 2),
        ))  # fmt: skip

    def test_published_twice_is_one_row_of_two_places(self, take: Take, tenant: User) -> None:
        assert take(line(), line(id="b"), line(month="2024-02")) == (2, 0, 1, 0)
        events = contents(tenant.id)["events"]
        assert len(events) == 4
        assert events["a", 1]["provenance"] == [
            ("one.csv", "2024-01", 2), ("one.csv", "2024-02", 4),
        ]  # fmt: skip
        assert events["b", 1]["provenance"] == [("one.csv", "2024-01", 3)]
        assert "month" not in events["a", 1]["data"]

    def test_twice_in_one_publication_is_rejected(self, take: Take, tmp_path: Path) -> None:
        assert take(line(), line(amount="6")) == (1, 0, 0, 1)
        assert "stands already on line 2" in (tmp_path / "rejects/one.csv.rejects.csv").read_text()

    def test_rows_without_a_key_are_told_apart_by_their_ordinal(
        self, take: Take, tenant: User, make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(('[key]\ncolumns = ["id"]\n', ""), more=PUBLISHED)
        assert take(line(), line(), line(month="2024-02"), by=by) == (2, 0, 1, 0)
        assert take(line(), line(), line(), by=by) == (1, 0, 2, 0)
        assert len(contents(tenant.id)["payments"]) == 3

    def test_a_key_that_looks_like_an_ordinal_is_a_key_of_its_own(
        self, take: Take, tenant: User, make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(('columns = ["id"]', 'columns = ["id"]\nunique = false'), more=PUBLISHED)
        lines = [line(), line(amount="6"), line(id="a #2", amount="7"), line(id="a #2", amount="8")]
        assert take(*lines, by=by) == (4, 0, 0, 0)
        assert take(*lines, by=by) == (0, 0, 4, 0)


class TestAChangedRow:
    def test_is_an_update_that_is_recorded(self, take: Take, tenant: User) -> None:
        take(line(invoice="I7"), line(id="b"))
        [payment, other] = sorted(
            rows(models.RelationshipInstance, tenant.id),
            key=lambda relationship: relationship.created_at,
        )
        changed = line(amount="-6", supplier="Bolt", supplier_id="", invoice="")
        assert take(changed, line(id="b"), file="two.csv") == (0, 1, 1, 0)
        tables = contents(tenant.id)
        assert tables["events"]["a", 1]["amount"] == 6
        assert tables["events"]["a", 1]["document_ref"] is None
        payee = tables["events"]["a", 2]
        assert (payee["amount"], payee["party_name"], payee["party_keys"]) == (-6, "Bolt", {})
        assert payee["data"]["supplier"] == "Bolt"
        assert tables["matches"] == [
            (("a", 1), ("department", "parks"), 0.9),
            (("a", 2), ("vendor", "bolt"), 0.9),
            (("b", 1), ("department", "parks"), 0.9),
            (("b", 2), ("vendor", "acme [supplier_id=s1]"), 1),
        ]
        assert tables["payments"] == [(("a", 2), ("a", 1)), (("b", 1), ("b", 2))]
        assert tables["changes"] == [
            ("simple a", "modified", {
                "amount": (5, -6),
                "document_ref": ("I7", None),
                "invoice": ("I7", ""),
                "payee": ("Acme", "Bolt"),
                "payee_keys": ({"supplier_id": "S1"}, {}),
                "supplier": ("Acme", "Bolt"),
                "supplier_id": ("S1", ""),
            })
        ]  # fmt: skip
        [log] = rows(models.EventDeltaLog, tenant.id)
        turned = models.RelationshipInstance.objects.using("owner").get(id=log.relationship_id)
        assert turned.id in {payment.id, other.id}
        assert turned.source_event.external_id == "a"

    @pytest.mark.parametrize("column", ["description", "payer"])
    def test_is_seen_in_columns_called_as_something_else_is(
        self, take: Take, tenant: User, column: str
    ) -> None:
        """The description is read from `about`, so `description` is any column of the file."""
        take(line())
        assert take(line(**{column: "new"})) == (0, 1, 0, 0)
        [(_, _, change)] = contents(tenant.id)["changes"]
        assert change == {column: ("", "new")}

    def test_of_another_kind_of_party_is_an_update(
        self, take: Take, tenant: User, make_mapping: Callable[..., Mapping]
    ) -> None:
        take(line())
        by = make_mapping(('kind = "vendor"', 'kind = "employee"'), more=PUBLISHED)
        assert take(line(), by=by) == (0, 1, 0, 0)
        tables = contents(tenant.id)
        assert tables["matches"][1][1] == ("employee", "acme [supplier_id=s1]")
        assert tables["changes"] == [
            ("simple a", "modified", {"payee_kind": ("vendor", "employee")})
        ]

    def test_and_changed_back_leaves_two_records(self, take: Take, tenant: User) -> None:
        take(line())
        before = contents(tenant.id)
        assert take(line(amount="6")) == (0, 1, 0, 0)
        assert take(line()) == (0, 1, 0, 0)
        after = contents(tenant.id)
        assert [c["amount"] for _, _, c in after.pop("changes")] == [(5, 6), (6, 5)]
        del before["changes"]
        assert after == before

    def test_keeps_the_matches_that_people_made(self, take: Take, tenant: User) -> None:
        take(line())
        [payee] = models.RawEvent.objects.using("owner").filter(posting=2)
        theirs = models.NormalizedEntity.objects.using("owner").create(
            user_id=tenant.id, kind="vendor", name="The Acme Group", identity="acme group"
        )
        models.EntityMatch.objects.using("owner").create(
            user_id=tenant.id, event=payee, entity=theirs, confidence=0.8, reason="told by Ann"
        )
        take(line(supplier="Bolt"))
        parties = [party for posting, party, _ in contents(tenant.id)["matches"] if posting[1] == 2]
        assert parties == [("vendor", "acme group"), ("vendor", "bolt [supplier_id=s1]")]

    def test_of_the_same_parties_leaves_their_matches_alone(self, take: Take, tenant: User) -> None:
        """Someone found the match wrong and took it away: another amount does not bring it back."""
        take(line())
        models.EntityMatch.objects.using("owner").filter(event__posting=2).delete()
        assert take(line(amount="6")) == (0, 1, 0, 0)
        assert [posting for posting, _, _ in contents(tenant.id)["matches"]] == [("a", 1)]
        assert take(line(amount="6", supplier="Bolt")) == (0, 1, 0, 0)
        assert [posting for posting, _, _ in contents(tenant.id)["matches"]] == [
            ("a", 1), ("a", 2),
        ]  # fmt: skip

    def test_stays_deleted_where_its_payment_was(self, take: Take, tenant: User) -> None:
        take(line())
        deleted = datetime(2024, 2, 1, tzinfo=UTC)
        models.RelationshipInstance.objects.using("owner").update(deleted_at=deleted)
        assert take(line(amount="-6")) == (0, 1, 0, 0)
        [payment] = rows(models.RelationshipInstance, tenant.id)
        assert payment.deleted_at == deleted
        assert contents(tenant.id)["payments"] == [(("a", 2), ("a", 1))]

    def test_stated_in_several_ways_by_one_file_ends_as_the_last(
        self, take: Take, tenant: User
    ) -> None:
        take(line())
        lines = [
            line(),
            line(month="2024-02", amount="6"),
            line(month="2024-03", amount="6"),
            line(month="2024-04", amount="7"),
        ]
        assert take(*lines, file="two.csv") == (0, 2, 2, 0)
        before = contents(tenant.id)
        assert [c["amount"] for _, _, c in before["changes"]] == [(5, 6), (6, 7)]
        assert before["events"]["a", 2]["amount"] == 7
        assert take(*lines, file="two.csv") == (0, 0, 4, 0)
        assert contents(tenant.id) == before

    @pytest.mark.parametrize("posting", [1, 2])
    def test_of_which_a_posting_was_deleted_is_made_whole(
        self, take: Take, tenant: User, posting: int
    ) -> None:
        take(line())
        models.RawEvent.objects.using("owner").filter(posting=posting).delete()
        assert take(line(amount="-6", supplier="Bolt")) == (1, 0, 0, 0)
        tables = contents(tenant.id)
        assert [tables["events"]["a", n]["amount"] for n in (1, 2)] == [6, -6]
        assert tables["payments"] == [(("a", 2), ("a", 1))]
        assert [party for _, party, _ in tables["matches"]] == [
            ("department", "parks"), ("vendor", "bolt [supplier_id=s1]"),
        ]  # fmt: skip


class TestTransactions:
    @pytest.fixture
    def tied(self, make_mapping: Callable[..., Mapping]) -> Mapping:
        return make_mapping(more=PUBLISHED + '[transaction]\ncolumns = ["invoice", "about"]\n')

    def test_tie_the_postings_of_several_rows(
        self, take: Take, tenant: User, tied: Mapping
    ) -> None:
        take(line(invoice="I1"), line(id="b", invoice="I1"), line(id="c", invoice="I2"), by=tied)
        tying = Counter(e["transaction_ref"] for e in contents(tenant.id)["events"].values())
        assert tying == {"I1|": 4, "I2|": 2}

    def test_tie_nothing_where_their_columns_are_blank(
        self, take: Take, tenant: User, tied: Mapping
    ) -> None:
        take(line(), line(id="b"), by=tied)
        tying = Counter(e["transaction_ref"] for e in contents(tenant.id)["events"].values())
        assert tying == {"a": 2, "b": 2}
