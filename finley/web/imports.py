"""Pages for importing files: upload, preview, corrections, confirmation, rejected rows.

Scripts send the input to the API (syncjobs/api/uploads). Without scripts, forms do the same.
"""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from finley.models import Role
from finley.web import answer_cache, rejected_rows
from finley.web.access import PageRequest, page, require_same_tenant
from finley.web.words import choices, how_read, readings
from graph.errors import QuestionError
from graph.ingest.mappings.mapping import RECORDS
from graph.models.choices import EntityKind
from graph.questions import days, search
from graph.questions.rows import elsewhere, of_file
from syncjobs.models import Upload
from syncjobs.models.choices import UploadState
from syncjobs.models.uploads import MOST_BYTES, PIECE_BYTES
from syncjobs.uploads import lifecycle, preview_rows
from syncjobs.uploads.upload_options import NAMES

WITHOUT_SCRIPT = 900_000  # bytes of a whole form, because the service limits bodies to 1 MiB
CHOICES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "direction",
        "A positive amount is",
        (("in", "money in: we receive it"), ("out", "money out: we pay it")),
    ),
    (
        "date_order",
        "Dates are written",
        (("day", "day first: 31/01/2025"), ("month", "month first: 01/31/2025")),
    ),
    ("decimal", "Decimals come after", ((".", "a point: 1,234.50"), (",", "a comma: 1.234,50"))),
    ("records", "Each row is", tuple((name, choices.RECORDS[name]) for name in RECORDS)),
)
COLUMNS = (("payee", "Column of the other party"), ("amount", "Column of the amount"),
           ("date", "Column of the date"),
           ("document", "Column of the document number"))  # fmt: skip
TITLES = {  # of a choice that decides between two readings
    **{
        (name, value): f"{label} {words}"
        for name, label, values in CHOICES
        for value, words in values
    },
    **{(name, ""): label for name, label in COLUMNS},
    ("currency", ""): "Currency",
}
MOST_ACCOUNTS = 200  # of the tenant, that the form offers
MOST_PAIRS = 100  # rows on a page, each with its other sighting
Row = dict[str, Any]


@page()
def imports(request: PageRequest) -> HttpResponseBase:
    """The page that lists the uploaded files, with a form for more. Without JavaScript, each file
    is sent in one form."""
    if request.method == "POST":
        return _sent(request)
    context = {
        "uploads": lifecycle.listed(request.access.tenant_id),
        "books": days.reach(request.access.tenant_id, days.today(request.access.tenant_id)),
        "most": MOST_BYTES,
        "most_mb": MOST_BYTES // 10**6,
        "without_script_kb": WITHOUT_SCRIPT // 10**3,
    }
    return render(request, "web/imports.html", context)


@page(Role.OWNER)
def _sent(request: PageRequest) -> HttpResponse:
    require_same_tenant(request, must_name=True)
    files = request.FILES.getlist("files")
    if not files:
        raise QuestionError("Choose a file first.", "files")
    for file in files:
        name, data = file.name or "", file.read()
        upload = lifecycle.begin(request.access.tenant_id, name, len(data), _by(request))
        for number in range(upload.pieces):
            at = number * PIECE_BYTES
            piece = data[at : at + PIECE_BYTES]
            lifecycle.piece(request.access.tenant_id, upload.pk, number, piece)
        lifecycle.received(request.access.tenant_id, upload.pk)
    return redirect("imports")


@page()
def one(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """The page of one file: how it would be read, or the result of its import."""
    upload = lifecycle.get(request.access.tenant_id, upload_id)
    preview = upload.preview or {"parts": [], "columns": []}
    doubts = [doubt for part in preview["parts"] for doubt in part["doubts"]]
    context = {
        "upload": upload,
        "working": upload.state in lifecycle.ACTIVE,
        "decidable": upload.state in lifecycle.DECIDABLE and request.access.owns,
        "parts": [
            {
                **part,
                "readings": readings.of(part["question"], TITLES),
                "how_read": [how_read.sentence(line) for line in part["evidence"]],
            }
            for part in preview["parts"]
        ],
        "doubts": doubts,
        "blocked": any(doubt["blocking"] for doubt in doubts),
        "is_table": bool(preview["columns"]),
        "fields": _fields(upload, preview, doubts),
        **_accounts(upload),
        "elsewhere": _elsewhere(upload)[0],
        "same_before": lifecycle.same_before(upload),
        "stored_sums": _stored_sums(upload),
        **rejected_rows.shown(request, upload),
    }
    return render(request, "web/import.html", context)


def _elsewhere(upload: Upload) -> tuple[int, list[Row]]:
    """How many rows of the file are taken for payments that other books have already, and the
    newest of these pairs."""
    parts = _parts(upload)
    return answer_cache.answer(_pairs, upload.user_id, json.dumps(parts)) if parts else (0, [])


def _parts(upload: Upload) -> list[Row]:
    """The parts of the file that were imported, each with its source and the name in its rows."""
    parts: list[Row] = (upload.outcome or {}).get("parts", [])
    return parts


def _stored_sums(upload: Upload) -> list[Row]:
    """The sums of the file's rows as they are stored in the books, one dict per direction and
    currency (preview_rows.sums_by_direction)."""
    parts = [] if upload.state == UploadState.TAKEN_BACK else _parts(upload)
    sums = answer_cache.answer(_sums, upload.user_id, json.dumps(parts)) if parts else []
    return preview_rows.added_by_direction(sums)


def _sums(user_id: UUID, parts: str) -> list[Row]:
    return of_file.sums(user_id, json.loads(parts))


def _pairs(user_id: UUID, parts: str) -> tuple[int, list[Row]]:
    return elsewhere.sightings(user_id, json.loads(parts), MOST_PAIRS)


@page()
def same(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """The page that lists the file's rows which are taken for payments of other books, each beside
    the other books' row."""
    upload = lifecycle.get(request.access.tenant_id, upload_id)
    count, pairs = _elsewhere(upload)
    context = {
        "upload": upload,
        "count": count,
        "pairs": elsewhere.compared(upload.user_id, pairs),
    }
    return render(request, "web/import_same.html", context)


def _fields(upload: Upload, preview: Row, doubts: list[Row]) -> list[Row]:
    """The fields of the form for corrections, one dict each: its name, label, options, the chosen
    value, the column that is read `now` ("" if none is known), and whether the reader doubts it."""
    columns: list[str] = preview["columns"]
    now = how_read.columns(line for part in preview["parts"] for line in part["evidence"])
    doubted = {doubt["option"].lstrip("-").replace("-", "_") for doubt in doubts}
    options = [(title, title) for title in columns if title]
    fields = [*CHOICES, *((name, label, tuple(options)) for name, label in COLUMNS if options)]
    return [
        {
            "name": name,
            "label": label,
            "options": values,
            "now": column if (column := now.get(name, "")) in columns else "",
            "chosen": upload.choices.get(name, ""),
            "doubted": name in doubted,
        }
        for name, label, values in fields
    ]


def _accounts(upload: Upload) -> Row:
    """The accounts of the books, by name, for the form, and a chosen one that is not among them."""
    page_ = search.entities(upload.user_id, kind=EntityKind.ACCOUNT.value, limit=MOST_ACCOUNTS)
    names = list(dict.fromkeys(entity["name"] for entity in page_.entities))
    chosen = upload.choices.get("account", "")
    return {"accounts": names, "new_account": "" if chosen in names else chosen}


@require_POST
@page(Role.OWNER)
def choose(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """Let the file be read again with the form's corrections."""
    form = {
        name: request.POST.get(name, "").replace("\0", "").strip()
        for name in (*NAMES, "new_account")
    }
    form["account"] = form.pop("new_account") or form["account"]
    form["currency"] = form["currency"].upper()
    lifecycle.choose(request.access.tenant_id, upload_id, form)
    return redirect("import", upload_id)


@require_POST
@page(Role.OWNER)
def confirm(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """Let the file be imported as the page showed it."""
    save = request.POST.get("save_mapping") == "yes"
    lifecycle.confirm(request.access.tenant_id, upload_id, save_mapping=save)
    return redirect("import", upload_id)


@require_POST
@page(Role.OWNER)
def discard(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """Delete the uploaded file, and show the list of files."""
    lifecycle.discard(request.access.tenant_id, upload_id)
    messages.success(request, "The file is deleted. What was imported from it stays.")
    return redirect("imports")


def _by(request: PageRequest) -> str:
    return str(request.access.person.email)
