"""Returns a list as a file: CSV or XLSX, with names instead of ids."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import xlsxwriter
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from finley.web.words import sources
from graph.errors import QuestionError

MOST = 100_000  # rows per file
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its title, and a function from a row to its cell (text, number, date or
    None)."""

    title: str
    cell: Callable[[Any], Any]


def wants_file(request: HttpRequest) -> bool:
    """Return whether the request asks for a file, by `?format=`."""
    return bool(request.GET.get("format"))


def file(
    request: HttpRequest, name: str, columns: Sequence[Column], rows: Sequence[Any]
) -> HttpResponse:
    """Return the rows as a CSV or XLSX file, as the URL's parameter `format` says. `name` becomes
    part of the file's name.

    Raises QuestionError for an unknown format or more than MOST rows.
    """
    format_name = request.GET["format"]
    if format_name not in FORMATS:
        raise QuestionError(f"{format_name} is not a format. Choose csv or xlsx.", "format")
    if len(rows) > MOST:
        raise QuestionError(
            f"A file holds {MOST:,} rows at most, and these are more: narrow the list by days.",
            "format",
        )
    table = [[_named(column.cell(row)) for column in columns] for row in rows]
    titles = [column.title for column in columns]
    content = _csv(titles, table) if format_name == "csv" else _xlsx(name, titles, table)
    response = HttpResponse(content, content_type=FORMATS[format_name])
    file_name = f"finley-{name}-{timezone.now():%Y-%m-%d}.{format_name}"
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file_name)}"
    return response


def _named(cell: Any) -> Any:
    """The cell; in a text, sources' names are in place of keys that programs made."""
    return sources.readable(cell) if isinstance(cell, str) else cell


def _csv(titles: Sequence[str], table: Iterable[Sequence[Any]]) -> bytes:
    """The table as CSV, with a byte order mark by which spreadsheets recognise UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(titles)
    writer.writerows([safe_cell(cell) for cell in row] for row in table)
    return text.getvalue().encode("utf-8-sig")


def safe_cell(cell: Any) -> Any:
    """The cell, with an apostrophe before a text that a spreadsheet would run as a formula."""
    if isinstance(cell, Decimal):
        return f"{cell.normalize():f}"
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _xlsx(name: str, titles: Sequence[str], table: Iterable[Sequence[Any]]) -> bytes:
    """The table as XLSX. Texts are written as texts, never as formulas or links."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet(name[:31])
        days = book.add_format({"num_format": "yyyy-mm-dd"})
        bold = book.add_format({"bold": True})
        amounts = book.add_format({"num_format": "#,##0.00"})
        sheet.write_row(0, 0, titles, bold)
        sheet.freeze_panes(1, 0)
        for at, row in enumerate(table, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(at, column, cell, days)
                elif isinstance(cell, Decimal | float | int):
                    sheet.write_number(at, column, cell, amounts)
                elif cell is not None:
                    sheet.write_string(at, column, str(cell)[:32_767])
        sheet.set_column(0, len(titles) - 1, 18)
    return content.getvalue()
