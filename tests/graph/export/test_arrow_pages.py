"""Exports: every row with its sources' keys, typed, in bounded pages, harmless in a spreadsheet."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from pyarrow import parquet as pq

from graph import models
from graph.export import arrow_pages as export_pages
from graph.export.table_files import write_csv
from graph.reading.load_graph import LAYER_COLUMNS
from graph.view import refresh
from tests.graph import rows

pytestmark = pytest.mark.usefixtures("committed")
FIXED = [
    "relationship_id", "relationship_type", "edge_class", "confidence_score", "detection_method",
    "source_file", "source_key", "target_file", "target_key", "source_entity_id", "source_entity",
    "target_entity_id", "target_entity", "occurred_at", "amount", "currency",
    "kind", "payment_group_id",
]  # fmt: skip


def update(model: Any, row: Any, **values: Any) -> None:
    model.objects.using("owner").filter(pk=row.pk).update(**values)


@pytest.fixture
def known(tenant) -> Any:
    """Two payments, one at either end of time, one with rows of three layers."""
    user = tenant.pk
    payer, payee = rows.entity(user, "Works", kind="department"), rows.entity(user, "=Acme;1")
    for amount, year in ((Decimal("12.3400"), 9999), (Decimal("0.5"), 1)):
        at = datetime(year, 12, 31, tzinfo=UTC)
        source = rows.event(user, payer, amount=-amount, occurred_at=at)
        target = rows.event(user, payee, amount=amount, occurred_at=at, party_name="ACME")
        update(models.RawEvent, source, external_id=f"-{year}", provenance=[{"file": "a.csv"}])
        update(models.RawEvent, target, external_id=f"@{year}", provenance=[{"file": "a.csv"}])
        relationship = rows.relationship(user, source, target)
    season = rows.add(
        models.SeasonalPattern, user_id=user, key="k", seasonal_strength=0.5, seasonal_months=[1, 2]
    )
    update(models.RelationshipInstance, relationship, seasonal_pattern_id=season.id)
    rows.add(
        models.CrossPlatformRelationship,
        user_id=user,
        relationship_id=relationship.id,
        platform_sources=["card", "ledger"],
    )
    rows.add(
        models.PredictedRelationship,
        user_id=user,
        relationship_id=relationship.id,
        prediction_confidence=0.9,
        prediction_reason="monthly",
        expected_from=date(2024, 1, 2),
        amount_low=Decimal("1.5"),
        currency="GBP",
    )
    refresh.refresh()
    return user


def exported(user: Any, output: Path, *options: str, what: str = "relationships") -> str:
    report = io.StringIO()
    call_command(
        f"export_{what}", "--user", str(user), "--output", str(output), *options, stderr=report
    )
    return report.getvalue()


def lines(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_columns_are_those_promised():
    assert export_pages.RELATIONSHIPS.names == [*FIXED, *LAYER_COLUMNS]


def test_csv_has_keys_layers_and_no_formulas(known, tmp_path):
    report = exported(known, tmp_path / "out.csv")
    first, last = lines(tmp_path / "out.csv")
    assert "2 relationships" in report
    assert [first["occurred_at"][:10], last["occurred_at"][:10]] == ["0001-12-31", "9999-12-31"]
    assert (first["source_file"], first["target_file"]) == ("a.csv", "a.csv")
    assert (first["source_key"], first["target_key"]) == ("-1", "'@1")  # a number, a formula
    assert first["target_entity"] == "'=Acme;1"
    assert first["seasonal_months"] == "1;2"
    assert first["platform_sources"] == "card;ledger"
    assert (last["amount"], first["amount"], first["amount_low"]) == ("12.3400", "0.5000", "1.5000")
    assert (last["seasonal_months"], last["is_duplicate"]) == ("", "false")


def test_raw_leaves_every_text_as_it_is(known, tmp_path):
    exported(known, tmp_path / "out.csv", "--raw")
    assert [row["target_key"] for row in lines(tmp_path / "out.csv")] == ["@1", "@9999"]


def test_parquet_is_typed_and_never_escaped(known, tmp_path):
    exported(known, tmp_path / "out.parquet", "--format", "parquet")
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.schema.equals(export_pages.RELATIONSHIPS)
    first = table.to_pylist()[0]
    assert first["target_key"] == "@1"
    assert first["amount"] == Decimal("0.5000")
    assert first["occurred_at"] == datetime(1, 12, 31, tzinfo=UTC)
    assert first["seasonal_months"] == [1, 2]


@pytest.mark.parametrize("page_rows", [1, 2, 3])
def test_pages_of_any_size_have_the_same_rows(known, page_rows):
    with export_pages.relationships(known, page_rows) as result:
        pages = list(result.pages)
    assert result.total == 2
    assert all(page.num_rows <= page_rows for page in pages)
    assert [key for page in pages for key in page["source_key"].to_pylist()] == ["-1", "-9999"]


def test_nobody_sees_another_tenants_rows(known):
    stranger = rows.tenant_id()
    with export_pages.relationships(stranger) as result, export_pages.entities(stranger) as parties:
        assert (result.total, parties.total) == (0, 0)
        assert [*result.pages, *parties.pages] == []


@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_an_empty_tenant_gives_a_file_with_columns(tenant, tmp_path, format_):
    refresh.refresh()
    exported(tenant.pk, tmp_path / "out", "--format", format_)
    if format_ == "csv":
        header = (tmp_path / "out").read_text("utf-8").splitlines()
        assert len(header) == 1
        assert next(csv.reader(header)) == export_pages.RELATIONSHIPS.names
    else:
        assert pq.read_table(tmp_path / "out").schema.equals(export_pages.RELATIONSHIPS)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE relationship_instances SET reason = 'later'",
        "UPDATE predicted_relationships SET prediction_confidence = 0.8",
        "UPDATE seasonal_patterns SET seasonal_strength = 0.8",
        "UPDATE relationship_instances SET deleted_at = now()",
    ],
)
def test_what_has_changed_since_the_refresh_is_exported(known, change):
    with connections["owner"].cursor() as cursor:
        cursor.execute(change)
    with export_pages.relationships(known, 1) as result:
        total, before = result.total, [row for page in result.pages for row in page.to_pylist()]
    refresh.refresh()
    with export_pages.relationships(known) as result:
        assert (result.total, [row for page in result.pages for row in page.to_pylist()]) == (
            total,
            before,
        )


def test_an_event_that_is_gone_takes_its_relationships_along(known):
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM raw_events WHERE external_id = '-1'")
    with export_pages.relationships(known) as result:
        assert result.total == 1
        assert next(result.pages)["target_key"].to_pylist() == ["@9999"]


def test_a_failure_leaves_the_old_file_and_no_other(known, tmp_path, monkeypatch):
    output = tmp_path / "out.csv"
    output.write_text("before")

    def broken(*_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("graph.export.arrow_pages._pages", broken)
    with pytest.raises(CommandError, match="No space left"):
        exported(known, output)
    assert output.read_text() == "before"
    assert list(tmp_path.iterdir()) == [output]


def test_csv_goes_to_standard_output(known, capfdbinary):
    call_command("export_relationships", "--user", str(known), stderr=io.StringIO())
    printed = capfdbinary.readouterr().out.decode().splitlines()
    assert len(printed) == 3
    print("still open")  # noqa: T201
    assert capfdbinary.readouterr().out == b"still open\n"


def test_entities_have_their_events_and_spellings(known, tmp_path):
    rows.entity(known, "Nobody")
    assert "3 entities" in exported(known, tmp_path / "out.csv", what="entities")
    by_key = {row["name"]: row for row in lines(tmp_path / "out.csv")}
    assert {name: row["events"] for name, row in by_key.items()} == {
        "Works": "2", "'=Acme;1": "2", "Nobody": "0",
    }  # fmt: skip
    assert by_key["'=Acme;1"]["spellings"] == "ACME"
    assert json.loads(by_key["Nobody"]["keys"]) == {}
    assert list(by_key["Nobody"]) == export_pages.ENTITIES.names


def test_an_event_counts_for_its_best_match_only(known):
    weaker = rows.entity(known, "Weaker")
    event = models.RawEvent.objects.using("owner").get(external_id="@1")
    rows.match(known, event, weaker, confidence=0.5)
    with export_pages.entities(known, page_rows=1) as result:
        events = {row["name"]: row["events"] for p in result.pages for row in p.to_pylist()}
    assert events == {"Works": 2, "=Acme;1": 2, "Weaker": 0}


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"), ("+44 20", "'+44 20"), ("-cmd", "'-cmd"), ("@sum", "'@sum"),
        ("\tx", "'\tx"), ("\uff1d1", "'\uff1d1"), ("-12.50", "-12.50"), ("+3", "+3"),
        ("a=1", "a=1"), ("", ""), (None, None), ("-1-1", "'-1-1"), ("-1\n=2", "'-1\n=2"),
    ],
)  # fmt: skip
def test_formulas_become_text(text, safe):
    into = io.BytesIO()
    schema = pa.schema([("a", pa.string()), ("b", pa.int64())])
    write_csv(into, schema, [pa.table({"a": [text], "b": [-1]}, schema=schema)])
    written = list(csv.reader(io.StringIO(into.getvalue().decode(), newline="")))
    assert written == [["a", "b"], [safe or "", "-1"]]
