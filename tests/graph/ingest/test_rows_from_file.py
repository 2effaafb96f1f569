"""Reading: the real books to the row, and every way in which a file may be broken."""

import csv
import gzip
import io
import tracemalloc
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.ingest.mappings import mapping, ready_formats
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.rows import LedgerRow, Party, Reject
from graph.ingest.rows_from_file import LedgerFileError, header, read

Rows = list[LedgerRow | Reject]
HEADER = "id,date,amount,department,supplier,about"
GOOD = "1,2024-03-01,12.50,Parks,Acme Ltd,seeds"
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


class TestRows:
    def test_one_row(self, rows_of: Callable[..., Rows]) -> None:
        (row,) = rows_of(f"{HEADER},Supplier ID,invoice\n{GOOD},S1,INV 7\n")
        assert isinstance(row, LedgerRow)
        assert row.payee == Party("vendor", "Acme Ltd", (("supplier_id", "S1"),))
        assert row.payer == Party("department", "Parks", ())
        assert (row.document_ref, row.description) == ("INV 7", "seeds")
        assert row.data["supplier_id"] == "S1"

    @pytest.mark.parametrize("no_key", ["", "N/A", "n/a", "-", "NULL"])
    def test_no_key(self, rows_of: Callable[..., Rows], no_key: str) -> None:
        (row,) = rows_of(f"{HEADER},Supplier ID\n{GOOD},{no_key}\n")
        assert isinstance(row, LedgerRow)
        assert row.payee.keys == ()

    def test_a_blank_name_goes_by_default_or_key(self, rows_of: Callable[..., Rows]) -> None:
        keyed, bare = rows_of(
            f"{HEADER},supplier_id\n1,2024-03-01,1,,,x,S9\n2,2024-03-01,1,,N/A,x,\n"
        )
        assert isinstance(keyed, LedgerRow)
        assert (keyed.payer.name, keyed.payee.name) == ("Us", "S9")
        assert isinstance(bare, Reject)
        assert (bare.field, bare.reason) == ("supplier", "no vendor")

    def test_inner_spaces_of_names_collapse_and_data_keeps_them(
        self, rows_of: Callable[..., Rows]
    ) -> None:
        (row,) = rows_of(f"{HEADER}\n1,2024-03-01,1, A  B ,C\u00a0 D,x\n")
        assert isinstance(row, LedgerRow)
        assert (row.payer.name, row.payee.name) == ("A B", "C D")
        assert row.data["department"] == "A  B"

    def test_several_key_columns_cannot_be_confused(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(('columns = ["id"]', 'columns = ["id", "about"]'))
        results = rows_of(f"{HEADER}\na|b,2024-03-01,1,P,S,c\na,2024-03-01,1,P,S,b|c\n", by)
        assert [row.key for row in results if isinstance(row, LedgerRow)] == [r"a\|b|c", r"a|b\|c"]

    def test_a_key_that_repeats(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        content = f"{HEADER}\n{GOOD}\n{GOOD}\n{GOOD}\n"
        _, second, third = rows_of(content)
        assert isinstance(second, Reject)
        assert isinstance(third, Reject)
        assert (second.field, third.reason) == ("id", "the key '1' stands already on line 2")
        loose = rows_of(content, make_mapping(('["id"]', '["id"]\nunique = false')))
        assert [row.ordinal for row in loose if isinstance(row, LedgerRow)] == [1, 2, 3]

    def test_a_rejected_row_claims_no_key(self, rows_of: Callable[..., Rows]) -> None:
        bad, good = rows_of(f"{HEADER}\n{GOOD.replace('12.50', 'x')}\n{GOOD}\n")
        assert isinstance(bad, Reject)
        assert isinstance(good, LedgerRow)

    def test_publications_number_apart_and_stay_out_of_the_key(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(('columns = ["id"]\n', ""), more='[publication]\ncolumns = ["about"]\n')
        row = GOOD.removesuffix("seeds")
        results = rows_of(f"{HEADER}\n{row}1\n{row}2\n{row}2\n", by)
        rows = [row for row in results if isinstance(row, LedgerRow)]
        assert [(row.publication, row.ordinal) for row in rows] == [("1", 1), ("2", 1), ("2", 2)]
        assert len({row.key for row in rows}) == 1
        assert len(rows[0].key) == 32

    def test_the_hashed_key_does_not_depend_on_column_order(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(('columns = ["id"]\n', ""))
        (one,) = rows_of("Date,amount,supplier\n2024-03-01,1,S\n", by)
        (other,) = rows_of("supplier,amount,date\nS,1,2024-03-01\n", by)
        assert isinstance(one, LedgerRow)
        assert isinstance(other, LedgerRow)
        assert one.key == other.key == "fe982e129830114740d798178509845c"

    def test_a_long_key_is_hashed(self, rows_of: Callable[..., Rows]) -> None:
        (row,) = rows_of(f"{HEADER}\n{'9' * 5000}{GOOD}\n")
        assert isinstance(row, LedgerRow)
        assert len(row.key) == 32

    def test_separators(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(('["id"]', '["id"]\nseparators = "_-"'))
        first, again = rows_of(f"{HEADER}\n7 - {GOOD}\n7_{GOOD}\n", by)
        assert isinstance(first, LedgerRow)
        assert first.key == "7_1"
        assert isinstance(again, Reject)

    def test_transaction_columns_tie_rows(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(more='[transaction]\ncolumns = ["about"]\n')
        (row,) = rows_of(f"{HEADER}\n{GOOD}\n", by)
        assert isinstance(row, LedgerRow)
        assert (row.key, row.transaction_ref) == ("1", "seeds")

    def test_the_sign_of_bank_statements(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(('column = "amount"', 'column = "amount"\npositive = "payer_receives"'))
        (row,) = rows_of(f"{HEADER}\n{GOOD}\n", by)
        assert isinstance(row, LedgerRow)
        assert row.amount == Decimal("-12.50")

    def test_debit_and_credit(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(('column = "amount"', 'debit = "Paid out"\ncredit = "Paid in"'))
        out, back, naught, both, none = rows_of(
            "id,date,paid out,Paid In,supplier\n1,2024-01-01,£5.00,,S\n2,2024-01-01,0.00,7,S\n"
            "3,2024-01-01,0,,S\n4,2024-01-01,1,2,S\n5,2024-01-01,,-,S\n",
            by,
        )
        amounts = [row.amount for row in (out, back, naught) if isinstance(row, LedgerRow)]
        assert amounts == [5, -7, 0]
        assert isinstance(both, Reject)
        assert both.reason == "both a debit and a credit (paid_in)"
        assert isinstance(none, Reject)
        assert (none.field, none.reason) == ("paid_out", "no amount")

    def test_due_dates_and_currencies(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(("[fields]", '[fields]\ndue_on = "due"\ncurrency = "ccy"'))
        start = f"{HEADER},due,ccy\n"
        due, odd, bad = rows_of(
            f"{start}{GOOD},31/03/2024,eur\n2{GOOD},soon,\n3{GOOD},,euros\n", by
        )
        assert isinstance(due, LedgerRow)
        assert (due.due_on, due.currency) == (date(2024, 3, 31), "EUR")
        assert isinstance(odd, LedgerRow)
        assert (odd.due_on, odd.currency, odd.data["due"]) == (None, "GBP", "soon")
        assert isinstance(bad, Reject)
        assert bad.field == "ccy"

    def test_an_unknown_date_needs_a_quarter_in_the_name(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        rule = '"%d/%m/%Y"]\nunknown = ["?"]\nfallback = "quarter-in-file-name"'
        by = make_mapping(('"%d/%m/%Y"]', rule))
        content = f"{HEADER}\n1,?,1,P,S,x\n2,tomorrow,1,P,S,x\n"
        row, bad = rows_of(content, by, "spend Q3 2019.csv")
        assert isinstance(row, LedgerRow)
        assert (row.occurred_at.date(), row.precision) == (date(2019, 9, 30), "quarter")
        assert isinstance(bad, Reject)
        nameless, _ = rows_of(content, by, "spend.csv")
        assert isinstance(nameless, Reject)
        assert "no quarter" in nameless.reason

    def test_progress_ends_with_the_file_size(
        self, write: Callable[..., Path], make_mapping: Callable[..., Mapping]
    ) -> None:
        path = write(HEADER + "\n" + "".join(f"{n}{GOOD}\n" for n in range(2500)))
        positions: list[int] = []
        assert sum(1 for _ in read(path, make_mapping(), positions.append)) == 2500
        assert len(positions) == 3
        assert positions == sorted(positions)
        assert positions[-1] == path.stat().st_size


BAD = [
    ("amount", "1,2024-03-01,twelve,P,S,x", "'twelve' is not an amount"),
    ("amount", "1,2024-03-01,,P,S,x", "no amount"),
    ("amount", "1,2024-03-01,NaN,P,S,x", "'NaN' is not an amount"),
    ("amount", "1,2024-03-01,inf,P,S,x", "'inf' is not an amount"),
    ("amount", "1,2024-03-01,1e999,P,S,x", "'1e999' is not an amount"),
    ("amount", "1,2024-03-01,1.00001,P,S,x", "too long for money"),
    ("amount", "1,2024-03-01,1234567890123456,P,S,x", "too long for money"),
    ("amount", "1,2024-03-01,€5,P,S,x", "is not in GBP"),
    ("date", "1,,1,P,S,x", "no date"),
    ("date", "1,2024-02-30,1,P,S,x", "'2024-02-30' is not a date (%Y-%m-%d or %d/%m/%Y)"),
    ("date", "1,00:00:00,1,P,S,x", "is not a date"),
    ("date", "1,10000-01-01,1,P,S,x", "is not a date"),
    ("supplier", "1,2024-03-01,1,P,,x", "no vendor"),
    ("id", ",2024-03-01,1,P,S,x", "no key"),
    (None, "1,2024-03-01,1,P,S,x,y", "too many columns: 7 where the header has 6"),
    (None, "1,2024-03-01,1,P,S", "too few columns: 5 where the header has 6"),
    ("about", "1,2024-03-01,1,P,S,a\0b", "a NUL at byte 21 of the record"),
    ("about", "1,2024-03-01,1,P,S,a\x1b[31m", "control character U+001B at byte 21"),
    ("about", '1,2024-03-01,1,P,S,"a"b', "text follows a closing quote"),
    ("about", '1,2024-03-01,1,P,S,"open', "a quote is opened and not closed"),
    ("about", "1,2024-03-01,1,P,S," + "z" * 200_000, "a cell is longer than 131,072 characters"),
    ("about", "1,2024-03-01,1,P,S," + "z" * 10_000_000, "longer than"),
]


@pytest.mark.parametrize(("field", "line", "reason"), BAD, ids=[bad[2][:30] for bad in BAD])
def test_a_bad_row_is_one_reject_between_good_rows(
    rows_of: Callable[..., Rows], field: str | None, line: str, reason: str
) -> None:
    before, reject, after = rows_of(f"{HEADER}\n8{GOOD}\n{line}\n9{GOOD}\n")
    assert isinstance(before, LedgerRow)
    assert isinstance(after, LedgerRow)
    assert isinstance(reject, Reject)
    assert reason in reject.reason
    assert reject.line == 3
    assert after.line == 4
    if "quote" not in reason and "longer" not in reason:
        assert reject.field == field
    assert len(reject.text) <= 500
    assert "\0" not in reject.text
    assert reject.text.startswith(line[:12])


def test_nul_is_shown(rows_of: Callable[..., Rows]) -> None:
    (reject,) = rows_of(f"{HEADER}\n1,2024-03-01,1,P,S\0,x\n")
    assert isinstance(reject, Reject)
    assert reject.text == r"1,2024-03-01,1,P,S\x00,x"


def test_the_years_1_to_9999_are_read(rows_of: Callable[..., Rows]) -> None:
    results = rows_of(f"{HEADER}\n1,0001-01-01,1,P,S,x\n2,9999-12-31,1,P,S,x\n")
    assert [r.occurred_at.year for r in results if isinstance(r, LedgerRow)] == [1, 9999]


@pytest.mark.parametrize("blank", ["", ",,,,,", "  ", ' , ,"",,,', "\t"])
def test_blank_lines_are_no_rows(rows_of: Callable[..., Rows], blank: str) -> None:
    results = rows_of(f"{blank}\n{HEADER}\n{blank}\n{GOOD}\n{blank}\n")
    assert [type(row) for row in results] == [LedgerRow]
    assert results[0].line == 4


def test_surplus_blank_cells_are_forgiven(rows_of: Callable[..., Rows]) -> None:
    assert isinstance(rows_of(f"{HEADER}\n{GOOD},, ,\n")[0], LedgerRow)


def test_cells_over_several_lines(rows_of: Callable[..., Rows]) -> None:
    results = rows_of(f'{HEADER}\n1,2024-03-01,1,P,S,"a\nb, ""c""\r\nd"\n2{GOOD}\n')
    assert [(row.line, type(row)) for row in results] == [(2, LedgerRow), (5, LedgerRow)]
    assert isinstance(results[0], LedgerRow)
    assert results[0].description == 'a\nb, "c"\r\nd'


class TestParties:
    HEAD = "id,date,amount,department,supplier,supplier_id,party_kind"

    @pytest.fixture
    def parties(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> Callable[..., list[Party]]:
        """The payees of rows that end like this, by a mapping that says so much more."""

        def read_parties(*ends: str, column: bool = True, not_keys: str = "") -> list[Party]:
            kind = 'kind = "vendor"\n' + ('kind_column = "party_kind"\n' if column else "")
            fields = f"[payee.not_keys]\n{not_keys}\n[fields]" if not_keys else "[fields]"
            by = make_mapping(('kind = "vendor"\n', kind), ("[fields]", fields))
            lines = [f"{n},2024-03-01,1,Parks,{end}" for n, end in enumerate(ends)]
            results = rows_of("\n".join([self.HEAD, *lines]), by)
            assert all(isinstance(row, LedgerRow) for row in results), results
            return [row.payee for row in results if isinstance(row, LedgerRow)]

        return read_parties

    @pytest.mark.parametrize("kind", mapping.KINDS)
    def test_are_of_the_kind_that_their_column_states(
        self, parties: Callable[..., list[Party]], kind: str
    ) -> None:
        results = parties(f"Ann,,{kind}", f"Ann,, {kind.upper()} ")
        assert results == [Party(kind, "Ann")] * 2
        assert parties(f"Ann,,{kind}", column=False) == [Party("vendor", "Ann")]

    @pytest.mark.parametrize("stated", ["", "N/A", "supplier", "vendors"])
    def test_are_of_the_usual_kind_where_it_states_none(
        self, parties: Callable[..., list[Party]], stated: str
    ) -> None:
        assert parties(f"Ann,,{stated}") == [Party("vendor", "Ann")]

    def test_of_a_file_without_the_column_are_of_the_usual_kind(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(('kind = "vendor"', 'kind = "vendor"\nkind_column = "party_kind"'))
        (row,) = rows_of(f"{HEADER}\n{GOOD}", by)
        assert isinstance(row, LedgerRow)
        assert row.payee.kind == "vendor"

    def test_go_by_name_alone_where_the_key_is_none(
        self, parties: Callable[..., list[Party]]
    ) -> None:
        results = parties("Ann,20_1,", "Ann,20_2,", "Ann,21,", not_keys="supplier_id = '_[0-9]+$'")
        assert results == [
            Party("vendor", "Ann"),
            Party("vendor", "Ann"),
            Party("vendor", "Ann", (("supplier_id", "21"),)),
        ]

    def test_without_a_name_go_by_the_key_that_is_none(
        self, parties: Callable[..., list[Party]]
    ) -> None:
        assert parties(",20_1,", not_keys='supplier_id = "_"') == [Party("vendor", "20_1")]


class TestStrayQuotes:
    def test_an_open_quote_costs_one_line(self, rows_of: Callable[..., Rows]) -> None:
        lines = [f"{n}{GOOD}" for n in range(5000)]
        lines[100] = '100,2024-03-01,1,P,"S,x'
        results = rows_of("\n".join([HEADER, *lines]))
        assert len(results) == 5000
        rejects = [row for row in results if isinstance(row, Reject)]
        assert [(reject.line, reject.text) for reject in rejects] == [(102, lines[100])]

    def test_a_quote_that_a_later_one_closes_costs_no_more(
        self, rows_of: Callable[..., Rows]
    ) -> None:
        results = rows_of(
            f'{HEADER}\n1,2024-03-01,1,P,"S,x\n2{GOOD}\n3,2024-03-01,1,P,"Acme, Inc",x\n4{GOOD}\n'
        )
        assert [type(row) for row in results] == [Reject, LedgerRow, LedgerRow, LedgerRow]
        assert [row.line for row in results] == [2, 3, 4, 5]

    def test_many_open_quotes(self, rows_of: Callable[..., Rows]) -> None:
        results = rows_of(HEADER + "\n" + '1,2024-03-01,1,P,"S\n' * 20_000)
        assert {type(row) for row in results} == {Reject}
        assert len(results) == 20_000

    def test_a_huge_quoted_cell_takes_bounded_memory(
        self, write: Callable[..., Path], make_mapping: Callable[..., Mapping]
    ) -> None:
        cell = "z" * 99 + "\n"
        path = write(f'{HEADER}\n1,2024-03-01,1,P,S,"{cell * 100_000}"\n2{GOOD}\n')
        tracemalloc.start()
        last = None
        for row in read(path, make_mapping()):
            last = row
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert isinstance(last, LedgerRow)
        assert last.line == 100_003
        assert peak < 8_000_000


class TestFiles:
    PLAIN = f"{HEADER}\n{GOOD.replace('seeds', 'Café £')}\n"

    @pytest.mark.parametrize(
        "encoding",
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"],
    )
    def test_encodings(self, rows_of: Callable[..., Rows], encoding: str) -> None:
        (row,) = rows_of(self.PLAIN.encode(encoding))
        assert isinstance(row, LedgerRow)
        assert row.description == "Café £"

    def test_a_named_encoding(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        content = f"{HEADER}\n{GOOD.replace('seeds', 'żółć')}\n".encode("cp1250")
        (row,) = rows_of(content, make_mapping(more='[file]\nencoding = "cp1250"\n'))
        assert isinstance(row, LedgerRow)
        assert row.description == "żółć"

    def test_a_line_longer_than_what_is_read_at_once(self, rows_of: Callable[..., Rows]) -> None:
        """It is looked at in pieces, and a piece may end within a character."""
        for shift in range(3):
            long = "x" * shift + "€" * 50_000
            (row,) = rows_of(f"{HEADER}\n{GOOD.replace('seeds', long)}")
            assert isinstance(row, LedgerRow)
            assert row.description == long

    def test_western_signs_late_in_a_long_file(self, rows_of: Callable[..., Rows]) -> None:
        lines = [f"{n}{GOOD}" for n in range(4000)] + ["x,2024-03-01,£1,P,Café,x"]
        row = rows_of("\n".join([HEADER, *lines]).encode("cp1252"))[-1]
        assert isinstance(row, LedgerRow)
        assert (row.amount, row.payee.name) == (Decimal(1), "Café")

    def test_a_line_of_another_encoding_is_a_reject(self, rows_of: Callable[..., Rows]) -> None:
        good = [f"{n}{GOOD.replace('seeds', 'Café')}\n".encode() for n in range(5)]
        bad = "x,2024-03-01,1,P,Café,x\n".encode("cp1252")
        results = rows_of(b"".join([HEADER.encode(), b"\n", *good, bad, f"7{GOOD}".encode()]))
        assert [type(row) for row in results] == [LedgerRow] * 5 + [Reject, LedgerRow]
        reject = results[5]
        assert isinstance(reject, Reject)
        assert reject.reason == "mixed encodings: byte 0xE9 at byte 21 of the record is not utf-8"
        assert reject.field == "supplier"
        assert reject.text == r"x,2024-03-01,1,P,Caf\xe9,x"

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_line_ends(self, rows_of: Callable[..., Rows], end: str) -> None:
        results = rows_of(end.join([HEADER, GOOD, f"2{GOOD}"]).encode())
        assert [(row.line, type(row)) for row in results] == [(2, LedgerRow), (3, LedgerRow)]

    @pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
    def test_delimiters(self, rows_of: Callable[..., Rows], mark: str) -> None:
        content = f"{HEADER}\n{GOOD}\n2{GOOD}\n".replace(",", mark)
        assert [type(row) for row in rows_of(content)] == [LedgerRow] * 2

    def test_the_delimiter_may_be_stated_above_the_header(
        self, rows_of: Callable[..., Rows]
    ) -> None:
        (row,) = rows_of(f"sep=;\r\n{HEADER}\n{GOOD}\n".replace(",", ";"))
        assert isinstance(row, LedgerRow)
        assert row.line == 3

    def test_a_header_further_down(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(more="[file]\nheader_line = 3\n")
        (row,) = rows_of(f'Spending of "March\n\n{HEADER}\n{GOOD}\n', by)
        assert isinstance(row, LedgerRow)
        assert row.line == 4

    def test_gzip_and_zstandard(
        self, write: Callable[..., Path], make_mapping: Callable[..., Mapping]
    ) -> None:
        plain = self.PLAIN.encode()
        for packed in (
            gzip.compress(plain),
            gzip.compress(plain[:50]) + gzip.compress(plain[50:]),
            zstandard.compress(plain),
            zstandard.compress(plain[:50]) + zstandard.compress(plain[50:]),
        ):
            (row,) = read(write(packed, "any-name"), make_mapping())
            assert isinstance(row, LedgerRow)

    def test_a_big_zstandard_file(
        self, write: Callable[..., Path], make_mapping: Callable[..., Mapping]
    ) -> None:
        plain = HEADER + "\n" + "".join(f"{n}{GOOD}\n" for n in range(20_000))
        path = write(zstandard.compress(plain.encode()), "l.csv.zst")
        assert sum(isinstance(row, LedgerRow) for row in read(path, make_mapping())) == 20_000

    @pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
    @pytest.mark.parametrize("kept", [0.3, 0.9, 0.999])
    def test_cut_off_files(
        self,
        rows_of: Callable[..., Rows],
        pack: Callable[[bytes], bytes],
        kept: float,
    ) -> None:
        plain = HEADER + "\n" + "".join(f"{n},{n * n}{GOOD}\n" for n in range(3000))
        packed = pack(plain.encode())
        with pytest.raises(LedgerFileError, match=r"l\.csv is cut off or damaged"):
            rows_of(packed[: int(len(packed) * kept)])

    @pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
    def test_damaged_files(
        self, rows_of: Callable[..., Rows], pack: Callable[[bytes], bytes]
    ) -> None:
        packed = bytearray(pack(self.PLAIN.encode() * 50))
        packed[len(packed) // 2] ^= 0xFF
        packed[-2] ^= 0xFF
        with pytest.raises(LedgerFileError):
            rows_of(bytes(packed))

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"", "is empty"),
            (b" \n\r\n ", "is empty"),
            (b"\xef\xbb\xbf", "has no line 1 to hold a header"),
            (b"%PDF-1.7 ...", "is a PDF, not text"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an old Office file"),
            (gzip.compress(gzip.compress(b"a,b\n1,2\n", mtime=0), mtime=0), "compressed twice"),
            (bytes(range(256)) * 4 + bytes(300), "is not text"),
            (f"{GOOD}\n".encode(), "has no column date, amount, supplier, id that 'simple' asks"),
            (b"id,date,amount,amount,supplier\n", "has no column amount that"),
            (b'id,"date,amount\n', "line 1: a quote is opened and not closed"),
        ],
    )
    def test_files_that_are_no_ledger(
        self, rows_of: Callable[..., Rows], content: bytes, complaint: str
    ) -> None:
        with pytest.raises(LedgerFileError) as error:
            rows_of(content)
        assert complaint in str(error.value)
        assert "l.csv" in str(error.value)

    def test_a_spreadsheet(self, rows_of: Callable[..., Rows]) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as book:
            book.writestr("xl/workbook.xml", "<x/>")
        with pytest.raises(LedgerFileError, match="save it as CSV first"):
            rows_of(file.getvalue())

    def test_a_header_alone_has_no_rows(self, rows_of: Callable[..., Rows]) -> None:
        assert rows_of(HEADER) == []

    def test_a_missing_file(self, tmp_path: Path, make_mapping: Callable[..., Mapping]) -> None:
        with pytest.raises(LedgerFileError, match="No such file"):
            list(read(tmp_path / "none.csv", make_mapping()))
        with pytest.raises(LedgerFileError, match="No such file"):
            header(tmp_path / "none.csv")

    def test_a_column_that_stands_twice_is_named_by_number(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping(('column = "amount"', 'column = "amount_2"'))
        (row,) = rows_of("id,date,Amount,AMOUNT,supplier\n1,2024-01-01,5,6,S\n", by)
        assert isinstance(row, LedgerRow)
        assert row.amount == 6
        assert row.data["amount_1"] == "5"


LINES = st.lists(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20), min_size=6, max_size=6
    ),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=LINES)
def test_any_text_gives_one_result_a_row(
    write: Callable[..., Path], make_mapping: Callable[..., Mapping], rows: list[list[str]]
) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([HEADER.split(","), *rows])
    results = list(read(write(out.getvalue()), make_mapping()))
    expected = [row for row in rows if "".join(row).strip()]
    assert len(results) == len(expected)
    for result, cells in zip(results, expected, strict=True):
        if isinstance(result, LedgerRow):
            assert list(result.data.values()) == [cell.strip() for cell in cells]
        else:
            assert result.reason


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rubbish=st.binary(max_size=300))
def test_any_bytes_below_the_header_raise_nothing_else(
    write: Callable[..., Path], make_mapping: Callable[..., Mapping], rubbish: bytes
) -> None:
    path = write(f"{HEADER}\n{GOOD}\n".encode() * 5 + rubbish)
    try:
        results = list(read(path, make_mapping()))
    except LedgerFileError:
        return
    assert isinstance(results[0], LedgerRow)
    for row in results:
        if isinstance(row, Reject):
            row.text.encode()
            assert row.reason
            assert "\0" not in row.text
