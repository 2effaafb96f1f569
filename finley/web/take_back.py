"""The page that takes an import back: it shows first what goes and what depends on it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from finley.models import Role
from finley.web.access import PageRequest, page, require_same_tenant
from graph.errors import DecidedMeanwhile, QuestionError
from syncjobs.uploads import lifecycle, take_back_upload


@page(Role.OWNER)
def take_back(request: PageRequest, upload_id: UUID) -> HttpResponse:
    """The page that shows what taking the import back removes. Its form lets a worker do it."""
    user_id = request.access.tenant_id
    upload = lifecycle.get(user_id, upload_id)
    try:
        if request.method == "POST":
            _take_back(request, upload_id)
            return redirect("import", upload_id)
        effect = take_back_upload.shown(user_id, upload_id)
    except DecidedMeanwhile as error:
        messages.warning(request, str(error))
        return redirect("import", upload_id)
    context = {"upload": upload, "effect": effect}
    return render(request, "web/import_take_back.html", context)


def _take_back(request: PageRequest, upload_id: UUID) -> None:
    require_same_tenant(request, must_name=True)
    try:
        rows = int(request.POST.get("rows", ""))
    except ValueError:
        raise QuestionError("Send the number of rows that you saw.", "rows") from None
    by = str(request.access.person.email)
    take_back_upload.request(request.access.tenant_id, upload_id, rows=rows, by=by)
