"""Reading: the real books to the row, and every way in which a file may be broken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from graph.ingest.ledger_rows import LedgerRow, Party, Reject
from graph.ingest.mappings import mapping
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.rows_from_file import read

Rows = list[LedgerRow | Reject]
HEADER = "id,date,amount,department,supplier,about"
GOOD = "1,2024-03-01,12.50,Parks,Acme Ltd,seeds"


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

    def test_labels_stand_in_nameless_columns_only(
        self, rows_of: Callable[..., Rows], make_mapping: Callable[..., Mapping]
    ) -> None:
        by = make_mapping()
        by = replace(by, file=replace(by.file, labels=("Name",)))
        (row,) = rows_of(f"{HEADER},\n1,2024-03-01,1,P,S,Name: seeds,Name: Acme\n", by)
        assert isinstance(row, LedgerRow)
        assert row.description == "Name: seeds"
        assert "Acme" in row.data.values()

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
    ("date", "1,2024-02-30,1,P,S,x", "'2024-02-30' is not a date, as 2026-12-31 or 31/12/2026 is"),
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
