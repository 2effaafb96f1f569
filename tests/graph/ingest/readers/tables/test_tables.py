"""Workbooks, JSON lines and Parquet: tables that are read as a CSV of the same cells is."""

import gzip
import io
import json
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
import xlwt
from pyarrow import parquet

from graph.errors import LedgerError
from graph.ingest.decode import LedgerFileError
from graph.ingest.file_parts import parts_of
from graph.ingest.ledger_rows import LedgerRow
from graph.ingest.mappings import from_toml
from graph.ingest.readers.tables.title_rows import joined
from tests.graph.ingest.readers.conftest import Read, read_file

HEADER = ("Invoice date", "Supplier", "Invoice number", "Amount (EUR)")
ROWS = (
    (date(2025, 1, 13), "Clay Barn", "RE-5", 12.5),
    (date(2025, 2, 25), "Kiln Works", "RE-6", 20000.0),
    (date(2025, 3, 31), "Glaze & Co", "RE-7", 0.1 + 0.2),
)
RIGHT = [
    ("2025-01-13", "Clay Barn", "12.50"),
    ("2025-02-25", "Kiln Works", "20000.00"),
    ("2025-03-31", "Glaze & Co", "0.30"),
]
Cells = Sequence[Sequence[object]]


def xlsx(**sheets: Cells) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def xls(rows: Cells) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("Bills")
    day = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            sheet.write(at, column, cell, *([day] if isinstance(cell, date) else []))
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def ods(rows: Cells) -> bytes:
    table = "".join(
        f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows
    )
    names = ("office", "table", "text")
    spaces = " ".join(f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in names)
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces} '
        'office:version="1.2"><office:body><office:spreadsheet><table:table table:name="Bills">'
        f"{table}</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<?xml version="1.0"?><manifest:manifest '
        'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        "</manifest:manifest>"
    )
    return zipped({"mimetype": kind, "content.xml": content, "META-INF/manifest.xml": manifest})


def _ods_cell(cell: object) -> str:
    text = str(cell).replace("&", "&amp;")
    kind = f'office:value-type="float" office:value="{cell}"'
    if isinstance(cell, date):
        kind = f'office:value-type="date" office:date-value="{cell.isoformat()}"'
    elif isinstance(cell, str):
        kind = 'office:value-type="string"'
    return f"<table:table-cell {kind}><text:p>{text}</text:p></table:table-cell>"


def zipped(files: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return stream.getvalue()


def paid(rows: list[LedgerRow]) -> list[tuple[str, str, str]]:
    return [(f"{r.occurred_at:%Y-%m-%d}", r.payee.name, f"{r.amount:.2f}") for r in rows]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bills.xlsx", xlsx(Bills=[HEADER, *ROWS])),
        ("bills.xlsm", xlsx(Bills=[HEADER, *ROWS])),
        ("bills.dat", xlsx(Bills=[HEADER, *ROWS])),
        ("bills.xlsx.gz", gzip.compress(xlsx(Bills=[HEADER, *ROWS]))),
        ("bills.xls", xls([HEADER, *ROWS])),
        ("bills.ods", ods([HEADER, *ROWS])),
    ],
)
def test_a_workbook_is_read_with_its_types(read: Read, name: str, content: bytes) -> None:
    result = read(content, name)
    assert paid(result.rows) == RIGHT
    assert [row.document_ref for row in result.rows] == ["RE-5", "RE-6", "RE-7"]
    assert [row.line for row in result.rows] == [2, 3, 4]
    assert {row.currency for row in result.rows} == {"EUR"}


def test_the_handed_sample(more: Path) -> None:
    result = read_file(more / "format-xlsx.xlsx")
    assert [(f"{r.occurred_at:%Y-%m-%d}", r.payee.name, abs(r.amount)) for r in result.rows] == [
        ("2025-01-13", "Clay Barn", Decimal("12.50")),
        ("2025-01-14", "Willow Fair", 100),
    ]


def test_title_rows_and_merged_cells_stand_above_the_header(read: Read) -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(xlsx(Bills=[("Supplier invoices 2025",), (), HEADER, *ROWS]))
    )
    book["Bills"].merge_cells("A1:D1")
    result = read(saved(book), "bills.xlsx")
    assert paid(result.rows) == RIGHT
    assert [row.line for row in result.rows] == [4, 5, 6]


def test_dates_as_bare_serials_are_dates(read: Read) -> None:
    rows = [(45670, "Clay Barn", "RE-5", 12.5), (45713, "Kiln Works", "RE-6", 13.75)]
    assert paid(read(xlsx(Bills=[HEADER, *rows]), "a.xlsx").rows) == [
        ("2025-01-13", "Clay Barn", "12.50"),
        ("2025-02-25", "Kiln Works", "13.75"),
    ]


def test_every_visible_sheet_is_a_part(read: Read) -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(xlsx(
            January=[HEADER, ROWS[0]], February=[HEADER, ROWS[1], ("x", "y", "z", "much")],
            Notes=[("Please pay on time",)], Old=[HEADER, ROWS[2]],
        ))
    )  # fmt: skip
    book["Old"].sheet_state = "hidden"
    result = read(saved(book), "bills.xlsx")
    assert paid(result.rows) == RIGHT[:2]
    assert [part.label for part in result.parts] == ["January", "February"]
    assert len(result.rejects) == 1
    assert any("hidden sheet 'Old' is not read" in warning for warning in result.warnings)
    assert any("not imported: bills.xlsx [Notes]" in warning for warning in result.warnings)


def test_a_mapping_of_ones_own_reads_a_workbook(tmp_path: Path) -> None:
    path = tmp_path / "bills.xlsx"
    path.write_bytes(xlsx(Bills=[HEADER, *ROWS]))
    by = tmp_path / "own.toml"
    by.write_text(
        'name = "own"\nplatform = "ledger"\n[date]\ncolumn = "invoice_date"\n'
        'formats = ["%Y-%m-%d"]\n[amount]\ncolumn = "amount_eur"\n[payer]\nkind = "department"\n'
        'default = "Us"\n[payee]\nkind = "vendor"\nname = "supplier"\n[constants]\n'
        'currency = "EUR"\n'
    )
    [part] = parts_of(path, from_toml.load(by))
    rows = [row for row in part.read() if isinstance(row, LedgerRow)]
    assert paid(rows) == RIGHT
    assert {row.payer.name for row in rows} == {"Us"}


class TestAHostileWorkbook:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (zipped({"word/document.xml": "<a/>"}), "zip archive without a workbook"),
            (xlsx(Bills=[HEADER, *ROWS])[:900], "damaged zip archive"),
            (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "damaged, or no workbook"),
            (zipped({"xl/workbook.xml": "<broken"}), "damaged, or no workbook"),
            (xlsx(Bills=[]), "no visible sheet with cells"),
        ],
    )
    def test_is_refused_in_a_sentence(self, read: Read, content: bytes, reason: str) -> None:
        with pytest.raises(LedgerFileError, match=reason):
            read(content, "bills.xlsx")

    def test_a_bomb_is_refused_before_it_is_unpacked(self, read: Read) -> None:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", "<workbook/>")
            with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
                for _ in range(1100):
                    member.write(b"\0" * 2**20)
        assert len(stream.getvalue()) < 3 * 2**20
        with pytest.raises(LedgerFileError, match="unpacks to"):
            read(stream.getvalue(), "bills.xlsx")

    def test_a_cell_in_the_last_corner_harms_nobody(self, read: Read) -> None:
        book = openpyxl.load_workbook(io.BytesIO(xlsx(Bills=[HEADER, *ROWS])))
        book["Bills"]["XFD1048576"] = "here"
        with pytest.raises(LedgerFileError, match=r"more than 50,000,000 cells|limits of memory"):
            read(saved(book), "bills.xlsx")


class TestJson:
    LINES = (
        {"date": "2025-01-13", "supplier": "Clay Barn", "amount": 12.50, "currency": "EUR"},
        {"date": "2025-02-25", "supplier": "Kiln Works", "amount": 20000.10, "currency": "EUR"},
    )
    TEXT = "\n".join(map(json.dumps, LINES))

    @pytest.mark.parametrize("text", [TEXT, "\ufeff" + TEXT, json.dumps(LINES), f"{TEXT}\n\n"])
    def test_lines_and_arrays_are_tables(self, read: Read, text: str) -> None:
        result = read(text, "a.json")
        assert paid(result.rows) == [
            ("2025-01-13", "Clay Barn", "12.50"),
            ("2025-02-25", "Kiln Works", "20000.10"),
        ]
        assert [row.line for row in result.rows] == [1, 2]

    def test_objects_within_are_columns(self, read: Read) -> None:
        line = {"date": "2025-01-13", "supplier": {"name": "Clay Barn"}, "amount": "12.50",
                "currency": "EUR", "tags": ["a", "b"]}  # fmt: skip
        [row] = read(f"{json.dumps(line)}\n", "a.jsonl").rows
        assert row.payee.name == "Clay Barn"
        assert row.data["tags"] == '["a", "b"]'

    @pytest.mark.parametrize(
        "bad",
        [
            "{not json}",
            "[1, 2]",
            '{"date": "a\\u0000b"}',
            '{"date": "\\ud800"}',
            '{"a":' * 20 + "1" + "}" * 20,
        ],
    )
    def test_a_bad_line_costs_itself_alone(self, read: Read, bad: str) -> None:
        first, second = self.TEXT.split("\n")
        result = read(f"{first}\n{bad}\n{second}\n", "a.jsonl")
        assert [reject.line for reject in result.rejects] == [2]
        assert [row.line for row in result.rows] == [1, 3]

    @pytest.mark.parametrize("text", ['[{"a": 1}', '[{"a": 1}, ' + "[" * 100_000, '{"a"}'])
    def test_no_json_is_refused(self, read: Read, text: str) -> None:
        with pytest.raises(LedgerError):
            read(text, "a.json")


class TestParquet:
    TABLE = {
        "date": [date(2025, 1, 13), date(2025, 2, 25)],
        "supplier": ["Clay Barn", "Kiln\nWorks"],
        "amount": [Decimal("12.50"), Decimal("20000.10")],
        "currency": ["EUR", "EUR"],
        "posted_at": [datetime.fromisoformat("2025-01-13T09:30:00"), None],
    }

    def content(self) -> bytes:
        stream = io.BytesIO()
        parquet.write_table(pa.table(self.TABLE), stream)
        return stream.getvalue()

    def test_is_a_table(self, read: Read) -> None:
        result = read(self.content(), "a.parquet")
        assert paid(result.rows) == [
            ("2025-01-13", "Clay Barn", "12.50"),
            ("2025-02-25", "Kiln Works", "20000.10"),
        ]
        assert [row.line for row in result.rows] == [1, 2]
        assert result.rows[0].data["posted_at"] == "2025-01-13 09:30:00"

    @pytest.mark.parametrize("end", [20, 300, -4])
    def test_that_is_cut_off_is_refused(self, read: Read, end: int) -> None:
        with pytest.raises(LedgerFileError, match=r"damaged|limits of memory"):
            read(self.content()[:end], "a.parquet")


TWO_ROWS = (
    ("Statement of February", None, None, None, None),
    (),
    ("Date", "Payee", "Amount (EUR)", None, "Balance (EUR)"),
    (None, None, "Paid out", "Paid in", None),
    (date(2026, 2, 13), "Clay Barn", 12.5, None, 987.5),
    (date(2026, 2, 20), "Kiln Works", None, 200.0, 1187.5),
    (date(2026, 2, 27), "Glaze & Co", 7.5, None, 1180.0),
)


def test_titles_in_two_rows_are_one(tmp_path: Path) -> None:
    path = tmp_path / "account.xlsx"
    path.write_bytes(xlsx(Bank=TWO_ROWS))
    result = read_file(path)
    assert not result.rejects
    assert [(row.line, row.payee.name, str(row.amount)) for row in result.rows] == [
        (5, "Clay Barn", "12.50"),
        (6, "Kiln Works", "-200.00"),
        (7, "Glaze & Co", "7.50"),
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [["Report", "", ""], ["Date", "Payee", "Amount"], ["2026-02-13", "Clay Barn", "12.50"]],
        [["Date", "Payee", "Amount"], ["", "Opening", ""], ["2026-02-13", "Clay", "12.50"]],
        [["Date", "", "Amount", ""], ["", "Section", "", "A"], ["2026-02-13", "Clay", "1", "b"]],
        [["Date", "Payee", ""], ["", "", "01.02."], ["2026-02-13", "Clay Barn", "12.50"]],
    ],
)
def test_rows_that_are_no_second_titles_stay(rows: list[list[str]]) -> None:
    assert joined(list(rows)) == rows
