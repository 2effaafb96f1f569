"""The rejected rows of a file: shown as cells, corrected on the page, and as a download."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from finley.models import Role
from finley.web import list_filters
from finley.web.access import PageRequest, page, require_same_tenant
from finley.web.downloads import safe_cell
from graph.errors import QuestionError
from graph.ingest.resubmit import Rejected
from syncjobs.models import Upload
from syncjobs.models.choices import UploadState
from syncjobs.uploads import lifecycle, rejected_rows
from syncjobs.uploads.rejected_rows import Mended, RejectedTable

A_PAGE = 25  # rows per page, each with an input for each cell
MOST_CELLS = 1_500  # cells per page
CELL = re.compile(r"cells-(\d{1,9})", re.ASCII)
Row = dict[str, Any]


def shown(request: PageRequest, upload: Upload) -> Row:
    """The template's variables for one page of the file's rejected rows; "rejects" is empty if
    there are none."""
    if upload.state != UploadState.DONE or not upload.rejects:
        return {"rejects": [], "mendable": False}
    table = rejected_rows.listed(upload.user_id, upload.pk)
    start = list_filters.offset(request.GET)
    end = start + max(1, min(A_PAGE, MOST_CELLS // max(len(table.header), 1)))
    return {
        "rejects": [_row(table, row) for row in table.rows[start:end]],
        "rejected": len(table.rows),
        "mendable": bool(table.header) and request.access.owns,
        "next": end if end < len(table.rows) else None,
    }


def _row(table: RejectedTable, row: Rejected) -> Row:
    cells = table.cells(row)
    titles = [*table.header, *(f"column {n}" for n in range(len(table.header) + 1, 999))]
    return {
        "line": row.line,
        "field": row.field,
        "reason": row.reason,
        "text": row.text,
        "cells": [
            {"title": title or "untitled", "text": text, "doubted": _same(title, row.field)}
            for title, text in zip(titles, cells, strict=False)
        ],
    }


def _same(title: str, field: str) -> bool:
    return bool(field) and title.casefold() == field.casefold()


@require_POST
@page(Role.OWNER)
def mend(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """Store the rows whose cells were changed, and delete the chosen ones."""
    require_same_tenant(request, must_name=True)
    user_id = request.access.tenant_id
    dropped = {int(line) for line in request.POST.getlist("drop") if re.fullmatch(r"\d{1,9}", line)}
    table = rejected_rows.listed(user_id, upload_id)
    changed = {line: cells for line, cells in _changed(request, table) if line not in dropped}
    if not changed and not dropped:
        raise QuestionError("No cell was changed, and no row was chosen.", "rows")
    mended = rejected_rows.mend(user_id, upload_id, changed, dropped)
    messages.success(request, in_words(mended, len(dropped)))
    return redirect("import", upload_id)


def _changed(request: PageRequest, table: RejectedTable) -> Iterator[tuple[int, list[str]]]:
    before = {row.line: table.cells(row) for row in table.rows}
    for name, values in request.POST.lists():
        if match := CELL.fullmatch(name):
            line, cells = int(match[1]), [str(value) for value in values]
            if line not in before or [_one_line(cell) for cell in before[line]] != cells:
                yield line, cells


def _one_line(cell: str) -> str:
    """The cell without line ends, as a browser sends it back from a form field of one line."""
    return re.sub(r"[\r\n]", "", cell)


def in_words(mended: Mended, dropped: int) -> str:
    """A sentence with the numbers of stored, updated, unchanged, unreadable and forgotten rows."""
    counts = mended.counts
    numbers = {
        "stored": counts.rows_stored,
        "updated": counts.rows_updated,
        "there already": counts.rows_unchanged,
        "still not readable": counts.rows_rejected,
        "forgotten": dropped,
    }
    said = [f"{number} {word}" for word, number in numbers.items() if number]
    return f"Of the rows that you sent: {', '.join(said)}."


@page()
def download(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """The file's rows that could not be read, as a CSV file to download."""
    upload = lifecycle.get(request.access.tenant_id, upload_id)
    if upload.state != UploadState.DONE or not upload.rejects:
        raise QuestionError("No row of this file was rejected.", "id")
    response = HttpResponse(safe(upload.rejects), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="rejected-rows.csv"'
    return response


def safe(text: str) -> bytes:
    """The rejects file `text` as the bytes of a CSV in which no cell is a formula that a
    spreadsheet would run."""
    output = io.StringIO()
    csv.writer(output).writerows(
        [safe_cell(cell) for cell in line] for line in csv.reader(io.StringIO(text))
    )
    return output.getvalue().encode("utf-8-sig")
