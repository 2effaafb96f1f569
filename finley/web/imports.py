"""Imports files into the books: upload, preview, correct, confirm."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from finley.models import Role
from finley.web import rejected_rows
from finley.web.access import PageRequest, page
from graph.errors import QuestionError
from graph.ingest.mappings.mapping import RECORDS
from syncjobs.models import Upload
from syncjobs.models.choices import UploadState
from syncjobs.models.uploads import MOST_BYTES, PIECE_BYTES
from syncjobs.uploads import lifecycle
from syncjobs.uploads.upload_options import NAMES

WITHOUT_SCRIPT = 900_000  # bytes of a whole form: the service's bodies end at 1 MiB
CHOICES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    ("direction", "A positive amount is", (("in", "money in"), ("out", "money out"))),
    ("date_order", "Dates begin with", (("day", "the day"), ("month", "the month"))),
    ("decimal", "The decimal mark is", ((".", "a point"), (",", "a comma"))),
    ("records", "A row records", tuple((name, name) for name in RECORDS)),
)
COLUMNS = (("payee", "The other side is in"), ("amount", "The amount is in"),
           ("date", "The date is in"))  # fmt: skip
Row = dict[str, Any]


@page()
def imports(request: PageRequest) -> HttpResponse:
    """The files so far, and a form for more. Without JavaScript, files are sent in one form."""
    if request.method == "POST":
        return _sent(request)
    context = {
        "uploads": lifecycle.listed(request.access.tenant_id),
        "most": MOST_BYTES,
        "piece": PIECE_BYTES,
        "without_script": WITHOUT_SCRIPT,
    }
    return render(request, "web/imports.html", context)


@page(Role.OWNER)
def _sent(request: PageRequest) -> HttpResponse:
    _require_same_tenant(request)
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


@require_POST
@page(Role.OWNER, as_json=True)
def begin(request: PageRequest) -> HttpResponse:
    """JSON for the script: the file's address and the size of its pieces, or a problem."""
    _require_same_tenant(request)
    name, size = request.POST.get("name", ""), _size(request.POST.get("size", ""))
    upload = lifecycle.begin(request.access.tenant_id, name, size, _by(request))
    return JsonResponse({"address": f"/import/{upload.pk}/", "piece": PIECE_BYTES})


def _size(text: str) -> int:
    """Raises QuestionError."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    raise QuestionError("The size is not a number.", "size")


def _require_same_tenant(request: PageRequest) -> None:
    """The form names whose books it is for; the session may look at others by now.

    Raises QuestionError.
    """
    if request.POST.get("tenant") != str(request.access.tenant_id):
        raise QuestionError(
            f"Nothing was sent: you look at the books of {request.access.tenant} now, and this "
            "form was not opened for them. Load the page again and choose the files once more.",
            "tenant",
        )


@require_http_methods(["PUT"])
@page(Role.OWNER, as_json=True)
def piece(request: PageRequest, upload_id: UUID, number: int) -> HttpResponse:
    """A piece of the file, as the request's body."""
    lifecycle.piece(request.access.tenant_id, upload_id, number, request.body)
    return HttpResponse(status=204)


@require_POST
@page(Role.OWNER, as_json=True)
def received(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """JSON for the script: which pieces are still missing."""
    return JsonResponse({"missing": lifecycle.received(request.access.tenant_id, upload_id)})


@page()
def one(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """One file: how it would be read, or what became of it."""
    upload = lifecycle.get(request.access.tenant_id, upload_id)
    preview = upload.preview or {"parts": [], "columns": []}
    doubts = [doubt for part in preview["parts"] for doubt in part["doubts"]]
    context = {
        "upload": upload,
        "working": upload.state in lifecycle.ACTIVE,
        "decidable": upload.state in lifecycle.DECIDABLE and request.access.owns,
        "parts": preview["parts"],
        "doubts": doubts,
        "blocked": any(doubt["blocking"] for doubt in doubts),
        "is_table": bool(preview["columns"]),
        "fields": _fields(upload, preview["columns"], doubts),
        "rejects": rejected_rows.rows(upload.rejects),
    }
    return render(request, "web/import.html", context)


def _fields(upload: Upload, columns: list[str], doubts: list[Row]) -> list[Row]:
    """The form of corrections: what may be chosen, what was, and what the reader doubts."""
    doubted = {doubt["option"].lstrip("-").replace("-", "_") for doubt in doubts}
    options = [(title, title) for title in columns if title]
    fields = [*CHOICES, *((name, label, tuple(options)) for name, label in COLUMNS if options)]
    return [
        {
            "name": name,
            "label": label,
            "options": values,
            "chosen": upload.choices.get(name, ""),
            "doubted": name in doubted,
        }
        for name, label, values in fields
    ]


@require_POST
@page(Role.OWNER)
def choose(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """Read the file again with these corrections."""
    choices = {name: request.POST.get(name, "").replace("\0", "").strip() for name in NAMES}
    choices["currency"] = choices["currency"].upper()
    lifecycle.choose(request.access.tenant_id, upload_id, choices)
    return redirect("import", upload_id)


@require_POST
@page(Role.OWNER)
def confirm(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """Import it as it was shown."""
    save = request.POST.get("save_mapping") == "yes"
    lifecycle.confirm(request.access.tenant_id, upload_id, save_mapping=save)
    return redirect("import", upload_id)


@require_POST
@page(Role.OWNER)
def discard(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """Delete the file."""
    lifecycle.discard(request.access.tenant_id, upload_id)
    messages.success(request, "The file is deleted. What was imported from it stays.")
    return redirect("imports")


@page()
def rejects(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """The rows that could not be read, as a CSV file."""
    upload = lifecycle.get(request.access.tenant_id, upload_id)
    if upload.state != UploadState.DONE or not upload.rejects:
        raise QuestionError("No row of this file was rejected.", "id")
    response = HttpResponse(
        rejected_rows.safe(upload.rejects), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = 'attachment; filename="rejected-rows.csv"'
    return response


def _by(request: PageRequest) -> str:
    return str(request.access.person.email)
