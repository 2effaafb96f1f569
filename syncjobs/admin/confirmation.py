"""The page between a click and its effect: what would happen to which failures, and to which not.

Those that were chosen stay chosen: the page carries their ids, so what is confirmed is what was
shown, whatever fails meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from syncjobs.admin.actions import DEEDS, Deed
from syncjobs.admin.forms import Plain
from syncjobs.errors import RequestError
from syncjobs.failures import outcomes, search
from syncjobs.failures.outcomes import Verdict
from syncjobs.models import JobFailure
from syncjobs.models.choices import FailureStatus

MOST = 10_000
LISTED = 20
UNSETTLED = (FailureStatus.OPEN, FailureStatus.REPLAYING, FailureStatus.IGNORED)


@dataclass(frozen=True, slots=True)
class Chosen:
    """The failures, the newest first, and where to go afterwards. `more`: others match too."""

    ids: Sequence[UUID]
    back: str
    more: bool = False


def chosen_of(rows: QuerySet[JobFailure], back: str) -> Chosen:
    ids = list(search.newest(rows).values_list("pk", flat=True)[: MOST + 1])
    return Chosen(ids[:MOST], back, more=len(ids) > MOST)


def permitted(request: HttpRequest, name: str) -> Deed:
    """The deed of this name. Raises Http404, PermissionDenied."""
    if name not in DEEDS:
        raise Http404(f"Nothing is called {name!r}.")
    if not DEEDS[name].allowed_to(request.user):
        raise PermissionDenied
    return DEEDS[name]


def act(request: HttpRequest, name: str) -> HttpResponse:
    """GET: what would happen. POST: it happens, or the form says what is wrong."""
    deed = permitted(request, name)
    if request.method != "POST":
        return ask(request, deed, _asked(request, deed))
    chosen = Chosen(_ids(request.POST.get("ids", "")), _back(request.POST.get("back", "")))
    form = deed.form(request.POST, failure=_only(chosen))
    if form.is_valid():
        try:
            by = cast(AbstractBaseUser, request.user)  # the admin lets nobody else in
            done, skipped = deed.carry_out(chosen.ids, by, form.cleaned_data)
        except RequestError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            _tell(request, deed, done, skipped)
            return HttpResponseRedirect(chosen.back)
    return ask(request, deed, chosen, form)


def _asked(request: HttpRequest, deed: Deed) -> Chosen:
    """By ids, or a whole group: of that, what is not settled yet (to reopen: what is)."""
    back = _back(request.GET.get("back", ""))
    if "ids" in request.GET:
        return Chosen(_ids(request.GET["ids"]), back)
    if "fingerprint" not in request.GET:
        raise BadRequest("Say which failures: ids or a fingerprint.")
    states = deed.from_states if deed.name == "reopen" else UNSETTLED
    alike = JobFailure.objects.filter(fingerprint=request.GET["fingerprint"], status__in=states)
    return chosen_of(alike, back)


def _ids(text: str) -> list[UUID]:
    try:
        ids = [UUID(word) for word in text.split(",") if word]
    except ValueError:
        raise BadRequest("An id is no UUID.") from None
    if len(ids) > MOST:
        raise BadRequest(f"{MOST:,} failures at most at once.")
    return ids


def _back(place: str) -> str:
    """Where to go afterwards: within this admin only."""
    home = reverse("admin:syncjobs_jobfailure_changelist")
    inside = url_has_allowed_host_and_scheme(place, None) and place.startswith(home)
    return place if inside else home


def _only(chosen: Chosen) -> JobFailure | None:
    return JobFailure.objects.filter(pk=chosen.ids[0]).first() if len(chosen.ids) == 1 else None


def _tell(request: HttpRequest, deed: Deed, done: int, skipped: list[Verdict]) -> None:
    failures = "1 failure" if done == 1 else f"{done:,} failures"
    level = messages.SUCCESS if done else messages.WARNING
    messages.add_message(request, level, f"{failures} {deed.done}.")
    for reason, count in outcomes.by_reason(skipped):
        messages.warning(request, f"{count:,} skipped: {reason}")


def ask(
    request: HttpRequest, deed: Deed, chosen: Chosen, form: Plain | None = None
) -> TemplateResponse:
    """The dry run: how many are eligible, why the others are not, and what else to say."""
    plan = deed.plan(chosen.ids)
    skipped = [verdict for verdict in plan if not verdict.eligible]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"{deed.title} job failures",
        "opts": JobFailure._meta,
        "deed": deed,
        "chosen": chosen,
        "most": MOST,
        "ids": ",".join(map(str, chosen.ids)),
        "eligible": len(plan) - len(skipped),
        "first_eligible": [verdict.failure for verdict in plan if verdict.eligible][:LISTED],
        "reasons": outcomes.by_reason(skipped),
        "skipped": len(skipped),
        "first_skipped": skipped[:LISTED],
        "form": form or deed.form(failure=_only(chosen)),
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "syncjobs/act.html", context)
