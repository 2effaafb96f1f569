"""Reading the real books: every row equals the slow, obvious reading by csv.DictReader."""

import csv
import gzip
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from graph.ingest.ledger_rows import LedgerRow, Party, Reject
from graph.ingest.mappings import ready_formats
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.rows_from_file import header, read

OXFORD_REJECTS = {
    "jan-mar-2014": ["no date"],
    "jul-sep-2015": [
        "the key '47981658_1' stands already on line 475",
        "the key '47981658_0' stands already on line 1012",
    ],
    "oct-dec-2016": ["no vendor"],
    "apr-jun-2017": ["no vendor"] * 2,
    "oct-dec-2017": ["no vendor"] * 6,
    "jan-mar-2018": ["no vendor"] * 9,
}


def _read(path: Path) -> tuple[list[LedgerRow], list[Reject]]:
    form = ready_formats.recognise(header(path))
    assert form is not None
    results = list(read(path, form))
    rows = [row for row in results if isinstance(row, LedgerRow)]
    return rows, [row for row in results if isinstance(row, Reject)]


def _raw(path: Path) -> list[dict[str, str]]:
    """The slow, obvious way: csv.DictReader, blank rows left out."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if any(value.strip() for value in row.values())]


class TestRealBooks:
    @pytest.mark.thorough
    def test_calderdale_invoices(self, data: Path) -> None:
        path = data / "calderdale" / "invoices_2018-04_2020-03.csv.gz"
        rows, rejects = _read(path)
        assert (len(rows), rejects) == (49_587, [])
        for row, raw in zip(rows, _raw(path), strict=True):
            assert row.data == {name: value.strip() for name, value in raw.items()}
            assert row.amount == Decimal(raw["net_amount"])
            assert row.occurred_at.date().isoformat() == raw["date"]
        assert len({row.key for row in rows}) == len(rows)
        assert {(row.precision, row.currency, row.ordinal) for row in rows} == {("day", "GBP", 1)}
        assert sum(row.payer.name == "Calderdale MBC" for row in rows) == 55
        assert sum(row.document_ref is None for row in rows) == 16
        assert len({row.publication for row in rows}) == 24
        assert rows[0] == LedgerRow(
            line=2,
            key="27974947",
            publication="2018-04",
            ordinal=1,
            transaction_ref="27974947",
            occurred_at=datetime(2018, 4, 12, tzinfo=UTC),
            precision="day",
            amount=Decimal("7083.30"),
            currency="GBP",
            payer=Party(
                "department", "Communities & Service Support (obsolete)-Museums & Arts", ()
            ),
            payee=Party("vendor", "Flying Entertainment Ltd", (("supplier_id", "S178213"),)),
            document_ref="FE3455",
            due_on=None,
            description="Customer And Client Receipts",
            data=rows[0].data,
        )

    def test_calderdale_cards_published_twice_keep_their_keys(self, data: Path) -> None:
        rows, rejects = _read(data / "calderdale" / "pcard_2018-04_2020-03.csv.gz")
        assert (len(rows), rejects) == (27_689, [])
        assert {row.ordinal for row in rows} == {1}
        months: dict[str, list[str]] = {}
        for row in rows:
            months.setdefault(row.key, []).append(row.publication)
        twice = Counter(tuple(results) for results in months.values() if len(results) > 1)
        assert twice == {("2019-02", "2020-02"): 1937}

    @pytest.mark.parametrize("part", ["jan-mar", "apr-jun", "jul-sep", "oct-dec"])
    def test_oxford(self, data: Path, part: str) -> None:
        paths = sorted(data.glob(f"oxford/*{part}*.csv.gz"))
        assert len(paths) == (5 if part == "jan-mar" else 4)
        for path in paths:
            rows, rejects = _read(path)
            raw = _raw(path)
            assert len(rows) + len(rejects) == len(raw)
            quarter = path.name.removeprefix("expenditure-over-500-").removesuffix(".csv.gz")
            assert [reject.reason for reject in rejects] == OXFORD_REJECTS.get(quarter, [])
            amounts = {name for name in raw[0] if name.lower() == "amount"}
            total = sum(Decimal(r[n]) for r in raw for n in amounts if r[n])
            lost = sum(Decimal(_cell(reject, "amount", path) or 0) for reject in rejects)
            assert sum(row.amount for row in rows) + lost == total
            assert all(row.payee.name == row.payee.name.strip() != "" for row in rows)
            assert all({"trans_no", "supplier_name", "type"} <= row.data.keys() for row in rows)

    @pytest.mark.thorough
    def test_oxford_keys_never_collide_over_all_files(self, data: Path) -> None:
        keys = Counter(row.key for path in data.glob("oxford/*.csv.gz") for row in _read(path)[0])
        assert keys.total() == 61_529 - 21
        assert set(keys.values()) == {1}
        assert not any(" " in key or "-" in key for key in keys)

    def test_oxford_quarter_without_dates(self, data: Path) -> None:
        rows, _ = _read(data / "oxford" / "expenditure-over-500-apr-jun-2014.csv.gz")
        assert {row.precision for row in rows} == {"quarter"}
        assert {row.occurred_at for row in rows} == {datetime(2014, 6, 30, tzinfo=UTC)}

    def test_oxford_blank_names_go_by_their_id(self, data: Path) -> None:
        rows, _ = _read(data / "oxford" / "expenditure-over-500-apr-jun-2016.csv.gz")
        nameless = [row.payee for row in rows if not row.data["supplier_name"]]
        assert len(nameless) == 80
        assert nameless[0].name == nameless[0].keys[0][1] == "20000000_46289602"


def _recognised(path: Path) -> Mapping:
    results = ready_formats.recognise(header(path))
    assert results is not None
    return results


def _cell(reject: Reject, name: str, path: Path) -> str:
    at = [title.casefold() for title in header(path)].index(name)
    return next(csv.reader([reject.text]))[at]
