"""Storing for many tenants: parties, identity, query plans, and a slow, obvious store beside it."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finley.models import User
from graph import sql
from graph.ingest.ledger_rows import Party
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.store.identity import identity, normalized
from graph.ingest.store.store_rows import STEPS
from tests.graph.ingest import processes
from tests.graph.ingest.contents import contents
from tests.graph.ingest.store.oracle_files import PUBLISHED, Take, counted, line, written
from tests.oracle import ledger


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
