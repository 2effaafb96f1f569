"""Storing a file's rows: what becomes of each, whatever was there before."""

import csv
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime, time
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finley.models import User
from graph import models, sql
from graph.ingest.import_file import import_file
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.rows import Party
from graph.ingest.store.identity import identity, normalized
from graph.ingest.store.store_rows import STEPS
from tests.graph.ingest import processes
from tests.graph.ingest.contents import contents, rows
from tests.oracle import ledger

PUBLISHED = '[publication]\ncolumns = ["month"]\n'
Take = Callable[..., tuple[int, int, int, int]]


def line(**cells: str) -> tuple[str, ...]:
    """A row of the oracle's layout."""
    usual = {"month": "2024-01", "id": "a", "date": "2024-01-31", "amount": "5",
             "department": "Parks", "supplier": "Acme", "supplier_id": "S1"}  # fmt: skip
    assert cells.keys() <= set(ledger.COLUMNS)
    return tuple({**usual, **cells}.get(name, "") for name in ledger.COLUMNS)


def written(path: Path, lines: Iterable[tuple[str, ...]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([ledger.COLUMNS, *lines])
    return path


@pytest.fixture
def by(make_mapping: Callable[..., Mapping]) -> Mapping:
    return make_mapping(more=PUBLISHED)


@pytest.fixture
def take(committed: None, tenant: User, by: Mapping, tmp_path: Path) -> Take:
    """Imports these lines; how many were stored, updated, unchanged and rejected."""

    def taken(*lines: tuple[str, ...], file: str = "one.csv", user: UUID = tenant.id, by=by):
        return counted(user, written(tmp_path / file, lines), by)

    return taken


def counted(user: UUID, path: Path, by: Mapping) -> tuple[int, int, int, int]:
    counts = asdict(import_file(user, path, by, path.parent / "rejects").counts)
    total = counts.pop("rows_in")
    assert total == sum(counts.values())
    return tuple(counts.values())


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


class TestParties:
    def test_of_one_key_and_many_names_are_many(self, take: Take, tenant: User) -> None:
        take(*(line(id=name, supplier=name, supplier_id="PB") for name in ("Ann", "Bob", "Cy")))
        assert vendors(tenant) == {"ann [supplier_id=pb]", "bob [supplier_id=pb]",
                                   "cy [supplier_id=pb]"}  # fmt: skip

    def test_of_one_name_and_many_keys_are_many(self, take: Take, tenant: User) -> None:
        take(*(line(id=key, supplier="REDACTED", supplier_id=key) for key in ("S1", "S2")))
        assert vendors(tenant) == {"redacted [supplier_id=s1]", "redacted [supplier_id=s2]"}

    def test_spelled_differently_are_one_under_the_first_name(
        self, take: Take, tenant: User
    ) -> None:
        names = ["Müller & Co.", "MULLER AND CO", "müller  and co"]
        take(*(line(id=name, supplier=name, supplier_id="") for name in names))
        assert contents(tenant.id)["entities"]["vendor", "muller and co"] == ("Müller & Co.", {})
        assert len(vendors(tenant)) == 1

    def test_of_two_kinds_are_two(self, take: Take, tenant: User) -> None:
        take(line(department="Acme", supplier_id=""))
        assert set(contents(tenant.id)["entities"]) == {("department", "acme"), ("vendor", "acme")}


def vendors(user: User) -> set[str]:
    return {identity for kind, identity in contents(user.id)["entities"] if kind == "vendor"}


class TestIdentity:
    @given(st.text())
    def test_a_normal_name_is_its_own(self, name: str) -> None:
        assert normalized(normalized(name)) == normalized(name)

    @given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1))
    def test_case_and_what_stands_between_words_make_no_difference(self, name: str) -> None:
        assert normalized(f" -{name.casefold()}. ") == normalized(name)

    @given(st.text(min_size=1).filter(str.strip))
    def test_a_name_is_never_lost(self, name: str) -> None:
        assert normalized(name)

    @given(
        st.lists(st.text("ab\u2167\u212aß&.İ é[]=", min_size=1).filter(str.strip), max_size=2),
        st.data(),
    )
    def test_another_key_is_another_party(self, names: list[str], data: st.DataObject) -> None:
        keys = st.sampled_from(["", "1", "1]", "a=1", "x" * 300])
        parties = [Party("vendor", name, _supplier(data.draw(keys))) for name in names]
        for one, other in pairwise(parties):
            same = one.keys == other.keys and normalized(one.name) == normalized(other.name)
            assert (identity(one) == identity(other)) is same

    @given(st.text(min_size=1), st.text(min_size=1))
    def test_no_longer_than_an_index_takes(self, name: str, key: str) -> None:
        for party in (Party("vendor", name * 400), Party("vendor", name, _supplier(key * 400))):
            assert len(identity(party)) <= 200

    def test_long_names_that_differ_at_their_end_are_two(self) -> None:
        long = "x" * 300
        assert identity(Party("vendor", f"{long}a")) != identity(Party("vendor", f"{long}b"))


def _supplier(value: str) -> tuple[tuple[str, str], ...]:
    return (("supplier_id", value),) if value else ()


class TestTenants:
    def test_are_apart(self, take: Take, tenant: User, other_tenant: User) -> None:
        for user in (tenant, other_tenant):
            assert take(line(), line(id="b"), user=user.id) == (2, 0, 0, 0)
        before = contents(tenant.id)
        assert before == contents(other_tenant.id)
        assert take(line(amount="-6", supplier="Bolt"), user=other_tenant.id) == (0, 1, 0, 0)
        assert contents(tenant.id) == before
        assert contents(other_tenant.id) != before

    def test_two_imports_at_once_are_as_one_after_the_other(
        self, take: Take, tenant: User, other_tenant: User, by: Mapping, tmp_path: Path
    ) -> None:
        one = [line(), line(id="b", amount="-5")]
        two = [line(id="b", amount="-5"), line(id="c", supplier="Bolt")]
        for file, lines in (("one.csv", one), ("two.csv", two)):
            take(*lines, file=file, user=other_tenant.id)
        by_simple = ("--user", tenant.id, "--mapping", tmp_path / "simple.toml", "--no-enrich")
        with ExitStack() as running:
            with connections["default"].cursor() as cursor:
                cursor.execute(
                    "SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"import {tenant.id}"]
                )
                started = [
                    running.enter_context(
                        processes.start(
                            "import_ledger", tmp_path / file, *by_simple, state=tmp_path
                        )
                    )
                    for file in ("one.csv", "two.csv")
                ]
                processes.until(lambda: processes.waiting("advisory") == 2, *started)
                cursor.execute("SELECT pg_advisory_unlock_all()")
            ends = [(process.communicate(timeout=60), process.returncode) for process in started]
        assert [code for _, code in ends] == [0, 0], ends
        assert contents(tenant.id) == contents(other_tenant.id)


CELLS = st.tuples(
    st.sampled_from(["2024-01", "2024-02"]),  # month
    st.sampled_from(["a", "b", "a", "b", "c", ""]),  # id
    st.sampled_from(["2024-01-31", "2024-01-31", "2024-02-29", "soon"]),
    st.sampled_from(["5", "5", "-5", "0", "much"]),
    st.sampled_from(["Parks", ""]),
    st.sampled_from(["Acme", "ACME", "Zoë", ""]),
    st.sampled_from(["", "S1", "s1"]),
    st.sampled_from(["", "", "I1"]),
    st.sampled_from(["", "", "x"]),
    st.sampled_from(["", "", "y"]),
    st.sampled_from(["", "", "z"]),
)
FILES = st.lists(
    st.tuples(st.sampled_from(["one.csv", "two.csv"]), st.lists(CELLS, max_size=6)),
    min_size=1,
    max_size=3,
)
SHARED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=settings().max_examples // 2,
)


class TestPlans:
    def test_do_not_loop_over_what_the_planner_knows_nothing_of(
        self, take: Take, make_mapping: Callable[..., Mapping]
    ) -> None:
        """A source that came after the last ANALYZE looks like one row to the planner."""
        lines = [line(id=str(number)) for number in range(500)]
        take(*lines, by=make_mapping(more=PUBLISHED))
        with connections["owner"].cursor() as cursor:
            cursor.execute("ANALYZE raw_events")
        by = make_mapping(('name = "simple"', 'name = "second"'), more=PUBLISHED)
        with connections["default"].execute_wrapper(explained(plans := {})):
            assert take(*lines, by=by) == (500, 0, 0, 0)
        joins = [step for step in STEPS if "LATERAL" not in sql.read(step)]
        assert {"ingest/staged", "ingest/provenance"} <= plans.keys() & set(joins)
        assert [step for step in joins if "Nested Loop" in plans[step]] == []


def explained(plans: dict[str, str]) -> Callable[..., Any]:
    """Keeps the plan of each step of an import, as it is just before the step."""
    steps = {sql.read(step): step for step in STEPS}

    def wrapper(execute: Any, statement: str, values: Any, many: bool, context: Any) -> Any:
        if statement in steps:
            execute(f"EXPLAIN {statement.partition(';\nANALYZE')[0]}", values, many, context)
            plan = [row for (row,) in context["cursor"].fetchall()]
            plans[steps[statement]] = "\n".join(plan)
        return execute(statement, values, many, context)

    return wrapper


class TestAgainstTheObvious:
    """Random little files, compared with tests/oracle/ledger.py after each."""

    @SHARED
    @given(files=FILES)
    def test_keys(self, committed: None, by: Mapping, tmp_path: Path, files: Any) -> None:
        self._compare(ledger.Books(), by, tmp_path, files)

    @SHARED
    @given(files=FILES)
    def test_every_column(
        self,
        committed: None,
        make_mapping: Callable[..., Mapping],
        tmp_path: Path,
        files: Any,
    ) -> None:
        by = make_mapping(('[key]\ncolumns = ["id"]\n', ""), more=PUBLISHED)
        self._compare(ledger.Books(by_every_column=True), by, tmp_path, files)

    def _compare(self, books: ledger.Books, by: Mapping, folder: Path, files: Any) -> None:
        user = uuid4()
        for name, lines in files:
            path = written(folder / name, lines)
            assert counted(user, path, by) == tuple(books.take(name, lines).values())
            tables = contents(user)
            assert (_by_columns(tables) if books.by_every_column else tables) == expected(books)
        stored_count, updated, _, _ = counted(user, path, by)
        assert (stored_count, updated) == (0, 0)
        assert contents(user) == tables


def expected(books: ledger.Books) -> dict[str, Any]:
    """The oracle's books as `contents` shows them."""
    events, matches, payments = {}, [], []
    for key, entry in books.keys.items():
        row, columns = entry.row, entry.row.stated
        shared = {
            "source": "simple", "platform": "ledger", "transaction_ref": key, "precision": "day",
            "occurred_at": datetime.combine(columns["occurred_at"], time(), UTC),
            "currency": "GBP", "document_ref": columns["document_ref"], "due_on": None,
            "description": columns["description"], "data": row.columns,
            "provenance": sorted((*place, line) for place, line in entry.provenance.items()),
        }  # fmt: skip
        for posting, sign, party in ((1, -1, row.payer), (2, 1, row.payee)):
            events[key, posting] = {
                **shared,
                "amount": sign * columns["amount"],
                "party_kind": party.kind,
                "party_name": party.name,
                "party_keys": dict(party.keys),
            }
            confidence = 1 if party.keys else 0.9
            matches.append(((key, posting), (party.kind, identity(party)), confidence))
        ends = [(key, 1), (key, 2)]
        payments.append(tuple(ends[::-1] if columns["amount"] < 0 else ends))
    return {
        "events": events,
        "entities": books.entities,
        "matches": sorted(matches),
        "payments": sorted(payments),
        "changes": [(f"simple {key}", "modified", _as_json(c)) for key, c in books.changes],
    }


def _as_json(change: dict[str, Any]) -> dict[str, Any]:
    def plain(value: object) -> object:
        return f"{value}T00:00:00+00:00" if hasattr(value, "isoformat") else value

    return {name: tuple(map(plain, change[name])) for name in sorted(change)}


def _by_columns(found: dict[str, Any]) -> dict[str, Any]:
    """Without a key of its own a row goes by a hash: by its columns instead."""
    keys = {
        key: str(sorted(event["data"].items())) + key[32:]
        for (key, _), event in found["events"].items()
    }

    def of(posting: tuple[str, int]) -> tuple[str, int]:
        return keys[posting[0]], posting[1]

    events = {of(p): {**e, "transaction_ref": of(p)[0]} for p, e in found["events"].items()}
    return {
        **found,
        "events": events,
        "matches": sorted((of(p), party, c) for p, party, c in found["matches"]),
        "payments": sorted((of(one), of(other)) for one, other in found["payments"]),
    }
