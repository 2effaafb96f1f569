"""Reading files that are broken: quotes, encodings, archives, and arbitrary bytes."""

import csv
import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.ingest.ledger_rows import LedgerRow, Reject
from graph.ingest.mappings.mapping import Mapping
from graph.ingest.rows_from_file import LedgerFileError, header, read
from tests.graph.ingest.test_rows_from_file import GOOD, HEADER, Rows


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
