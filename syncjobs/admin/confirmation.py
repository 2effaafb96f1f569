"""The confirmation page of an action: which failures it would change, and why not the others.

The page contains the ids of the chosen failures, so exactly the failures that were shown are
changed.
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

from syncjobs.admin.actions import ACTIONS, Action
from syncjobs.admin.forms import Plain
from syncjobs.errors import RequestError
from syncjobs.failures import bulk_replay, outcomes, search
from syncjobs.failures.outcomes import Verdict
from syncjobs.models import JobFailure
from syncjobs.models.choices import FailureStatus

MOST = 10_000  # failures of one action
LISTED = 20  # failures that the page lists
UNSETTLED = (FailureStatus.OPEN, FailureStatus.REPLAYING, FailureStatus.IGNORED)


@dataclass(frozen=True, slots=True)
class Selection:
    """The ids of the chosen failures, newest first, and the URL `back` to return to. `more` is True
    if further failures match than the page can hold."""

    ids: Sequence[UUID]
    back: str
    more: bool = False


def chosen_of(rows: QuerySet[JobFailure], back: str) -> Selection:
    ids = list(search.newest(rows).values_list("pk", flat=True)[: MOST + 1])
    return Selection(ids[:MOST], back, more=len(ids) > MOST)


def permitted(request: HttpRequest, name: str) -> Action:
    """Return the action of this name. Raises Http404 if there is none, and PermissionDenied if the
    person may not do it."""
    if name not in ACTIONS:
        raise Http404(f"There is no action {name!r}.")
    if not ACTIONS[name].allowed_to(request.user):
        raise PermissionDenied
    return ACTIONS[name]


def act(request: HttpRequest, name: str) -> HttpResponse:
    """GET: show what would happen. POST: do it, or show the form's errors."""
    action = permitted(request, name)
    if request.method != "POST":
        return ask(request, action, _selected(request, action))
    selection = Selection(_ids(request.POST.get("ids", "")), _back(request.POST.get("back", "")))
    form = action.form(request.POST, failure=_only(selection))
    if form.is_valid():
        try:
            by = cast(AbstractBaseUser, request.user)  # the admin requires a login
            if name == "replay" and len(selection.ids) > 1:
                return _all_replayed(selection, by, form.cleaned_data["per_minute"])
            count, skipped = action.carry_out(selection.ids, by, form.cleaned_data)
        except RequestError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            _report(request, action, count, skipped)
            return HttpResponseRedirect(selection.back)
    return ask(request, action, selection, form)


def _all_replayed(
    selection: Selection, by: AbstractBaseUser, per_minute: int | None
) -> HttpResponse:
    """Begin a bulk replay, and show its page. Raises PaceRefused."""
    batch = bulk_replay.begin(selection.ids, by=by, per_minute=per_minute)
    return HttpResponseRedirect(reverse("admin:syncjobs_replaybatch_change", args=[batch.pk]))


def _selected(request: HttpRequest, action: Action) -> Selection:
    """Return the failures that the URL names: by `ids`, or by `fingerprint` as a whole group.

    Of a group the action gets the failures that are not settled; reopening gets the settled ones.
    Raises BadRequest if the URL has neither parameter.
    """
    back = _back(request.GET.get("back", ""))
    if "ids" in request.GET:
        return Selection(_ids(request.GET["ids"]), back)
    if "fingerprint" not in request.GET:
        raise BadRequest("Name the failures by ids or a fingerprint.")
    states = action.from_states if action.name == "reopen" else UNSETTLED
    alike = JobFailure.objects.filter(fingerprint=request.GET["fingerprint"], status__in=states)
    return chosen_of(alike, back)


def _ids(text: str) -> list[UUID]:
    try:
        ids = [UUID(word) for word in text.split(",") if word]
    except ValueError:
        raise BadRequest("An id is not a UUID.") from None
    if len(ids) > MOST:
        raise BadRequest(f"Choose at most {MOST:,} failures.")
    return ids


def _back(place: str) -> str:
    """The URL to return to: `place` if it is a page of failures in this admin, else the list of
    failures."""
    home = reverse("admin:syncjobs_jobfailure_changelist")
    inside = url_has_allowed_host_and_scheme(place, None) and place.startswith(home)
    return place if inside else home


def _only(selection: Selection) -> JobFailure | None:
    return (
        JobFailure.objects.filter(pk=selection.ids[0]).first() if len(selection.ids) == 1 else None
    )


def _report(request: HttpRequest, action: Action, changed: int, skipped: list[Verdict]) -> None:
    failures = "1 failure" if changed == 1 else f"{changed:,} failures"
    level = messages.SUCCESS if changed else messages.WARNING
    messages.add_message(request, level, f"{failures} {action.done}.")
    for reason, count in outcomes.by_reason(skipped):
        messages.warning(request, f"{count:,} skipped: {reason}")


def ask(
    request: HttpRequest, action: Action, selection: Selection, form: Plain | None = None
) -> TemplateResponse:
    """Return the confirmation page: the number of failures that the action will change, the reasons
    why it skips the others, and the form."""
    plan = action.plan(selection.ids)
    skipped = [verdict for verdict in plan if not _comes(verdict, action, len(plan))]
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"{action.title} job failures",
        "opts": JobFailure._meta,
        "action": action,
        "chosen": selection,
        "most": MOST,
        "ids": ",".join(map(str, selection.ids)),
        "eligible": len(plan) - len(skipped),
        "first_eligible": [v.failure for v in plan if _comes(v, action, len(plan))][:LISTED],
        "reasons": outcomes.by_reason(skipped),
        "skipped": len(skipped),
        "first_skipped": skipped[:LISTED],
        "form": form or action.form(failure=_only(selection)),
    }
    request.current_app = admin.site.name
    return TemplateResponse(request, "syncjobs/act.html", context)


def _comes(verdict: Verdict, action: Action, chosen: int) -> bool:
    """Return whether the action will change this failure.

    It changes an eligible failure at once. A replay of several failures (`chosen` is their number)
    also changes those that only have to wait for another replay of their connection.
    """
    waits = action.name == "replay" and chosen > 1 and verdict.reason in bulk_replay.LATER
    return verdict.eligible or waits
